/** Headers that a route configuration keeps to requests from inside, held against the real Envoy. */
import { describe, expect, it } from 'vitest';
import { expectAgreement } from './expect-agreement.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import { freePort } from './ports.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';

const grounds = prepareGrounds(1);
const INSIDE = ['x-forwarded-for', '10.0.0.1'] as const;

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it('takes them from requests from outside, of which the route is then undetermined', async () => {
    const folder = grounds.folder(version);
    const port = await freePort();
    const match = { prefix: '/', headers: [{ name: 'x-secret', present_match: true }] };
    const routes = [
      { name: 'secret', match, route: { cluster: 'c' } },
      { name: 'any', match: { prefix: '/' }, route: { cluster: 'c' } },
    ];
    const virtual_hosts = [{ name: 'v', domains: ['*'], routes }];
    const route_config = { name: 'r', internal_only_headers: ['X-Secret'], virtual_hosts };
    const listeners = [managedListener(folder, port, { route_config, internal_address_config: PRIVATE })];
    const config = { static_resources: { listeners, clusters: [staticCluster('c', [grounds.upstreams.ports[0]])] } };
    const secret = ['x-secret', '1'] as const;
    const probes = [[], [secret], [INSIDE], [INSIDE, secret]].map((headers) => plainProbe(port, { headers }));
    const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
    expect(held.map(({ seen }) => seen.route)).toEqual(['any', 'any', 'any', 'secret']);
    expect(held.map(({ ours }) => ours.map(({ end }) => end.kind).join())).toEqual([
      'upstream',
      'undetermined',
      'upstream',
      'upstream',
    ]);
    for (const one of held.filter((_, index) => index !== 1)) expectAgreement(one, JSON.stringify(one.probe.headers));
  }, 60_000);
});

const PRIVATE = { cidr_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }] };
