/** A host that does not speak the protocol of its cluster: the real Envoy logs UPE or UC, and `why` names the cause. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { createServer as createTls } from 'node:tls';
import type { Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainFlags } from '../../../src/explain/why/why.ts';
import { makeCertificates } from './certificates.ts';
import type { Certificates } from './certificates.ts';
import { EnvoyProcess, readLog } from './envoy-process.ts';
import { freePort } from './ports.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { plainListener, plainProbe } from './plain-listener.ts';
import { readFacts, sendAll } from './session.ts';
import { staticCluster } from './static-cluster.ts';

const root = mkdtempSync(path.join(tmpdir(), 'kubectl-reach-envoy-'));
let certificates: Certificates;
let binary: string;

beforeAll(() => {
  binary = installEnvoy(ENVOY_VERSIONS[0]!);
  certificates = makeCertificates(root);
}, 300_000);

afterAll(() => rmSync(root, { recursive: true, force: true }));

const HTTP2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

const answer = (): NetServer => createHttp((_, response) => response.end());
const CASES: readonly (readonly [string, () => NetServer, object, string, string])[] = [
  ['HTTP/2 to a host that speaks HTTP/1.1 alone', answer, HTTP2, 'UPE', 'upstream-protocol'],
  ['HTTP/1.1 to a host that speaks HTTP/2 alone', () => createHttp2(), {}, 'UPE', 'upstream-protocol-http1'],
  [
    'HTTP/1.1 to a host that wants TLS',
    () => createTls({ key: certificates.server.key, cert: certificates.server.certificate }),
    {},
    'UC',
    'upstream-protocol-http1',
  ],
];

it.each(CASES)(
  '%s',
  async (name, make, more, flag, cause) => {
    const folder = path.join(root, name.replaceAll(/\W/g, '-'));
    mkdirSync(folder);
    const port = await freePort();
    const upstream = make();
    const upstreamPort = await new Promise<number>((resolve) => {
      upstream.listen(0, '127.0.0.1', () => {
        const address = upstream.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const cluster = staticCluster('c', [upstreamPort], more);
    const routes = [{ match: { prefix: '/' }, route: { cluster: 'c' } }];
    const envoy = await EnvoyProcess.start(binary, folder, {
      static_resources: { listeners: [plainListener(folder, port, routes, [])], clusters: [cluster] },
    });
    try {
      const facts = await readFacts(envoy, true);
      const [reply] = await sendAll([plainProbe(port)], certificates);
      const log = await readLog(folder, new Set([reply!.connection]));
      const entry = log.get(reply!.connection)?.find((one) => one.log === 'hcm');
      expect(entry?.flags).toBe(flag);
      const [told] = explainFlags(flag, entry?.details ?? null, [{ name: 'p', facts }]).proxies;
      expect(
        told?.causes.find((one) => one.cause.startsWith('upstream-protocol') && one.verdict === 'possible')?.cause,
      ).toBe(cause);
    } finally {
      await envoy.stop();
      upstream.close();
    }
  },
  120_000,
);
