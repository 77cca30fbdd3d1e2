/**
 * Two real Envoys one behind the other: what the first answers its client when the second refuses the request, and what `explain` makes
 * of it.
 */
import { describe, expect, it } from 'vitest';
import { toldClient } from '../../evaluate/proxies/envoy/told-client.ts';
import type { EnvoyFacts } from '../../../src/model/envoy.ts';
import { answersOf } from './answers-of.ts';
import { EnvoyProcess } from './envoy-process.ts';
import { prepareGrounds } from './grounds.ts';
import { freePort } from './ports.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import type { Probe } from './probe.ts';
import { holdAgainst, readFacts } from './session.ts';
import type { Held } from './session.ts';
import { staticCluster } from './static-cluster.ts';

const grounds = prepareGrounds(1);

const PROTOCOL = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const speaking = (version: 'http/1.1' | 'h2'): object =>
  version === 'http/1.1'
    ? {}
    : {
        typed_extension_protocol_options: {
          [PROTOCOL]: {
            '@type': `type.googleapis.com/${PROTOCOL}`,
            explicit_http_config: { http2_protocol_options: {} },
          },
        },
      };

const UPGRADE: Probe['headers'] = [
  ['connection', 'upgrade'],
  ['upgrade', 'websocket'],
];
const common_http_protocol_options = { headers_with_underscores_action: 'REJECT_REQUEST' };
const alone = { override_stream_error_on_invalid_http_message: true };

interface Case {
  /** What the first Envoy speaks to the second. */
  readonly speaks: 'http/1.1' | 'h2';
  /** Of the second's connection manager. */
  readonly manager: object;
  readonly headers?: Probe['headers'];
}

/** With what the first answers, without retries. */
const CASES: readonly (readonly [string, Case, string])[] = [
  ['HTTP/2 to HTTP1', { speaks: 'h2', manager: { codec_type: 'HTTP1' } }, '502 UPE protocol_error'],
  ['HTTP/1.1 to HTTP2', { speaks: 'http/1.1', manager: { codec_type: 'HTTP2' } }, '503 UC connection_termination'],
  [
    'too many headers',
    { speaks: 'h2', manager: { common_http_protocol_options: { max_headers_count: 3 } } },
    '503 UR remote_reset',
  ],
  [
    'an underscore',
    { speaks: 'h2', manager: { common_http_protocol_options }, headers: [['x_y', '1']] },
    '503 UR remote_reset',
  ],
  [
    'too large headers',
    { speaks: 'h2', manager: { max_request_headers_kb: 1 }, headers: [['x-large', 'x'.repeat(1100)]] },
    '503 UR remote_reset',
  ],
  ['an upgrade that is not allowed', { speaks: 'h2', manager: {}, headers: UPGRADE }, '503 UC connection_termination'],
  [
    'an upgrade that is not allowed, of which the stream alone dies',
    { speaks: 'h2', manager: { http2_protocol_options: alone }, headers: UPGRADE },
    '502 UPE protocol_error',
  ],
];

const RETRIES = [null, 'connect-failure', 'reset', 'gateway-error', 'reset-before-request'] as const;

const ANSWER = [{ name: 'answer', match: { prefix: '/' }, direct_response: { status: 200 } }];
const table = (routes: readonly object[]): object => ({
  route_config: { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes }] },
});

/** What the first makes of what the second does, from both dumps. */
function foretold({ ours }: Held, second: EnvoyFacts): string {
  const [outcome] = ours;
  if (outcome?.end.kind !== 'upstream')
    throw new Error(`the first does not ask the second: ${JSON.stringify(outcome)}`);
  const answer = answersOf(second, outcome.end)[0]?.end;
  if (answer?.kind !== 'close') throw new Error(`the second takes it: ${JSON.stringify(answer)}`);
  const { status, flag, detail } = toldClient(outcome.end, answer);
  return `${status} ${flag} ${detail}`;
}

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(CASES)(
    '%s',
    async (name, { speaks, manager, headers = [] }, end) => {
      const binary = installEnvoy(version);
      const [front, back] = [await freePort(), await freePort()];
      const behind = grounds.folder(`${version}-${name}-behind`);
      const second = await EnvoyProcess.start(binary, behind, {
        static_resources: { listeners: [managedListener(behind, back, { ...manager, ...table(ANSWER) })] },
      });
      try {
        const routes = RETRIES.map((retry_on) => ({
          match: { path: `/${retry_on}` },
          route: { cluster: 'c', ...(retry_on !== null && { retry_policy: { retry_on, num_retries: 1 } }) },
        }));
        const upgrade_configs = [{ upgrade_type: 'websocket' }];
        const folder = grounds.folder(`${version}-${name}`);
        const config = {
          static_resources: {
            listeners: [managedListener(folder, front, { ...table(routes), upgrade_configs })],
            clusters: [staticCluster('c', [back], speaking(speaks))],
          },
        };
        const probes = RETRIES.map((retry_on) => plainProbe(front, { path: `/${retry_on}`, headers }));
        const held = await holdAgainst(binary, folder, config, probes, grounds.certificates);
        const facts = await readFacts(second, false);
        for (const one of held) {
          const again = /^\/(reset|gateway-error)$/.test(one.probe.path) ? 'URX,' : '';
          const [status, flag, reason] = end.split(' ');
          const told = `${status} ${again}${flag} upstream_reset_before_response_started{${reason}}`;
          const happened = `${one.reply.status} ${one.flags} ${one.seen.end.split(' ').at(-1)}`;
          expect(happened, one.probe.path).toBe(told);
          expect(foretold(one, facts), one.probe.path).toBe(told);
        }
      } finally {
        await second.stop();
      }
    },
    120_000,
  );
});
