import type { Prefix } from '../../../../model/address.ts';
import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { readCidr } from '../match/address-match.ts';
import { lowerAscii } from '../match/string-match.ts';
import { memoised } from '../memo.ts';
import { enumName, field, unknown, unknownField } from '../proto-json.ts';
import { ANY_ADDRESS, PrefixTable } from './prefix-table.ts';

export interface FilterChain {
  /** As configured; else the listener's position of it, e.g. `filter_chains/0`. */
  readonly name: string;
  readonly config: Cursor;
  readonly match: Cursor;
}

export type SourceType = 'ANY' | 'SAME_IP_OR_LOOPBACK' | 'EXTERNAL';
type SourcePorts = Map<number, FilterChain>;
type SourceTypes = Map<SourceType, PrefixTable<SourcePorts>>;
type ApplicationProtocols = Map<string, PrefixTable<SourceTypes>>;
type TransportProtocols = Map<string, ApplicationProtocols>;
type ServerNames = Map<string, TransportProtocols>;

/**
 * A listener's filter chains as nested maps, one level for each criterion in Envoy's order, which is what makes the choice
 * without backtracking (FilterChainManagerImpl::addFilterChainForDestinationPorts and on). `''` and port 0 stand for "not given".
 */
export interface FilterChainIndex {
  readonly destinationPorts: ReadonlyMap<number, PrefixTable<ServerNames>>;
  readonly defaultChain: FilterChain | null;
  /** Some chain asks for a server name. */
  readonly usesServerNames: boolean;
  /** A criterion that could not be read; no choice of this listener is known then. */
  readonly unknown: Unknown | null;
}

const KNOWN_MATCH = new Set([
  'destination_port',
  'prefix_ranges',
  'direct_source_prefix_ranges',
  'source_type',
  'source_prefix_ranges',
  'source_ports',
  'server_names',
  'transport_protocol',
  'application_protocols',
]);

const SOURCE_TYPES: readonly SourceType[] = ['ANY', 'SAME_IP_OR_LOOPBACK', 'EXTERNAL'];

/** Indexes the filter chains of a Listener. */
export const filterChainIndex: (listener: Cursor) => FilterChainIndex = memoised((listener) => {
  const destinationPorts = new Map<number, PrefixTable<ServerNames>>();
  let problem: Unknown | null = null;
  let usesServerNames = false;
  for (const [index, config] of field(listener, 'filter_chains').items().entries()) {
    const match = field(config, 'filter_chain_match');
    const chain = { name: field(config, 'name').string() ?? `filter_chains/${index}`, config, match };
    usesServerNames ||= field(match, 'server_names').strings().length > 0;
    problem ??= unknownField(match, KNOWN_MATCH) ?? insertChain(destinationPorts, chain) ?? null;
  }
  const config = field(listener, 'default_filter_chain');
  const name = field(config, 'name').string() ?? 'default_filter_chain';
  const defaultChain = config.exists ? { name, config, match: config.at('filter_chain_match') } : null;
  return { destinationPorts, defaultChain, usesServerNames, unknown: problem };
});

function insertChain(ports: Map<number, PrefixTable<ServerNames>>, chain: FilterChain): Unknown | undefined {
  const { match } = chain;
  const destinations = prefixes(field(match, 'prefix_ranges'));
  const directSources = prefixes(field(match, 'direct_source_prefix_ranges'));
  const sources = prefixes(field(match, 'source_prefix_ranges'));
  const sourceType = enumName(field(match, 'source_type'), SOURCE_TYPES) ?? 'ANY';
  if (destinations === null || directSources === null || sources === null || !isSourceType(sourceType)) {
    return unknown('a filter chain match cannot be read', match);
  }
  const serverNames = orAny(field(match, 'server_names').strings().map(serverNameKey));
  const applicationProtocols = orAny(field(match, 'application_protocols').strings());
  const transportProtocol = field(match, 'transport_protocol').string() ?? '';
  const sourcePorts = orAny(numbers(field(match, 'source_ports')), 0);
  const byPort = mapAt(ports, field(match, 'destination_port').number() ?? 0, () => new PrefixTable<ServerNames>());
  for (const destination of orAny(destinations, ANY_ADDRESS)) {
    const names = byPort.at(destination, () => new Map());
    for (const serverName of serverNames) {
      const transports = mapAt(names, serverName, () => new Map() as TransportProtocols);
      const applications = mapAt(transports, transportProtocol, () => new Map() as ApplicationProtocols);
      for (const applicationProtocol of applicationProtocols) {
        const direct = mapAt(applications, applicationProtocol, () => new PrefixTable<SourceTypes>());
        for (const directSource of orAny(directSources, ANY_ADDRESS)) {
          const types = direct.at(directSource, () => new Map());
          const table = mapAt(types, sourceType, () => new PrefixTable<SourcePorts>());
          for (const source of orAny(sources, ANY_ADDRESS)) {
            const chains = table.at(source, () => new Map());
            for (const port of sourcePorts) if (!chains.has(port)) chains.set(port, chain);
          }
        }
      }
    }
  }
  return undefined;
}

/** `*.example.com` stands under `.example.com`; names are compared in lower case. */
function serverNameKey(name: string): string {
  return lowerAscii(name.startsWith('*.') ? name.slice(1) : name);
}

function prefixes(ranges: Cursor): Prefix[] | null {
  const read = ranges.items().map(readCidr);
  return read.every((prefix) => prefix !== undefined) ? read : null;
}

function numbers(list: Cursor): number[] {
  return list.items().flatMap((item) => item.number() ?? []);
}

function isSourceType(name: string): name is SourceType {
  return (SOURCE_TYPES as readonly string[]).includes(name);
}

function orAny(list: readonly string[]): readonly string[];
function orAny<T, const U>(list: readonly T[], absent: U): readonly (T | U)[];
function orAny<T>(list: readonly T[], absent: unknown = ''): readonly unknown[] {
  return list.length === 0 ? [absent] : list;
}

function mapAt<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
