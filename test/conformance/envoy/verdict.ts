import type { EnvoyConnection, EnvoyFacts, EnvoyOutcome } from '../../../src/model/envoy.ts';
import { evaluateEnvoy } from '../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import type { Memory } from '../../../src/evaluate/proxies/envoy/memory/memory.ts';
import { takenBy } from '../../../src/evaluate/proxies/envoy/walk.ts';
import type { LogEntry } from './envoy-process.ts';
import type { Probe, Reply } from './probe.ts';

/** What happened, in the terms of an outcome. `?` where it does not show. */
export interface Observed {
  readonly chain: string;
  readonly route: string;
  /** The cluster that an HTTP request was meant for, though it may not have got there. */
  readonly cluster: string;
  /** `upstream c0 127.0.0.1:80`, `reply 404 NR route_not_found`, `close NR filter_chain_not_found` */
  readonly end: string;
  /** Path and host that the upstream received, when it answered. */
  readonly received: { readonly path: string; readonly host: string } | null;
}

/** What Envoy's access logs and the client's reply say. */
export function observe(entries: readonly LogEntry[], reply: Reply): Observed {
  const http = entries.find((entry) => entry.log === 'hcm');
  const tcp = entries.find((entry) => entry.log === 'tcp');
  const listener = entries.find((entry) => entry.log === 'listener');
  const denial = listener?.termination?.startsWith('rbac_access_denied') === true ? listener.termination : null;
  const received = readReceived(reply);
  if (http !== undefined) {
    const { flags, cluster } = http;
    // A limit of requests refuses one on the connection to the host that was chosen (ConnPoolImplBase::attachStreamToClient).
    const end =
      http.host === null && http.code === 0
        ? `close ${flags} ${http.details ?? '-'}`
        : http.host === null || http.details === OVERFLOW
          ? `reply ${http.code} ${flags} ${http.details ?? '-'}`
          : `upstream ${cluster ?? '-'} ${http.host}${answered(http) ? '' : ` ${http.details}`}`;
    return { chain: http.chain ?? '-', route: http.route ?? '-', cluster: cluster ?? '?', end, received };
  }
  // A handshake that failed gave the client no answer; one that hangs up after it leaves an error too. tls_inspector notes a reason of another form for plaintext, which is no failure; tcp_proxy may have chosen a host already.
  if (
    tcp !== undefined &&
    tcp.host !== null &&
    reply.status === null &&
    entries.some(({ transport }) => transport?.startsWith('TLS_error:|') === true)
  ) {
    return ofConnection(listener?.chain ?? '?', 'close - -');
  }
  if (denial !== null) return ofConnection(listener?.chain ?? '?', `close - ${denial}`);
  // The host was chosen before the first byte came, and the service that it was held for said no.
  if (tcp?.flags === 'UAEX') return ofConnection(tcp.chain ?? '-', `close UAEX ${tcp.details ?? '-'}`);
  if (tcp !== undefined) {
    const end = tcp.host === null ? `close ${tcp.flags} -` : `upstream ${tcp.cluster ?? '-'} ${tcp.host}`;
    return ofConnection(tcp.chain ?? '-', end);
  }
  return ofConnection(listener?.chain ?? '?', `close ${listener?.flags ?? '-'} ${listener?.details ?? '-'}`);
}

/** What became of a connection on which no HTTP request was seen. */
function ofConnection(chain: string, end: string): Observed {
  return { chain, route: '-', cluster: '?', end, received: null };
}

const OVERFLOW = 'upstream_reset_before_response_started{overflow}';

/** Whether the answer is the upstream's: a tunnel has one before it ends in whatever way. */
function answered({ code, details }: LogEntry): boolean {
  // Of an upgrade that is answered by anything but 101 it says so.
  if (details === 'via_upstream' || details === 'websocket_handshake_unsuccessful') return true;
  return code === 200 && /^(upstream_reset_after_response_started|downstream_remote_disconnect)/.test(details ?? '');
}

function readReceived(reply: Reply): Observed['received'] {
  try {
    const { path, host } = JSON.parse(reply.body) as { path?: string; host?: string };
    return path === undefined || host === undefined ? null : { path, host };
  } catch {
    return null;
  }
}

