import { contains, parseAddress, parsePrefix, type Family } from '../../../src/model/address.ts';
import { newFlow, type Flow } from '../../../src/model/flow.ts';
import type { IptablesRuleset, NetfilterEnvironment } from '../../../src/model/netfilter.ts';
import type { IpSet } from '../../../src/model/network-namespace.ts';
import type { RouteDecision, RouteQuery } from '../../../src/model/routing.ts';
import { parseIptablesSave } from '../../../src/parse/iptables-save/iptables-save.ts';
import { parseIpsetSave } from '../../../src/parse/ipset-save/ipset-save.ts';

/** A namespace in a few words: its own addresses, and by which device the others are reached. */
export interface Namespace {
  readonly local?: readonly string[];
  /** Prefixes by longest match; without any, everything leaves by `eth0`. `device` null: unreachable. */
  readonly routes?: readonly { readonly to: string; readonly device: string | null; readonly gateway?: string }[];
  /** Address that MASQUERADE and REDIRECT take, by device. */
  readonly addresses?: Readonly<Record<string, string>>;
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly ipsets?: string;
  /** Overrides the routing decision. */
  readonly route?: (query: RouteQuery) => readonly RouteDecision[] | undefined;
}

export function environmentOf(namespace: Namespace = {}): NetfilterEnvironment {
  const local = new Set(['127.0.0.1', '::1', ...(namespace.local ?? [])]);
  const sets: ReadonlyMap<string, IpSet> = parseIpsetSave({
    name: 'ipset-save.txt',
    capturedAt: null,
    bytes: Buffer.from(namespace.ipsets ?? ''),
  }).value;
  return {
    route: (query) => namespace.route?.(query) ?? [lookUp(namespace, local, query)],
    addressType(address) {
      if (local.has(address) || address.startsWith('127.')) return 'LOCAL';
      if (/^(?:22[4-9]|23\d)\./.test(address)) return 'MULTICAST';
      return address === '255.255.255.255' ? 'BROADCAST' : 'UNICAST';
    },
    masqueradeAddress: (device) => namespace.addresses?.[device],
    redirectAddress: (device) => namespace.addresses?.[device],
    ipset: (name) => sets.get(name),
    sysctl: (name) => namespace.sysctl?.[name],
  };
}

const DECISION = { probability: 1, conditions: [], preferredSource: null, evidence: [] } as const;

function lookUp(namespace: Namespace, local: ReadonlySet<string>, { destination }: RouteQuery): RouteDecision {
  if (local.has(destination) || destination.startsWith('127.')) {
    return { ...DECISION, kind: 'local', device: 'lo', gateway: null };
  }
  const address = parseAddress(destination);
  const routes = namespace.routes ?? [
    { to: '0.0.0.0/0', device: 'eth0' },
    { to: '::/0', device: 'eth0' },
  ];
  const [found] = routes
    .map((route) => ({ ...route, prefix: parsePrefix(route.to) }))
    .filter(({ prefix }) => prefix !== undefined && address !== undefined && contains(prefix, address))
    .toSorted((a, b) => Number((b.prefix?.mask ?? 0n) - (a.prefix?.mask ?? 0n)));
  if (found === undefined || found.device === null) {
    return { ...DECISION, kind: 'no-route', device: null, gateway: null };
  }
  return { ...DECISION, kind: 'forward', device: found.device, gateway: found.gateway ?? null };
}

/** Reads a ruleset, with `COMMIT` and `*table` as in a file. */
export function rulesetOf(text: string, family: Family = 4, name = 'iptables-save.txt'): IptablesRuleset {
  return parseIptablesSave({ name, capturedAt: null, bytes: Buffer.from(text) }, family).value;
}

/** A first packet: `10.0.0.1:1000 > 10.0.0.2:80`, with `overrides`. */
export function flowOf(text: string, overrides: Partial<Flow> = {}): Flow {
  const [from = '', to = ''] = text.split(' > ');
  const [source, sourcePort] = splitPort(from);
  const [destination, destinationPort] = splitPort(to);
  const flow = newFlow({
    family: destination.includes(':') ? 6 : 4,
    protocol: overrides.protocol ?? 'tcp',
    source,
    sourcePort,
    destination,
    destinationPort: destinationPort ?? 0,
    inInterface: 'eth0',
  });
  return { ...flow, ...overrides };
}

function splitPort(text: string): [string, number | null] {
  const colon = text.startsWith('[') || text.split(':').length === 2 ? text.lastIndexOf(':') : -1;
  const address = (colon < 0 ? text : text.slice(0, colon)).replaceAll(/[[\]]/g, '');
  return [address, colon < 0 ? null : Number(text.slice(colon + 1))];
}
