import type { Random } from './random.ts';
import { EXACT_PATHS, HEADER_NAMES, PATH_PATTERNS, PREFIXES, TEMPLATES, WORD_PATTERNS, WORDS } from './vocabulary.ts';

/** Random matchers, as protobuf JSON. */
export function stringMatch(random: Random): object {
  const ignoresCase = random.maybe(0.3, () => ({ ignore_case: true }));
  switch (random.below(5)) {
    case 0:
      return { exact: random.pick(WORDS), ...ignoresCase };
    case 1:
      return { prefix: nonEmpty(random), ...ignoresCase };
    case 2:
      return { suffix: nonEmpty(random), ...ignoresCase };
    case 3:
      return { contains: nonEmpty(random), ...ignoresCase };
    default:
      return { safe_regex: { regex: random.pick(WORD_PATTERNS) || 'x?' } };
  }
}

function nonEmpty(random: Random): string {
  return random.pick(WORDS.filter((word) => word !== ''));
}

export function headerMatch(random: Random): object {
  const matcher = (): object => {
    switch (random.below(6)) {
      case 0:
        return { present_match: random.chance(0.6) };
      case 1: {
        const start = random.below(40) - 10;
        return { range_match: { start, end: start + 1 + random.below(30) } };
      }
      case 2:
        return {};
      default:
        return { string_match: stringMatch(random) };
    }
  };
  return {
    name: random.pick(HEADER_NAMES),
    ...matcher(),
    ...random.maybe(0.3, () => ({ invert_match: true })),
    ...random.maybe(0.2, () => ({ treat_missing_header_as_empty: true })),
  };
}

function queryMatch(random: Random): object {
  const name = random.pick(['x', 'y', 'z']);
  if (random.chance(0.5)) return { name, present_match: random.chance(0.7) };
  return { name, string_match: stringMatch(random) };
}

export function routeMatch(random: Random): object {
  const path = (): object => {
    if (random.chance(0.05)) return { connect_matcher: {} };
    switch (random.below(6)) {
      case 0:
        return { path: random.pick(EXACT_PATHS) };
      case 3:
        return { path_match_policy: uriTemplate(random.pick(TEMPLATES)) };
      case 1:
        return { safe_regex: { regex: random.pick(PATH_PATTERNS) } };
      case 2:
        return { path_separated_prefix: random.pick(['/reviews', '/a', '/ratings', '/Reviews']) };
      default:
        return { prefix: random.pick(PREFIXES) };
    }
  };
  return {
    ...path(),
    ...random.maybe(0.25, () => ({ case_sensitive: false })),
    ...random.maybe(0.35, () => ({ headers: Array.from({ length: 1 + random.below(2) }, () => headerMatch(random)) })),
    ...random.maybe(0.15, () => ({ query_parameters: [queryMatch(random)] })),
    ...random.maybe(0.06, () => ({ grpc: {} })),
    ...random.maybe(0.1, () => ({ tls_context: { presented: random.chance(0.5) } })),
    ...random.maybe(0.06, () => ({ dynamic_metadata: [metadataMatch(random)] })),
    ...random.maybe(0.04, () => ({ filter_state: [filterStateMatch(random)] })),
    ...random.maybe(0.12, () => ({
      runtime_fraction: {
        default_value: { numerator: random.pick([0, 30, 50, 100]), denominator: 'HUNDRED' },
        runtime_key: 'no.such.key',
      },
    })),
  };
}

/** A MetadataMatcher of metadata that only a verified token would set. */
export function metadataMatch(random: Random): object {
  const value = random.pick<object>([
    { present_match: random.chance(0.5) },
    { null_match: {} },
    { string_match: stringMatch(random) },
    { list_match: { one_of: { string_match: stringMatch(random) } } },
  ]);
  const path = [{ key: 'payload' }, ...(random.chance(0.7) ? [{ key: 'iss' }] : [])];
  return {
    filter: 'envoy.filters.http.jwt_authn',
    path,
    value,
    ...random.maybe(0.3, () => ({ invert: true })),
  };
}

/** A FilterStateMatcher of something that no filter sets. */
export function filterStateMatch(random: Random): object {
  return { key: random.pick(['team', 'com.example.tenant']), string_match: stringMatch(random) };
}

function uriTemplate(template: string): object {
  const type = 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig';
  return {
    name: 'envoy.path.match.uri_template.uri_template_matcher',
    typed_config: { '@type': type, path_template: template },
  };
}

/** A CidrRange. */
export function cidr(text: string): object {
  const [address, length] = text.split('/');
  return { address_prefix: address, prefix_len: Number(length) };
}
