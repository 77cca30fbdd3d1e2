/** What becomes of the parameters in `/reviews;v=1/x`, held against the real Envoy: in routes and rewrites, and in rules of RBAC. */
import { describe, expect, it } from 'vitest';
import { expectAgreement } from './expect-agreement.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import { freePort } from './ports.ts';
import { holdAgainst } from './session.ts';
import type { Held } from './session.ts';
import { staticCluster } from './static-cluster.ts';

const grounds = prepareGrounds(1);
const RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';
const TEMPLATE = 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig';
const PATHS = [
  '/reviews;v=1/x',
  '/reviews/x;1',
  '/reviews;x/1',
  '/reviews;',
  '/reviews/x;a?b=1',
  '/reviews/x?a;b',
  '/a;b',
];

/** Denied by RBAC; absent: nothing is. */
const RULES: readonly (object | null)[] = [
  null,
  { url_path: { path: { contains: '1' } } },
  { url_path: { path: { exact: '/reviews/x' } } },
  { url_path: { path: { suffix: ';' } } },
  { uri_template: { name: 't', typed_config: { '@type': TEMPLATE, path_template: '/reviews/*' } } },
  { header: { name: ':path', string_match: { contains: ';v' } } },
];
const MATCHES = [
  { prefix: '/' },
  { path: '/none' },
  { path: '/reviews' },
  { path: '/REVIEWS', case_sensitive: false },
  { prefix: '/reviews/x' },
  { path_separated_prefix: '/reviews' },
  { safe_regex: { regex: '/reviews.*' } },
];

async function hold(version: string, ignored: boolean, match: object, rule: object | null): Promise<Held[]> {
  const folder = grounds.folder(`${version}-${JSON.stringify([ignored, match, rule]).replace(/\W+/g, '-')}`);
  const port = await freePort();
  const rules = { action: 'DENY', policies: { p: { permissions: [rule], principals: [{ any: true }] } } };
  const filters = rule === null ? [] : [{ name: 'rbac', typed_config: { '@type': RBAC, rules } }];
  const route = { name: 'one', match, route: { cluster: 'c', prefix_rewrite: '/new' } };
  const virtual_hosts = [{ name: 'v', domains: ['*'], routes: [route] }];
  const route_config = { name: 'r', ignore_path_parameters_in_path_matching: ignored, virtual_hosts };
  const listeners = [managedListener(folder, port, { route_config }, filters)];
  const config = { static_resources: { listeners, clusters: [staticCluster('c', [grounds.upstreams.ports[0]])] } };
  const probes = PATHS.map((path) => plainProbe(port, { path }));
  return holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
}

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each([true, false])(
    'ignored: %s',
    async (ignored) => {
      const kinds = new Set<string>();
      for (const match of MATCHES) {
        for (const rule of match === MATCHES[0] || match === MATCHES[1] ? RULES : [null]) {
          for (const held of await hold(version, ignored, match, rule)) {
            kinds.add(held.seen.end.slice(0, 9));
            expectAgreement(held, `${held.probe.path}, ${JSON.stringify([match, rule])}`);
          }
        }
      }
      expect([...kinds].toSorted()).toEqual(['reply 403', 'reply 404', 'upstream ']);
    },
    120_000,
  );
});
