/** A connection that a network filter closes, as its client sees it. Seen in a mesh: 62 of 62 connections closed so were UF to the proxy before. */
import { expect, it } from 'vitest';
import type { ConnectionContext } from '../../../../../src/evaluate/proxies/envoy/context.ts';
import { closed } from '../../../../../src/evaluate/proxies/envoy/network/closed.ts';
import { upstreamFailure } from '../../../../../src/evaluate/proxies/envoy/upstream-failure.ts';
import type { Retries } from '../../../../../src/model/envoy.ts';
import type { TlsHello } from '../../../../../src/model/request.ts';
import { direct, http } from '../snapshot.ts';

const HELLO: TlsHello = { sni: 's', alpn: ['istio'], clientIdentity: null };

/** Of a connection that fails. */
const RETRIES: Retries = {
  count: 2,
  spent: 'URX',
  hostRedraws: 0,
  onConnectFailure: true,
  onReset: false,
  onAnswer: () => false,
};

/** What a proxy that speaks TLS, and tries again, makes of it. @param ended whether TLS ends at the proxy that closes */
function flagOf(hello: TlsHello | null, ended: boolean): string | null {
  const asked = direct('10.1.1.1', '10.1.1.2', 80, http('GET', 'h', '/'));
  const connection = { ...asked, request: { ...asked.request, tls: hello } };
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else of the context is looked at
  const context = { connection, tls: ended ? hello : null } as ConnectionContext;
  const { handshake = null } = closed(context, { flag: null, detail: null, denied: true });
  const mapAnswer = (status: number): number => status;
  const proxy = { http: true, tls: hello !== null, grpc: false, retries: RETRIES, limits: null, flag: null, mapAnswer };
  const failure = upstreamFailure(proxy, { kind: 'closed', handshake });
  return 'flag' in failure ? failure.flag : null;
}

it('is never established to a proxy whose TLS nobody ends', () => {
  expect(flagOf(HELLO, false)).toBe('URX,UF');
});

it('is established where TLS ends, and without TLS', () => {
  expect(flagOf(HELLO, true)).toBe('UC');
  expect(flagOf(null, false)).toBe('UC');
});
