/**
 * Circuit breakers that allow nothing of a kind, held against the real Envoy. It answers itself, with what its filters flagged: a request
 * that may not wait for a connection before there is a host in its access log, and one that may not be made beside the host that was
 * chosen (newStreamImpl and attachStreamToClient of ConnPoolImplBase, source/common/conn_pool/conn_pool_base.cc).
 */
import { describe, expect, it } from 'vitest';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { plainListener, plainProbe } from './plain-listener.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { agrees, expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);

const DELAY = {
  name: 'fault',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
    delay: { fixed_delay: '0.01s', percentage: { numerator: 100 } },
  },
};
const PASSED = /^upstream c [\d.:]+$/;
const FULL = /^reply 503 UO upstream_reset_before_response_started\{overflow\}$/;
const FULL_LATER = /^reply 503 DI,UO upstream_reset_before_response_started\{overflow\}$/;
const RETRIES = { retry_policy: { retry_on: '5xx,reset', num_retries: 2 } };
const HALVES = {
  weighted_clusters: {
    clusters: [
      { name: 'c', weight: 1 },
      { name: 'free', weight: 1 },
    ],
  },
};

/** Limits, the action of the route, filters, and what becomes of requests. */
const CASES: readonly (readonly [string, object, object, readonly object[], RegExp])[] = [
  ['no requests', { max_requests: 0 }, {}, [], FULL],
  ['no requests, after a delay', { max_requests: 0 }, {}, [DELAY], FULL_LATER],
  ['no requests, and none is tried again', { max_requests: 0 }, RETRIES, [], FULL],
  ['none that wait', { max_pending_requests: 0 }, {}, [], FULL],
  ['none that wait, after a delay', { max_pending_requests: 0 }, {}, [DELAY], FULL_LATER],
  ['no connections, of which a pool may have one', { max_connections: 0 }, {}, [], PASSED],
  ['no retries', { max_retries: 0 }, RETRIES, [], PASSED],
  ['none of another priority', { priority: 'HIGH', max_requests: 0 }, {}, [], PASSED],
  ['none of the priority of the route', { priority: 'HIGH', max_requests: 0 }, { priority: 'HIGH' }, [], FULL],
  ['none to one of two clusters', { max_requests: 0 }, HALVES, [DELAY], /^(upstream free |reply 503 DI,UO )/],
];

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(CASES)(
    '%s',
    async (name, thresholds, action, filters, end) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const [host] = grounds.upstreams.ports;
      const to = 'weighted_clusters' in action ? action : { cluster: 'c', ...action };
      const config = {
        static_resources: {
          listeners: [plainListener(folder, port, [{ name: 'r', match: { prefix: '/' }, route: to }], filters)],
          clusters: [
            staticCluster('c', [host], { circuit_breakers: { thresholds: [thresholds] } }),
            staticCluster('free', [host]),
          ],
        },
      };
      const probes = Array.from({ length: 12 }, () => plainProbe(port));
      for (const { seen, ours } of await holdAgainst(
        installEnvoy(version),
        folder,
        config,
        probes,
        grounds.certificates,
      )) {
        expect(seen.end).toMatch(end);
        expect(
          ours.map(expectedOf).filter((expected) => agrees(seen, expected)),
          JSON.stringify(seen),
        ).toHaveLength(1);
      }
    },
    120_000,
  );
});
