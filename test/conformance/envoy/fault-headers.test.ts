/** Faults that a request asks for by its headers, held against the real Envoy. */
import { describe, expect, it } from 'vitest';
import { expectAgreement } from './expect-agreement.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { plainListener, plainProbe } from './plain-listener.ts';
import { freePort } from './ports.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';

const grounds = prepareGrounds(1);
const FAULT = 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault';
const ABORT = 'x-envoy-fault-abort-request';
const GRPC = 'x-envoy-fault-abort-grpc-request';
const VALUES = [
  null,
  '418',
  '100',
  '600',
  'x',
  '',
  '0',
  '5',
  '99',
  '-1',
  '4294967295',
  '4294967296',
  '18446744073709551615',
  '18446744073709551616',
];
const IS_GRPC = [['content-type', 'application/grpc']] as const;

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it('aborts with the status of a header, or else with that of gRPC', async () => {
    const folder = grounds.folder(version);
    const port = await freePort();
    const fault = { '@type': FAULT, abort: { header_abort: {}, percentage: { numerator: 100 } } };
    const route = { name: 'any', match: { prefix: '/' }, route: { cluster: 'c' } };
    const listeners = [plainListener(folder, port, [route], [{ name: 'fault', typed_config: fault }])];
    const config = { static_resources: { listeners, clusters: [staticCluster('c', [grounds.upstreams.ports[0]])] } };
    const probes = VALUES.flatMap((abort) =>
      VALUES.flatMap((grpc) =>
        [[], IS_GRPC].map((more) => {
          const headers = [
            ...(abort === null ? [] : [[ABORT, abort] as const]),
            ...(grpc === null ? [] : [[GRPC, grpc] as const]),
          ];
          return plainProbe(port, { method: 'POST', headers: [...headers, ...more, ['content-length', '0']] });
        }),
      ),
    );
    const ends = new Set<string>();
    for (const held of await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates)) {
      ends.add(held.seen.end.replace(/ \d+\.\d+\.\d+\.\d+:\d+$/, ''));
      expectAgreement(held, JSON.stringify(held.probe.headers));
    }
    expect(ends).toEqual(new Set(['upstream c', 'reply 418 FI fault_filter_abort', 'reply 200 FI fault_filter_abort']));
  }, 120_000);
});
