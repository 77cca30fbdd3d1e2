import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyConnection, EnvoyStep } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { lowerAscii } from '../match/string-match.ts';
import { memoised } from '../memo.ts';
import { field, isTrue, seconds, typedMessage, typeName, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step } from '../walk.ts';
import type { AcceptedSocket } from './accepted-socket.ts';
import { matchPredicate } from './predicate.ts';
import { takeProxyHeader } from './proxy-protocol.ts';

/** What a listener filter makes of a socket; an Unknown when it cannot be told. */
type Seen = AcceptedSocket | 'closed' | Unknown;
type ListenerFilter = (socket: AcceptedSocket, config: Cursor, connection: EnvoyConnection) => Seen;

const TYPE = 'envoy.extensions.filters.listener.';

const RESTORES = `${TYPE}original_dst.v3.OriginalDst`;

/** Listener filters with a rule, by the type of their configuration. */
const FILTERS: Readonly<Record<string, ListenerFilter>> = {
  [RESTORES]: restoreDestination,
  [`${TYPE}original_src.v3.OriginalSrc`]: (socket) => ({ ...socket, keepsSource: true }),
  [`${TYPE}tls_inspector.v3.TlsInspector`]: (socket) => untakenHeader(socket) ?? inspectTls(socket),
  [`${TYPE}http_inspector.v3.HttpInspector`]: (socket) => untakenHeader(socket) ?? inspectHttp(socket),
  [`${TYPE}proxy_protocol.v3.ProxyProtocol`]: takeProxyHeader,
};

/** A PROXY protocol header stands before what an inspector, or the listener itself, reads. */
function untakenHeader({ proxyHeader }: AcceptedSocket): Unknown | null {
  const untaken = proxyHeader !== null && proxyHeader !== undefined;
  return untaken ? unknown('the client sends a PROXY protocol header, which no listener filter has taken') : null;
}

const KNOWN_LISTENER_FILTER = new Set(['name', 'typed_config', 'filter_disabled']);

/** The socket after the listener filters, with a step for each that saw something. */
export interface Filtered {
  readonly socket: AcceptedSocket;
  readonly steps: readonly EnvoyStep[];
  /** A filter closed the connection; the last step says which. */
  readonly closed: boolean;
  /** What stopped the evaluation. */
  readonly unknown: Unknown | null;
}

/**
 * Runs a listener's filters in order (ActiveTcpSocket::continueFilterChain). `use_original_dst` adds an original_dst filter at the
 * end (ListenerImpl::buildOriginalDstListenerFilter).
 */
export function runListenerFilters(listener: Cursor, accepted: AcceptedSocket, connection: EnvoyConnection): Filtered {
  let socket = accepted;
  const steps: EnvoyStep[] = [];
  for (const { filter, name, predicate, beyond, run } of filtersOf(listener)) {
    const disabled = matchPredicate(predicate, socket.localPort);
    if (isUnknown(disabled)) return { socket, steps, closed: false, unknown: disabled };
    if (disabled) continue;
    const result = beyond ?? run(socket, connection);
    if (isUnknown(result)) return { socket, steps, closed: false, unknown: result };
    if (result === 'closed') {
      const reasons = ['the connection does not begin with a PROXY protocol header that it takes'];
      steps.push(step('listener-filter', 'closed', name, { reasons, cites: [field(filter, 'name')] }));
      return { socket, steps, closed: true, unknown: null };
    }
    const seen = describeChange(socket, result);
    if (seen !== null) {
      steps.push(step('listener-filter', 'passed', name, { reasons: [seen], cites: [field(filter, 'name')] }));
    }
    socket = result;
  }
  if (isTrue(listener, 'use_original_dst')) socket = restoreDestination(socket, listener, connection);
  return { socket, steps, closed: false, unknown: untakenHeader(socket) };
}

type RunFilter = (socket: AcceptedSocket, connection: EnvoyConnection) => Seen;

const filtersOf = memoised((listener) =>
  field(listener, 'listener_filters')
    .items()
    .map((filter) => ({
      filter,
      name: field(filter, 'name').string() ?? '',
      predicate: field(filter, 'filter_disabled'),
      beyond: unknownField(filter, KNOWN_LISTENER_FILTER),
      run: filterRule(filter),
    })),
);

