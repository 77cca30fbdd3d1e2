/**
 * What an Envoy does with a connection and the request on it.
 *
 * In: what was read of the proxy, and a connection as it reaches the proxy's socket. Out: every branch, with its probability or
 * condition, the decisions on the way with their proof, and the end: an upstream host, an answer, a closed connection, or
 * undetermined with the reason. Probabilities add up to 1. It must not read anything beside its arguments, and must not take what
 * it does not understand for harmless.
 */
import type { EnvoyConnection, EnvoyConfigDump, EnvoyFacts, EnvoyOutcome } from '../../../model/envoy.ts';
import type { Unknown } from '../../../model/branching.ts';
import type { HttpRequest } from '../../../model/request.ts';
import type { Cursor } from '../../../model/json.ts';
import { BRANCH_LIMIT } from './context.ts';
import type { ConnectionContext } from './context.ts';
import { acceptSocket } from './listener/accepted-socket.ts';
import type { AcceptedSocket } from './listener/accepted-socket.ts';
import { downstreamTls } from './listener/downstream-tls.ts';
import { chooseFilterChain } from './listener/filter-chain.ts';
import type { ChainChoice } from './listener/filter-chain.ts';
import { KNOWN_FILTER_CHAIN, KNOWN_LISTENER } from './listener/known-fields.ts';
import { runListenerFilters } from './listener/listener-filters.ts';
import { listenerTable } from './listener/listener-table.ts';
import type { Listener, ListenerTable } from './listener/listener-table.ts';
import { handOverTarget, hasUdpListener, idleListeners, listenerStep, socketOwner } from './listener/lookup.ts';
import { memoised } from './memo.ts';
import { SentHttp } from './http/sent-request.ts';
import { withHttp } from './memory/earlier-requests.ts';
import { entered, stopped } from './memory/memory.ts';
import type { Arrival, Entered, Memory } from './memory/memory.ts';
import type { NetworkFilter, RunNetworkFilter } from './network/filter.ts';
import { networkFilterRule } from './network/registry.ts';
import { field, isTrue, typedMessage, typeName, unknown, unknownField } from './proto-json.ts';
import { readRuntime } from './runtime.ts';
import { isUnknown } from './truth.ts';
import { end, START, step, undetermined, withStep, withSteps } from './walk.ts';
import type { Walk } from './walk.ts';

const unknownListenerField = memoised((listener) => unknownField(listener, KNOWN_LISTENER));
const unknownChainField = memoised((chain) => unknownField(chain, KNOWN_FILTER_CHAIN));

interface Proxy {
  readonly facts: EnvoyFacts;
  readonly config: EnvoyConfigDump;
  readonly connection: EnvoyConnection;
  readonly table: ListenerTable;
}

/**
 * Evaluates a connection to a proxy.
 * @param memory of the connections before; null: outcomes tell everything about this very request
 */
export function evaluateEnvoy(
  facts: EnvoyFacts,
  connection: EnvoyConnection,
  memory: Memory<EnvoyOutcome[]> | null = null,
): EnvoyOutcome[] {
  if (memory === null) return follow(arrive(facts, connection), connection, false);
  const arrival = memory.arrival(connection, () => arrive(facts, connection));
  return recall(arrival, connection, memory);
}

/** What becomes of a connection that has come to a filter chain's filters, or to its end. */
function follow(arrival: Arrival, connection: EnvoyConnection, sharesOnly: boolean): EnvoyOutcome[] {
  if (arrival.context === null) return arrival.outcomes;
  const { http } = connection.request;
  const sent = http === null ? null : new SentHttp(http);
  return runChain(arrival, { sent, socket: socketOf(arrival, connection), connection }, sharesOnly);
}

/** The same, as it is told of a connection that may be like one before. */
export function recall<Told>(arrival: Arrival, connection: EnvoyConnection, memory: Memory<Told>): Told {
  const { http } = connection.request;
  if (http === null) return memory.telling.tell(follow(arrival, connection, memory.sharesOnly));
  return recallOn(open(arrival, connection), http, memory);
}

/** A connection on which requests come that differ in nothing but their HTTP part. */
export interface OpenConnection {
  readonly arrival: Arrival;
  /** As one of the requests came on it. */
  readonly connection: EnvoyConnection;
  /** null: it gets to no filter. */
  readonly socket: AcceptedSocket | null;
}

export function open(arrival: Arrival, connection: EnvoyConnection): OpenConnection {
  return { arrival, connection, socket: arrival.context === null ? null : socketOf(arrival, connection) };
}

