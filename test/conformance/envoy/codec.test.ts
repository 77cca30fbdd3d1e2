/**
 * A listener of one version of HTTP, asked in another one or in TLS that it does not speak: what the real Envoy does. What a client of
 * the other version makes of it is not evaluated: it is undetermined.
 */
import { describe, expect, it } from 'vitest';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import type { Probe } from './probe.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);

const HTTP2 = { version: 'h2' } as const;
const TLS = { tls: { sni: 'a.example', alpn: ['h2', 'http/1.1'], identity: null } };

/** With what Envoy does, and what we say: the client cannot read an answer in the other version. */
const CASES: readonly (readonly [string, string, Partial<Probe>, RegExp, RegExp])[] = [
  ['HTTP1', 'HTTP/1.1', {}, /^upstream c /, /^upstream c /],
  ['HTTP1', 'HTTP/2', HTTP2, /^reply 400 DPE http1\.codec_error$/, /^undetermined: the listener speaks HTTP1 alone$/],
  ['HTTP1', 'TLS', TLS, /^reply 400 DPE http1\.codec_error$/, /^close DPE http1\.codec_error$/],
  ['HTTP2', 'HTTP/1.1', {}, /^close DPE -$/, /^undetermined: the listener speaks HTTP2 alone$/],
  ['HTTP2', 'HTTP/2', HTTP2, /^upstream c /, /^upstream c /],
  ['HTTP2', 'TLS', TLS, /^close DPE -$/, /^close DPE -$/],
];

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(CASES)(
    '%s alone, asked in %s',
    async (codec_type, asked, probe, end, told) => {
      const folder = grounds.folder(`${version}-${codec_type}-${asked}`);
      const port = await freePort();
      const routes = [{ name: 'any', match: { prefix: '/' }, route: { cluster: 'c' } }];
      const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes }] };
      const config = {
        static_resources: {
          listeners: [managedListener(folder, port, { codec_type, route_config })],
          clusters: [staticCluster('c', [grounds.upstreams.ports[0]])],
        },
      };
      const probes = [plainProbe(port, probe)];
      const [held] = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
      expect(held?.seen.end).toMatch(end);
      expect(held?.reply.status).toBe(end.source.startsWith('^upstream') ? 200 : null);
      expect(held?.ours.map((outcome) => expectedOf(outcome).end).join()).toMatch(told);
    },
    120_000,
  );
});