/** Whether a listener asks for the original destination of a connection; only what it finds counts as one. */
export const restoresDestination = memoised(
  (listener): boolean =>
    isTrue(listener, 'use_original_dst') ||
    field(listener, 'listener_filters')
      .items()
      .some((filter) => typeName(field(filter, 'typed_config')) === RESTORES),
);

function filterRule(filter: Cursor): RunFilter {
  const any = field(filter, 'typed_config');
  const run = FILTERS[typeName(any) ?? ''];
  if (run === undefined) {
    const name = field(filter, 'name');
    const beyond = unknown(`listener filter ${name.string() ?? ''} is not understood`, name);
    return () => beyond;
  }
  const config = typedMessage(any);
  return (socket, connection) => run(socket, config, connection);
}

function describeChange(before: AcceptedSocket, after: AcceptedSocket): string | null {
  if (after.proxyHeader !== before.proxyHeader)
    return `client ${after.remoteAddress} and destination ${after.localAddress} port ${after.localPort}, by the PROXY protocol`;
  if (after.restored && !before.restored) return `original destination ${after.localAddress} port ${after.localPort}`;
  if (after.transportProtocol === 'tls' && before.transportProtocol === '') {
    const name = after.serverName === '' ? 'no server name' : `server name ${after.serverName}`;
    return `TLS with ${name}, application protocols ${after.applicationProtocols.join(', ') || 'none'}`;
  }
  if (after.applicationProtocols !== before.applicationProtocols) {
    return `application protocol ${after.applicationProtocols.join(', ')}`;
  }
  return after.keepsSource && !before.keepsSource ? 'the source address is kept upstream' : null;
}

/** Restores what SO_ORIGINAL_DST tells (source/extensions/filters/listener/original_dst/original_dst.cc). */
function restoreDestination(socket: AcceptedSocket, _: Cursor, connection: EnvoyConnection): AcceptedSocket {
  const redirected =
    connection.originalAddress !== connection.localAddress || connection.originalPort !== connection.localPort;
  if (!redirected) return socket;
  return {
    ...socket,
    restored: true,
    localAddress: connection.originalAddress,
    localPort: connection.originalPort,
  };
}

/** Reads a client hello (source/extensions/filters/listener/tls_inspector/tls_inspector.cc). Anything else is left as it is. */
function inspectTls(socket: AcceptedSocket): AcceptedSocket {
  const { firstBytes } = socket;
  if (firstBytes.kind === 'unknown') return { ...socket, blindInspectors: [...socket.blindInspectors, 'tls'] };
  if (firstBytes.kind !== 'tls') return socket;
  const { sni, alpn } = firstBytes.hello;
  return { ...socket, transportProtocol: 'tls', serverName: lowerAscii(sni ?? ''), applicationProtocols: alpn };
}

/**
 * Reads a request line or the HTTP/2 preface, unless a filter before it detected TLS
 * (source/extensions/filters/listener/http_inspector/http_inspector.cc).
 */
function inspectHttp(socket: AcceptedSocket): AcceptedSocket {
  const { firstBytes } = socket;
  if (socket.transportProtocol === 'tls') return socket;
  const inspected =
    firstBytes.kind === 'http' ? firstBytes.inspected : firstBytes.kind === 'tls' ? 'nothing' : 'unclear';
  if (inspected === 'unclear') return { ...socket, blindInspectors: [...socket.blindInspectors, 'http'] };
  return inspected === 'nothing' ? socket : { ...socket, applicationProtocols: [inspected] };
}

/**
 * What happens to a client that waits for the server to speak first while an inspector waits for its bytes, as a clause: the
 * listener's timeout is 15 s unless set, 0 waits for ever, and `continue_on_listener_filters_timeout` decides what comes then.
 */
export function silentClient(listener: Cursor): string {
  const timeout = seconds(field(listener, 'listener_filters_timeout')) ?? 15;
  const wait =
    timeout === 0 ? 'waits for the first bytes without limit' : `waits up to ${timeout} s for the first bytes`;
  const then = isTrue(listener, 'continue_on_listener_filters_timeout')
    ? 'goes on without them'
    : 'closes the connection';
  return timeout === 0 ? `the listener ${wait}` : `the listener ${wait}, then ${then}`;
}
