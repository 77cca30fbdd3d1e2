import type { Cursor } from '../../../../model/json.ts';
import { list } from '../../../../model/protobuf-message.ts';
import { lowerAscii } from '../match/string-match.ts';
import { memoised } from '../memo.ts';
import { field, isTrue } from '../proto-json.ts';
import { withoutPort } from './host.ts';

/** A virtual host, the entry of its domains that holds, and a clause that says how. */
export interface VirtualHostMatch {
  readonly virtualHost: Cursor;
  readonly domain: Cursor;
  readonly reason: string;
}

interface DomainEntry {
  /** Of the virtual host in its route configuration. */
  readonly index: number;
  /** Its place among the domains of the virtual host. */
  readonly place: number;
}

interface VirtualHostIndex {
  readonly virtualHosts: Cursor;
  readonly ignoresPort: boolean;
  readonly exact: ReadonlyMap<string, DomainEntry>;
  /** By the length of the text beside the asterisk, longest first. */
  readonly suffixes: readonly (readonly [number, ReadonlyMap<string, DomainEntry>])[];
  readonly prefixes: readonly (readonly [number, ReadonlyMap<string, DomainEntry>])[];
  readonly any: DomainEntry | undefined;
  /** What was found for the authorities before. */
  readonly found: Map<string, VirtualHostMatch>;
}

/** Authorities that are remembered at most. */
const AUTHORITIES = 20_000;

/**
 * The virtual host of an authority: the very domain, then the longest `*suffix`, then the longest `prefix*`, then `*`. Case does
 * not count, the port counts unless ignore_port_in_host_matching is set, and an asterisk stands for at least one character
 * (RouteMatcher::findVirtualHost, source/common/router/config_impl.cc).
 */
export function findVirtualHost(routeConfig: Cursor, authority: string): VirtualHostMatch | undefined {
  const index = virtualHostIndex(routeConfig);
  const known = index.found.get(authority);
  if (known !== undefined) return known;
  const match = searchVirtualHost(index, authority);
  if (index.found.size >= AUTHORITIES) index.found.clear();
  if (match !== undefined) index.found.set(authority, match);
  return match;
}

function searchVirtualHost(index: VirtualHostIndex, authority: string): VirtualHostMatch | undefined {
  const host = lowerAscii(index.ignoresPort ? withoutPort(authority) : authority);
  const found = ({ index: at, place }: DomainEntry, how: string): VirtualHostMatch =>
    new FoundHost(index.virtualHosts.at(at), place, how, host);
  const exact = index.exact.get(host);
  if (exact !== undefined) return found(exact, 'equals');
  for (const [length, entries] of index.suffixes) {
    const entry = length < host.length ? entries.get(host.slice(host.length - length)) : undefined;
    if (entry !== undefined) return found(entry, 'is the longest suffix of');
  }
  for (const [length, entries] of index.prefixes) {
    const entry = length < host.length ? entries.get(host.slice(0, length)) : undefined;
    if (entry !== undefined) return found(entry, 'is the longest prefix of');
  }
  return index.any && found(index.any, 'takes any host, no other domain matches');
}

/** What took an authority; why it did is told when somebody asks. */
class FoundHost implements VirtualHostMatch {
  readonly virtualHost: Cursor;
  readonly #place: number;
  readonly #how: string;
  readonly #host: string;

  constructor(virtualHost: Cursor, place: number, how: string, host: string) {
    this.virtualHost = virtualHost;
    this.#place = place;
    this.#how = how;
    this.#host = host;
  }

  get domain(): Cursor {
    return field(this.virtualHost, 'domains').at(this.#place);
  }

  get reason(): string {
    return `domain ${JSON.stringify(this.domain.string())} ${this.#how} ${JSON.stringify(this.#host)}`;
  }
}

const virtualHostIndex: (routeConfig: Cursor) => VirtualHostIndex = memoised((routeConfig) => {
  const exact = new Map<string, DomainEntry>();
  const suffixes = new Map<number, Map<string, DomainEntry>>();
  const prefixes = new Map<number, Map<string, DomainEntry>>();
  let any: DomainEntry | undefined;
  const virtualHosts = field(routeConfig, 'virtual_hosts');
  for (const [index, virtualHost] of list(routeConfig.value, 'virtual_hosts').entries()) {
    for (const [place, domain] of list(virtualHost, 'domains').entries()) {
      const text = typeof domain === 'string' ? lowerAscii(domain) : '';
      const entry = { index, place };
      if (text === '*') any ??= entry;
      else if (text.startsWith('*')) insert(suffixes, text.slice(1), entry);
      else if (text.endsWith('*')) insert(prefixes, text.slice(0, -1), entry);
      else if (!exact.has(text)) exact.set(text, entry);
    }
  }
  const ignoresPort = isTrue(routeConfig, 'ignore_port_in_host_matching');
  return {
    virtualHosts,
    ignoresPort,
    exact,
    suffixes: longestFirst(suffixes),
    prefixes: longestFirst(prefixes),
    any,
    found: new Map(),
  };
});

function insert(table: Map<number, Map<string, DomainEntry>>, text: string, entry: DomainEntry): void {
  const entries = table.get(text.length) ?? new Map<string, DomainEntry>();
  if (!entries.has(text)) entries.set(text, entry);
  table.set(text.length, entries);
}

function longestFirst<T>(table: ReadonlyMap<number, T>): [number, T][] {
  return [...table].toSorted(([one], [other]) => other - one);
}
