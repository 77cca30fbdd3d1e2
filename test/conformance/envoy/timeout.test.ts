/**
 * What a config_dump alone does not make a timeout: the limits of a route begin when the request has passed the filters, so that the
 * delay of a fault, however long, ends no request with UT (Filter::onRequestComplete, source/common/router/router.cc).
 */
import { describe, expect, it } from 'vitest';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { plainListener, plainProbe } from './plain-listener.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);

const DELAY = {
  name: 'fault',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
    delay: { fixed_delay: '1s', percentage: { numerator: 100, denominator: 'HUNDRED' } },
  },
};

const ACTIONS: readonly (readonly [string, object])[] = [
  ['a timeout that is shorter', { timeout: '0.5s' }],
  ['a timeout of one try', { timeout: '0.5s', retry_policy: { retry_on: '5xx', per_try_timeout: '0.3s' } }],
  ['no timeout', { timeout: '0s' }],
  ['a timeout of one try that is none', { timeout: '0.5s', retry_policy: { retry_on: '5xx', per_try_timeout: '0s' } }],
];

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(ACTIONS)(
    'a delay of 1 s before %s reaches the upstream',
    async (name, action) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const cluster = staticCluster('c', [grounds.upstreams.ports[0]]);
      const route = { name: 'r', match: { prefix: '/' }, route: { cluster: 'c', ...action } };
      const config = {
        static_resources: { listeners: [plainListener(folder, port, [route], [DELAY])], clusters: [cluster] },
      };
      const [held] = await holdAgainst(installEnvoy(version), folder, config, [plainProbe(port)], grounds.certificates);
      expect(held?.seen.end).toBe(`upstream c 127.0.0.1:${grounds.upstreams.ports[0]}`);
      expect(held?.ours.map((outcome) => expectedOf(outcome).end)).toEqual([held?.seen.end]);
    },
    120_000,
  );
});
