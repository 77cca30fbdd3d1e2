import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { findAction } from '../match/matcher-tree.ts';
import { isSameIpOrLoopback, readNetworkInput } from '../match/network-input.ts';
import { field, typeName, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import type { AcceptedSocket } from './accepted-socket.ts';
import { filterChainIndex } from './filter-chain-index.ts';
import type { FilterChain, FilterChainIndex } from './filter-chain-index.ts';
import { silentClient } from './listener-filters.ts';

/** The chosen chain with the criteria that led there; `chain: null` when none takes the connection. */
export interface ChainChoice {
  readonly chain: FilterChain | null;
  readonly reasons: readonly string[];
}

/**
 * Chooses the filter chain for a connection (FilterChainManagerImpl::findFilterChain): destination port, destination address,
 * server name, transport protocol, application protocol, direct source, source type, source address, source port. At each
 * criterion the most specific value that some chain names is taken, and never given up again for a wider one; only the default
 * chain remains then.
 */
export function chooseFilterChain(listener: Cursor, socket: AcceptedSocket): ChainChoice | Unknown {
  if (field(listener, 'fcds_config').exists) return unknown('filter chains come from FCDS, which no dump shows');
  if (field(listener, 'filter_chain_matcher').exists) return byMatcher(listener, socket);
  const index = filterChainIndex(listener);
  if (index.unknown !== null) return index.unknown;
  const choice = choose(index, socket);
  if (isUnknown(choice) || socket.blindInspectors.length === 0) return choice;
  return sameForAnyBytes(index, socket, choice)
    ? choice
    : unknown(
        `the filter chain depends on what the client sends first, which is not known; ${silentClient(listener)}`,
        ...(choice.chain === null ? [] : [choice.chain.match]),
      );
}

/**
 * Chooses by filter_chain_matcher, whose action names a chain; a name that no chain has closes the connection, and without an action the
 * default chain takes it
 * (FilterChainManagerImpl::findFilterChainUsingMatcher).
 */
function byMatcher(listener: Cursor, socket: AcceptedSocket): ChainChoice | Unknown {
  const matcher = field(listener, 'filter_chain_matcher');
  const action = findAction(matcher, (type) => readNetworkInput(type, socket, undefined));
  if (isUnknown(action)) return action;
  const name = action === null ? undefined : field(action, 'value').string();
  if (action !== null && (typeName(action) !== STRING_VALUE || name === undefined))
    return unknown('the action of filter_chain_matcher is not understood', action);
  const named = field(listener, 'filter_chains')
    .items()
    .find((config) => name !== undefined && field(config, 'name').string() === name);
  if (named !== undefined && action !== null)
    return { chain: { name: name ?? '', config: named, match: action }, reasons: ['filter_chain_matcher names it'] };
  if (action !== null)
    return { chain: null, reasons: [`filter_chain_matcher names ${name ?? ''}, which does not exist`] };
  const { defaultChain } = filterChainIndex(listener);
  return { chain: defaultChain, reasons: defaultChain === null ? [] : ['filter_chain_matcher names no other'] };
}

const STRING_VALUE = 'google.protobuf.StringValue';

/** Whether the choice stands whatever the inspectors will see. */
function sameForAnyBytes(index: FilterChainIndex, socket: AcceptedSocket, choice: ChainChoice): boolean {
  const same = (seen: Partial<AcceptedSocket>): boolean => {
    const other = choose(index, { ...socket, ...seen });
    return !isUnknown(other) && other.chain === choice.chain;
  };
  const http = ['http/1.0', 'http/1.1', 'h2c'].map((protocol) => ({ applicationProtocols: [protocol] }));
  const tls = ['', 'h2', 'http/1.1'].map((protocol) => ({
    transportProtocol: 'tls' as const,
    applicationProtocols: protocol === '' ? [] : [protocol],
  }));
  if (socket.blindInspectors.includes('http') && !http.every(same)) return false;
  return !socket.blindInspectors.includes('tls') || (!index.usesServerNames && tls.every(same));
}

function choose(index: FilterChainIndex, socket: AcceptedSocket): ChainChoice | Unknown {
  const reasons: string[] = [];
  const found = search(index, socket, reasons);
  if (isUnknown(found)) return found;
  if (found !== undefined) return { chain: found, reasons };
  if (index.defaultChain === null) return { chain: null, reasons };
  return { chain: index.defaultChain, reasons: ['no other filter chain matches'] };
}

function search(index: FilterChainIndex, socket: AcceptedSocket, reasons: string[]): FilterChain | Unknown | undefined {
  const byPort = index.destinationPorts.get(socket.localPort);
  if (byPort !== undefined) reasons.push(`destination port ${socket.localPort}`);
  const names = (byPort ?? index.destinationPorts.get(0))?.find(socket.localAddress);
  if (names === undefined) return undefined;
  if (names === 'ambiguous') return ambiguous();
  const [serverName, transports] = byServerName(names, socket.serverName);
  if (transports === undefined) return undefined;
  if (serverName !== '') reasons.push(`server name ${serverName}`);
  const transport = socket.transportProtocol === 'tls' ? 'tls' : 'raw_buffer';
  const applications = transports.get(transport) ?? transports.get('');
  if (transports.has(transport)) reasons.push(`transport protocol ${transport}`);
  if (applications === undefined) return undefined;
  const protocol = socket.applicationProtocols.find((name) => applications.has(name));
  if (protocol !== undefined) reasons.push(`application protocol ${protocol}`);
  const types = (applications.get(protocol ?? '') ?? applications.get(''))?.find(socket.directAddress);
  if (types === undefined) return undefined;
  if (types === 'ambiguous') return ambiguous();
  const local = types.get('SAME_IP_OR_LOOPBACK');
  const external = types.get('EXTERNAL');
  const isLocal = (local !== undefined || external !== undefined) && isSameIpOrLoopback(socket);
  const [sourceType, bySource] =
    isLocal && local
      ? ['same IP or loopback', local]
      : !isLocal && external
        ? ['external', external]
        : ['', types.get('ANY')];
  if (sourceType !== '') reasons.push(`source type ${sourceType}`);
  const ports = bySource?.find(socket.remoteAddress);
  if (ports === undefined) return undefined;
  if (ports === 'ambiguous') return ambiguous();
  if (socket.remotePort === null && [...ports.keys()].some((port) => port !== 0)) {
    return unknown('the filter chain depends on the source port, which is not known');
  }
  const chain = ports.get(socket.remotePort ?? 0) ?? ports.get(0);
  if (chain !== undefined) reasons.push(...addressReasons(chain, socket));
  return chain;
}

function ambiguous(): Unknown {
  return unknown('two filter chains match the same addresses, one of them without naming any');
}

/** The very name, then wildcards from the longest on, then chains without a name (findFilterChainForServerName). */
function byServerName<T>(names: ReadonlyMap<string, T>, name: string): [string, T | undefined] {
  if (names.has(name)) return [name, names.get(name)];
  let dot = name.indexOf('.', 1);
  while (dot !== -1 && dot < name.length - 1) {
    const suffix = name.slice(dot);
    if (names.has(suffix)) return [`*${suffix}`, names.get(suffix)];
    dot = name.indexOf('.', dot + 1);
  }
  return ['', names.get('')];
}

function addressReasons(chain: FilterChain, socket: AcceptedSocket): string[] {
  const reasons: string[] = [];
  if (field(chain.match, 'prefix_ranges').exists) reasons.push(`destination ${socket.localAddress}`);
  const direct = field(chain.match, 'direct_source_prefix_ranges').exists;
  const sources = field(chain.match, 'source_prefix_ranges').exists;
  if (direct && socket.directAddress !== socket.remoteAddress) reasons.push(`direct source ${socket.directAddress}`);
  if (sources || (direct && socket.directAddress === socket.remoteAddress))
    reasons.push(`source ${socket.remoteAddress}`);
  if (field(chain.match, 'source_ports').exists) reasons.push(`source port ${socket.remotePort}`);
  return reasons;
}