/** What is told of a request on a connection, as of an earlier one that it is like. */
export function recallOn<Told>(
  { arrival, connection, socket }: OpenConnection,
  http: HttpRequest,
  memory: Memory<Told>,
): Told {
  const earlier = arrival.context === null ? null : memory.earlier(arrival.context);
  if (arrival.context === null || earlier === null || socket === null)
    return memory.telling.tell(follow(arrival, withHttp(connection, http), memory.sharesOnly));
  return earlier.recall({ http, socket, connection }, (looked) => runChain(arrival, looked, memory.sharesOnly));
}

function socketOf({ context, anyDestination }: Entered, connection: EnvoyConnection): AcceptedSocket {
  if (!anyDestination) return context.socket;
  const { originalAddress, originalPort } = connection;
  return { ...context.socket, localAddress: originalAddress, localPort: originalPort };
}

function runChain(
  { context, walk }: Entered,
  looked: Pick<ConnectionContext, 'sent' | 'socket' | 'connection'>,
  sharesOnly: boolean,
): EnvoyOutcome[] {
  const { sent, socket, connection } = looked;
  return runNetworkFilters(
    { ...context, sent, socket, connection, budget: { left: BRANCH_LIMIT }, sharesOnly },
    walk,
    0,
  );
}

/**
 * Finds the filter chain of a connection. Of one that speaks HTTP without TLS it is the same for every request of the same version from
 * one address and port to another.
 */
export function arrive(facts: EnvoyFacts, connection: EnvoyConnection): Arrival {
  const { config } = facts;
  if (config === null) return stopped(undetermined(START, unknown("the proxy's config_dump was not read")));
  const { localAddress, localPort, request } = connection;
  if (request.protocol !== 'tcp') {
    const listens = hasUdpListener(config, localPort)
      ? 'a listener for UDP stands there'
      : 'no listener for UDP is known there';
    return stopped(
      undetermined(START, unknown(`${request.protocol.toUpperCase()} is not evaluated in a proxy; ${listens}`)),
    );
  }
  const state = facts.serverInfo === null ? undefined : field(facts.serverInfo, 'state');
  if (state?.string() !== undefined && state.string() !== 'LIVE') {
    return stopped(undetermined(START, unknown(`the proxy is not live: its state is ${state.string()}`, state)));
  }
  const table = listenerTable(facts, config);
  if (table.unread !== null)
    return stopped(
      undetermined(START, unknown(`the listener ${table.unread.name} cannot be read`, table.unread.config)),
    );
  const owner = socketOwner(table, localAddress, localPort);
  if (owner === undefined) return stopped(noListener(facts, config, connection));
  const walk = withStep(
    START,
    listenerStep(owner, 'selected', () => `its socket takes ${localAddress} port ${localPort}`),
  );
  return enterListener({ facts, config, connection, table }, owner, acceptSocket(connection), walk);
}

/** The smallest field that shows which chain it is: its match, its name, or its first filter. */
function identifying({ match, config }: NonNullable<ChainChoice['chain']>) {
  const name = config.at('name');
  return match.exists ? match : name.exists ? name : config.at('filters', 0, 'name');
}

/** Nobody listens: the kernel refuses the connection. Only a complete dump proves that. */
function noListener(facts: EnvoyFacts, config: EnvoyConfigDump, connection: EnvoyConnection): EnvoyOutcome[] {
  const { localAddress, localPort } = connection;
  const reason = `no listener takes ${localAddress} port ${localPort}`;
  const idle = idleListeners(facts, config, connection);
  const missing = step('listener', 'missing', `${localAddress}:${localPort}`, { reasons: [reason] });
  const walk = withSteps(START, [...idle, missing]);
  if (!config.complete || !config.sections.has('ListenersConfigDump')) {
    return undetermined(walk, unknown(`${reason} in this part of a config_dump`));
  }
  return end(walk, { kind: 'close', flag: null, detail: null, denied: false });
}

/**
 * Runs listener filters, hands the connection over to the listener of its original destination where use_original_dst asks for
 * that, and chooses the filter chain (ActiveTcpSocket::newConnection).
 */
function enterListener(proxy: Proxy, listener: Listener, accepted: AcceptedSocket, walk: Walk): Arrival {
  const beyond = unknownListenerField(listener.config);
  if (beyond !== undefined) return stopped(undetermined(walk, beyond));
  const filtered = runListenerFilters(listener.config, accepted, proxy.connection);
  const inspected = withSteps(walk, filtered.steps);
  if (filtered.unknown !== null) return stopped(undetermined(inspected, filtered.unknown));
  if (filtered.closed) return stopped(end(inspected, { kind: 'close', flag: null, detail: null, denied: false }));
  const { socket } = filtered;
  if (!accepted.restored && socket.restored && isTrue(listener.config, 'use_original_dst')) {
    const target = handOverTarget(proxy.table, socket.localAddress, socket.localPort);
    if (target !== undefined && target !== listener) {
      const reason = (): string => `it owns the original destination ${socket.localAddress} port ${socket.localPort}`;
      return enterListener(proxy, target, socket, withStep(inspected, listenerStep(target, 'handed-over', reason)));
    }
  }
  const choice = chooseFilterChain(listener.config, socket);
  if (isUnknown(choice)) return stopped(undetermined(inspected, choice));
  return enterChain(proxy, listener, socket, choice, inspected);
}

