/** A cluster of type ORIGINAL_DST behind a listener that does not look for the original destination, as at Istio's gateways. */
import { describe, expect, it } from 'vitest';
import { expectAgreement } from './expect-agreement.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { plainListener, plainProbe, tcpListener } from './plain-listener.ts';
import { freePort } from './ports.ts';
import { holdAgainst } from './session.ts';

const grounds = prepareGrounds(1);

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it('has no host but what a header names', async () => {
    const folder = grounds.folder(version);
    const [http, tcp] = [await freePort(), await freePort()];
    const routes = ['plain', 'header'].map((cluster) => ({ match: { path: `/${cluster}` }, route: { cluster } }));
    const passing = { type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' };
    const config = {
      static_resources: {
        listeners: [
          plainListener(folder, http, routes, []),
          { ...tcpListener(folder, tcp, 'plain', []), name: 'bytes' },
        ],
        clusters: [
          { name: 'plain', ...passing },
          { name: 'header', ...passing, original_dst_lb_config: { use_http_header: true } },
        ],
      },
    };
    const upstream = ['x-envoy-original-dst-host', `127.0.0.1:${grounds.upstreams.ports[0]}`] as const;
    const probes = [
      plainProbe(http, { path: '/plain' }),
      plainProbe(http, { path: '/plain', headers: [upstream] }),
      plainProbe(http, { path: '/header' }),
      plainProbe(http, { path: '/header', headers: [upstream] }),
      plainProbe(tcp, { listener: 'bytes' }),
    ];
    const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
    for (const [at, one] of held.entries()) expectAgreement(one, `probe ${at}`);
    expect(held.map(({ ours }) => ours.map(({ end }) => end.kind).join())).toEqual([
      'reply',
      'reply',
      'reply',
      'upstream',
      'close',
    ]);
  }, 60_000);
});
