import { cidr } from './generate-match.ts';
import type { Random } from './random.ts';
import {
  DESTINATIONS,
  HOSTS,
  METHODS,
  PATHS,
  SERVER_NAMES,
  SNIS,
  SOURCE_RANGES,
  SOURCES,
  WORD_PATTERNS,
} from './vocabulary.ts';

const NETWORK = 'type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3';
const REQUEST = 'type.googleapis.com/envoy.type.matcher.v3';

/** An input, with values that it may have. */
interface Input {
  readonly type: string;
  readonly config: object;
  readonly values: readonly string[];
  readonly address: boolean;
}

function networkInputs(ports: readonly number[]): Input[] {
  const input = (type: string, values: readonly string[], address = false): Input => ({
    type: `${NETWORK}.${type}`,
    config: {},
    values,
    address,
  });
  return [
    input('DestinationPortInput', ports.map(String)),
    input('DestinationIPInput', DESTINATIONS, true),
    input('SourceIPInput', SOURCES, true),
    input(
      'ServerNameInput',
      [...SNIS, ...SERVER_NAMES].map((name) => name.toLowerCase()),
    ),
  ];
}

function chainInputs(ports: readonly number[]): Input[] {
  const only = (type: string, values: readonly string[]): Input => ({
    type: `${NETWORK}.${type}`,
    config: {},
    values,
    address: false,
  });
  return [
    ...networkInputs(ports),
    only('SourceTypeInput', ['local', 'other']),
    only('TransportProtocolInput', ['tls', 'raw_buffer']),
    only('ApplicationProtocolInput', ["'http/1.1'", "'istio'", "'h2'"]),
  ];
}

function requestInputs(): Input[] {
  const header = (name: string, values: readonly string[]): Input => ({
    type: `${REQUEST}.HttpRequestHeaderMatchInput`,
    config: { header_name: name },
    values,
    address: false,
  });
  return [
    header(':path', PATHS),
    header(':authority', HOSTS),
    header(':method', METHODS),
    header('end-user', ['jason', 'Jason', '']),
    header('x-version', ['17', 'beta']),
  ];
}

/** A matcher of filter chains, whose actions name one of them, or none that exists. */
export function chainMatcher(random: Random, ports: readonly number[], chains: readonly string[]): object {
  const type = 'type.googleapis.com/google.protobuf.StringValue';
  return matcher(
    random,
    chainInputs(ports),
    () => named({ '@type': type, value: random.pick([...chains, 'nosuch']) }),
    2,
  );
}

/** A matcher of requests with the given actions. */
export function requestMatcher(random: Random, action: () => object): object {
  return matcher(random, requestInputs(), () => named(action()), 2);
}

/** A matcher of connections with the given actions. */
export function networkMatcher(random: Random, ports: readonly number[], action: () => object): object {
  return matcher(random, networkInputs(ports), () => named(action()), 2);
}

function named(config: object): object {
  return { name: 'action', typed_config: config };
}

function matcher(random: Random, inputs: readonly Input[], action: () => object, depth: number): object {
  const onMatch = (): object =>
    depth > 0 && random.chance(0.3) ? { matcher: matcher(random, inputs, action, depth - 1) } : { action: action() };
  const last = random.maybe(0.5, () => ({ on_no_match: onMatch() }));
  if (random.chance(0.45)) {
    const input = random.pick(inputs);
    const keys = random.some([...new Set(input.values)], 1, 4).filter((key) => key !== '');
    const short = keys.flatMap((key) => (random.chance(0.5) ? [key.slice(0, 1 + random.below(key.length))] : [key]));
    const prefixes = random.chance(0.4);
    const map = { map: Object.fromEntries((prefixes ? short : keys).concat('never').map((key) => [key, onMatch()])) };
    const tree = prefixes ? { prefix_match_map: map } : { exact_match_map: map };
    return { matcher_tree: { input: inputConfig(input), ...tree }, ...last };
  }
  const matchers = Array.from({ length: 1 + random.below(3) }, () => ({
    predicate: predicate(random, inputs, 2),
    on_match: onMatch(),
  }));
  return { matcher_list: { matchers }, ...last };
}

function inputConfig({ type, config }: Input): object {
  return { name: 'input', typed_config: { '@type': type, ...config } };
}

function predicate(random: Random, inputs: readonly Input[], depth: number): object {
  const several = (): object => ({
    predicate: [predicate(random, inputs, depth - 1), predicate(random, inputs, depth - 1)],
  });
  switch (random.below(depth > 0 ? 6 : 3)) {
    case 3:
      return { or_matcher: several() };
    case 4:
      return { and_matcher: several() };
    case 5:
      return { not_matcher: predicate(random, inputs, depth - 1) };
    default:
      return { single_predicate: single(random, random.pick(inputs)) };
  }
}

function single(random: Random, input: Input): object {
  if (input.address && random.chance(0.6)) {
    const type = 'type.googleapis.com/envoy.extensions.matching.input_matchers.ip.v3.Ip';
    const config = { '@type': type, stat_prefix: 'ip', cidr_ranges: random.some(SOURCE_RANGES, 1, 2).map(cidr) };
    return { input: inputConfig(input), custom_match: { name: 'ip', typed_config: config } };
  }
  const value = random.pick(input.values.filter((one) => one !== ''));
  const match = random.pick<object>([
    { exact: value },
    { prefix: value.slice(0, 1 + random.below(value.length)) },
    { suffix: value.slice(-1 - random.below(value.length)), ignore_case: true },
    { contains: value.slice(0, 2), ignore_case: true },
    { safe_regex: { google_re2: {}, regex: random.pick(WORD_PATTERNS) || 'x?' } },
  ]);
  return { input: inputConfig(input), value_match: match };
}