function enterChain(
  proxy: Proxy,
  listener: Listener,
  socket: AcceptedSocket,
  choice: ChainChoice,
  walk: Walk,
): Arrival {
  const { chain, reasons } = choice;
  if (chain === null) {
    const missing = step('filter-chain', 'missing', '', {
      reasons: ['no filter chain matches', ...reasons],
      cites: listener.addresses.slice(0, 1).map((own) => own.cursor),
    });
    const close = { kind: 'close', flag: 'NR', detail: 'filter_chain_not_found', denied: false } as const;
    const failed = { ...close, handshake: { established: false, error: null } };
    return stopped(end(withStep(walk, missing), socket.firstBytes.kind === 'tls' ? failed : close));
  }
  const tls = downstreamTls(proxy.facts, proxy.config, chain.config, socket.firstBytes);
  const said = tls.kind === 'terminated' ? tls.reasons : tls.kind === 'failed' ? [tls.reason] : [];
  const cited = tls.kind === 'terminated' || tls.kind === 'failed' ? tls.cites : [];
  const chosen = withStep(
    walk,
    step('filter-chain', tls.kind === 'failed' ? 'closed' : 'selected', chain.name, () => ({
      reasons: [...(reasons.length === 0 ? ['it takes every connection'] : reasons), ...said],
      cites: [identifying(chain), ...cited],
    })),
  );
  if (tls.kind === 'unknown') return stopped(undetermined(chosen, tls.unknown));
  if (tls.kind === 'failed') {
    const handshake = tls.failure === null ? {} : { handshake: tls.failure };
    return stopped(end(chosen, { kind: 'close', flag: null, detail: null, denied: false, ...handshake }));
  }
  const beyond = unknownChainField(chain.config);
  if (beyond !== undefined) return stopped(undetermined(chosen, beyond));
  const { facts, config, connection } = proxy;
  const context: ConnectionContext = {
    facts,
    config,
    connection,
    listener,
    socket,
    chain,
    tls: tls.kind === 'terminated' ? tls.hello : null,
    clusterOverride: null,
    runtime: readRuntime(config.bootstrap),
    budget: { left: BRANCH_LIMIT },
    sharesOnly: false,
    sent: null,
  };
  return entered(context, chosen);
}

const KNOWN_FILTER = new Set(['name', 'typed_config', 'config_discovery']);

/** A network filter of a chain, or why it cannot be evaluated. */
interface ChainedFilter {
  readonly filter: NetworkFilter;
  readonly problem: Unknown | null;
  readonly run: RunNetworkFilter;
}

const CHAINS = new WeakMap<object, readonly ChainedFilter[]>();

function filterChain({ chain, config }: ConnectionContext): readonly ChainedFilter[] {
  const key = chain.config.value;
  const known = typeof key === 'object' && key !== null ? CHAINS.get(key) : undefined;
  if (known !== undefined) return known;
  const filters = field(chain.config, 'filters')
    .items()
    .map((entry) => chainedFilter(config, entry));
  if (typeof key === 'object' && key !== null) CHAINS.set(key, filters);
  return filters;
}

function chainedFilter(config: EnvoyConfigDump, entry: Cursor): ChainedFilter {
  const name = field(entry, 'name').string() ?? '';
  const own = field(entry, 'typed_config');
  const discovered = own.exists ? undefined : config.extension(name);
  const any = discovered?.state === 'active' ? field(discovered.config, 'typed_config') : own;
  const problem =
    unknownField(entry, KNOWN_FILTER) ??
    (any.exists ? null : unknown(`the configuration of network filter ${name} is not in the dump`, entry.at('name')));
  const filter = { name, entry, type: typeName(any) ?? '', config: typedMessage(any) };
  return { filter, problem, run: networkFilterRule(filter) };
}

function runNetworkFilters(context: ConnectionContext, walk: Walk, index: number): EnvoyOutcome[] {
  const filters = filterChain(context);
  const chained = filters[index];
  if (chained === undefined) {
    // Without a filter that takes the connection, Envoy closes it (FilterChain.filters).
    if (filters.length === 0) return end(walk, { kind: 'close', flag: null, detail: null, denied: false });
    const last = filters.slice(-1).map(({ filter }) => filter.entry.at('name'));
    return undetermined(walk, unknown('no network filter takes the connection', ...last));
  }
  const { filter, problem, run } = chained;
  if (problem !== null) return undetermined(walk, problem);
  return run(context, filter, walk, (passed, changed) => runNetworkFilters(changed ?? context, passed, index + 1));
}
