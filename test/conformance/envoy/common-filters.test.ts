/** HTTP filters that proxies commonly run, and what they do to the request for those after them, held against the real Envoy. */
import { describe, expect, it } from 'vitest';
import { expectAgreement } from './expect-agreement.ts';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { plainListener, plainProbe } from './plain-listener.ts';
import type { Probe } from './probe.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';

const grounds = prepareGrounds(1);
const TYPE = 'type.googleapis.com/envoy.extensions';

type Asked = Partial<Probe>;

interface Case {
  readonly filters: readonly object[];
  readonly asked: readonly Asked[];
  /** Every end that Envoy comes to. */
  readonly ends: readonly string[];
}

const filter = (type: string, more: object = {}): object => ({
  name: type.split('.')[0],
  typed_config: { '@type': `${TYPE}.filters.http.${type}`, ...more },
});
const post = (...headers: Probe['headers']): Asked => ({ method: 'POST', headers });
/** Passes what has a header of a value. */
const passes = (name: string, exact: string): object =>
  filter('rbac.v3.RBAC', {
    rules: {
      policies: { p: { permissions: [{ header: { name, string_match: { exact } } }], principals: [{ any: true }] } },
    },
  });

const DELIVERED = 'upstream c';
const DENIED = 'reply 403 - rbac_access_denied_matched_policy[none]';

const CASES: Readonly<Record<string, Case>> = {
  'gRPC-Web, which is gRPC after its filter': {
    filters: [filter('grpc_web.v3.GrpcWeb'), passes('content-type', 'application/grpc')],
    asked: [
      {},
      ...['grpc', 'grpc-web', 'grpc-web+proto', 'grpc-web-text', 'grpc-web-text+proto', 'json'].map((type) =>
        post(['content-type', `application/${type}`], ['content-length', '0']),
      ),
    ],
    ends: [DELIVERED, DENIED],
  },
};

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(Object.entries(CASES))(
    '%s',
    async (name, { filters, asked: list, ends }) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const routes = [{ name: 'r/any', match: { prefix: '/' }, route: { cluster: 'c' } }];
      const listeners = [plainListener(folder, port, routes, filters)];
      const clusters = [staticCluster('c', [grounds.upstreams.ports[0]])];
      const probes = list.map((one) => plainProbe(port, one));
      const config = { static_resources: { listeners, clusters } };
      const seen = new Set<string>();
      for (const held of await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates)) {
        expectAgreement(held, JSON.stringify(held.probe));
        seen.add(held.seen.end.replace(/ \d+\.\d+\.\d+\.\d+:\d+$/, ''));
      }
      expect([...seen].toSorted()).toEqual([...ends].toSorted());
    },
    120_000,
  );
});