/** The connection of a probe, as the evaluator takes it. */
function connectionOf(probe: Probe, reply: Reply): EnvoyConnection {
  const http = {
    method: probe.method,
    path: probe.path,
    authority: probe.host,
    headers: [
      ...probe.headers.map(([name, value]): [string, string] => [name, value.trim()]),
      ...(probe.version === 'h2' ? [] : [['connection', 'close'] as const]),
    ],
    scheme: probe.tls === null ? 'http' : 'https',
    version: probe.version ?? 'http/1.1',
    ...(probe.protocol === undefined ? {} : { protocol: probe.protocol }),
  } as const;
  const tls =
    probe.tls === null ? null : { sni: probe.tls.sni, alpn: probe.tls.alpn, clientIdentity: probe.tls.identity };
  return {
    localAddress: probe.to,
    localPort: probe.port,
    originalAddress: probe.to,
    originalPort: probe.port,
    remoteAddress: probe.from,
    remotePort: Number(reply.peer.split(':')[1]),
    proxyHeader: probe.proxied ?? null,
    request: { protocol: 'tcp', http: probe.silent === true ? null : http, tls },
  };
}

/** Our answer to a probe; with a memory, as one that is asked about many. */
export function evaluateProbe(
  facts: EnvoyFacts,
  probe: Probe,
  reply: Reply,
  memory: Memory<EnvoyOutcome[]> | null = null,
): EnvoyOutcome[] {
  return evaluateEnvoy(facts, connectionOf(probe, reply), memory);
}

/** What is told of an outcome that may be remembered from an earlier request. */
export function remembered(outcome: EnvoyOutcome): string {
  const { end, probability, conditions } = outcome;
  const host = end.kind === 'upstream' ? `${end.cluster} ${end.address}:${end.port} ${end.flag}` : '';
  const answer = end.kind === 'reply' || end.kind === 'close' ? `${end.flag} ${end.detail}` : '';
  const status = end.kind === 'reply' ? end.status : '';
  const reason = end.kind === 'undetermined' ? end.unknown.reason : '';
  return JSON.stringify([takenBy(outcome), probability, conditions, end.kind, host, answer, status, reason]);
}

/** An outcome in the terms of what is observed. */
export function expectedOf(outcome: EnvoyOutcome): Observed {
  const named = (kind: string): string =>
    outcome.steps.findLast((step) => step.kind === kind && step.action === 'selected')?.name ?? '-';
  const { end } = outcome;
  const cluster = takenBy(outcome).cluster ?? '?';
  const chain = named('filter-chain');
  const route = named('route');
  switch (end.kind) {
    case 'upstream': {
      const { http } = end.request;
      const received = http === null || route === '-' ? null : { path: http.path, host: http.authority };
      return { chain, route, cluster, end: `upstream ${end.cluster} ${end.address}:${end.port}`, received };
    }
    case 'reply':
      return {
        chain,
        route,
        cluster,
        end: `reply ${end.status} ${end.flag ?? '-'} ${end.detail ?? '-'}`,
        received: null,
      };
    case 'close':
      return { chain, route: '-', cluster: '?', end: `close ${end.flag ?? '-'} ${end.detail ?? '-'}`, received: null };
    case 'undetermined':
      return { chain, route, cluster, end: `undetermined: ${end.unknown.reason}`, received: null };
  }
}

/** Whether what happened is what the outcome says; a chain or a route that the log does not show is not compared. */
export function agrees(observed: Observed, expected: Observed): boolean {
  const sameEnd =
    observed.end === expected.end || bothGiveUp(observed, expected) || unreadableAnswer(observed, expected);
  const sameChain =
    observed.chain === expected.chain ||
    observed.chain === '?' ||
    expected.chain === '-' ||
    observed.end.startsWith('close');
  const sameRoute =
    observed.route === expected.route || observed.end.startsWith('close') || !expected.route.includes('/');
  const sameCluster = observed.cluster === expected.cluster || observed.cluster === '?' || expected.cluster === '?';
  const sameRequest =
    observed.received === null ||
    expected.received === null ||
    (observed.received.path === expected.received.path && observed.received.host === expected.received.host);
  return sameEnd && sameChain && sameRoute && sameCluster && sameRequest;
}

/** An answer of HTTP/1.1 in plaintext to a client hello or to HTTP/2, which the client cannot read. */
function unreadableAnswer(observed: Observed, expected: Observed): boolean {
  return expected.end.startsWith('close DPE http1.') && observed.end === expected.end.replace('close', 'reply 400');
}

/** A handshake that fails is closed; the listener's log has no word for why. */
function bothGiveUp(observed: Observed, expected: Observed): boolean {
  return expected.end === 'close - -' && /^close (-|DPE|DC|\S*) -$/.test(observed.end);
}
