import { IDENTITIES } from './certificates.ts';
import { cidr, filterStateMatch, headerMatch, stringMatch, metadataMatch } from './generate-match.ts';
import { networkMatcher, requestMatcher } from './generate-matcher.ts';
import type { Random } from './random.ts';
import { DESTINATION_RANGES, PREFIXES, SERVER_NAMES, SOURCE_RANGES } from './vocabulary.ts';

/** Random RBAC: rules, or a matcher. */
export function rbacConfig(random: Random, ports: readonly number[], http: boolean): object {
  if (random.chance(0.75)) return { rules: rbacRules(random, ports, http) };
  const type = 'type.googleapis.com/envoy.config.rbac.v3.Action';
  const action = (): object => ({
    '@type': type,
    name: `matched ${random.below(3)}`,
    action: random.pick(['ALLOW', 'ALLOW', 'DENY', 'LOG']),
  });
  return { matcher: http ? requestMatcher(random, action) : networkMatcher(random, ports, action) };
}

/** Random RBAC rules; with `ports` that connections really arrive at. */
function rbacRules(random: Random, ports: readonly number[], http: boolean): object {
  const count = random.below(3);
  const policies = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      random.chance(0.5) ? `ns[bookinfo]-policy[p${index}]-rule[${random.below(3)}]` : `policy ${index}`,
      {
        permissions: Array.from({ length: 1 + random.below(2) }, () => permission(random, ports, http, 2)),
        principals: Array.from({ length: 1 + random.below(2) }, () => principal(random, http, 2)),
      },
    ]),
  );
  return { action: random.pick(['ALLOW', 'DENY', 'DENY', 'LOG']), policies };
}

function permission(random: Random, ports: readonly number[], http: boolean, depth: number): object {
  const nested = (): object[] =>
    Array.from({ length: 1 + random.below(2) }, () => permission(random, ports, http, depth - 1));
  const port = random.pick(ports);
  switch (random.below(depth > 0 ? 10 : 7)) {
    case 0:
      return { any: true };
    case 1:
      return http ? { header: headerMatch(random) } : { any: true };
    case 2:
      return http ? { url_path: { path: pathMatch(random) } } : { destination_port: port };
    case 3:
      return { destination_ip: cidr(random.pick(DESTINATION_RANGES)) };
    case 4:
      return { destination_port: port };
    case 5:
      return { destination_port_range: { start: port - random.below(3), end: port + 1 + random.below(3) } };
    case 6:
      return {
        requested_server_name: random.chance(0.5)
          ? { exact: random.pick(SERVER_NAMES).replace('*.', '') }
          : { suffix: '.com' },
      };
    case 7:
      return { and_rules: { rules: nested() } };
    case 8:
      return { or_rules: { rules: nested() } };
    default:
      return { not_rule: permission(random, ports, http, depth - 1) };
  }
}

function pathMatch(random: Random): object {
  return random.chance(0.5) ? { prefix: random.pick(PREFIXES) } : stringMatch(random);
}

function principal(random: Random, http: boolean, depth: number): object {
  const nested = (): object[] => Array.from({ length: 1 + random.below(2) }, () => principal(random, http, depth - 1));
  switch (random.below(depth > 0 ? 9 : 6)) {
    case 0:
      return { any: true };
    case 1:
      return { authenticated: random.chance(0.3) ? {} : { principal_name: identityMatch(random) } };
    case 2:
      return { direct_remote_ip: cidr(random.pick(SOURCE_RANGES)) };
    case 3:
      return { remote_ip: cidr(random.pick(SOURCE_RANGES)) };
    case 4:
      return random.pick([
        http ? { header: headerMatch(random) } : { any: true },
        http ? { metadata: metadataMatch(random) } : { any: true },
        { filter_state: filterStateMatch(random) },
      ]);
    case 5:
      return { source_ip: cidr(random.pick(SOURCE_RANGES)) };
    case 6:
      return { and_ids: { ids: nested() } };
    case 7:
      return { or_ids: { ids: nested() } };
    default:
      return { not_id: principal(random, http, depth - 1) };
  }
}

function identityMatch(random: Random): object {
  return random.pick([
    { exact: IDENTITIES[0] },
    { prefix: 'spiffe://cluster.local/' },
    { safe_regex: { regex: '.*/ns/two/.*' } },
    { suffix: 'client' },
  ]);
}
