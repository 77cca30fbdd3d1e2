import type { Family } from '../../../src/model/address.ts';
import type { Artefact, Parsed } from '../../../src/model/artefact.ts';
import type { Reading } from '../../../src/model/facts.ts';
import { indexRoutingTables, type RoutingTables } from '../../../src/evaluate/routing/routing-tables.ts';
import { parseAddresses } from '../../../src/parse/iproute2/addresses.ts';
import { parseLinks } from '../../../src/parse/iproute2/links.ts';
import { parseNeighbours } from '../../../src/parse/iproute2/neighbours.ts';
import { parseRoutes } from '../../../src/parse/iproute2/routes.ts';
import { parseRoutingRules } from '../../../src/parse/iproute2/routing-rules.ts';
import { parseSysctl } from '../../../src/parse/sysctl/sysctl.ts';

type Entry = Readonly<Record<string, unknown>>;

/** A namespace as entries of iproute2's JSON; null: not captured. */
export interface Namespace {
  readonly family?: Family;
  readonly rules?: readonly Entry[] | null;
  readonly routes: readonly Entry[] | null;
  /** `eth0 10.0.0.1/24`, with words of flags after it. */
  readonly addresses?: readonly string[] | null;
  /** Names of devices that are up, besides lo. */
  readonly devices?: readonly (string | Entry)[] | null;
  readonly neighbours?: readonly Entry[] | null;
  /** `net.ipv4.ip_forward=1` */
  readonly sysctl?: readonly string[] | null;
}

const LOCAL = { type: 'local', dst: '127.0.0.0/8', dev: 'lo', table: 'local', scope: 'host', prefsrc: '127.0.0.1' };
const LOCAL6 = { type: 'local', dst: '::1', dev: 'lo', table: 'local', metric: 0, pref: 'medium' };
export const DEFAULT_RULES: readonly Entry[] = [
  { priority: 0, src: 'all', table: 'local' },
  { priority: 32766, src: 'all', table: 'main' },
  { priority: 32767, src: 'all', table: 'default' },
];

/** Indexed tables of a namespace. The local route of the loopback device is always there. */
export function tablesOf(namespace: Namespace): RoutingTables {
  const { family = 4, routes, rules = family === 4 ? DEFAULT_RULES : DEFAULT_RULES.slice(0, 2) } = namespace;
  const own = routes === null ? null : [...routes, family === 4 ? LOCAL : LOCAL6];
  return indexRoutingTables({
    family,
    rules: reading(rules, (artefact) => parseRoutingRules(artefact, family)),
    routes: reading(own, (artefact) => parseRoutes(artefact, family)),
    addresses: reading(addressEntries(namespace.addresses ?? []), parseAddresses),
    links: reading(namespace.devices === null ? null : linkEntries(namespace.devices ?? []), parseLinks),
    neighbours: reading(namespace.neighbours ?? null, parseNeighbours),
    sysctl:
      namespace.sysctl === null
        ? { gaps: [{ kind: 'missing', artefact: 'sysctl', problem: 'not captured' }], artefact: 'sysctl' }
        : {
            value: parseSysctl(artefactOf(`a = b\n${(namespace.sysctl ?? []).join('\n')}`)).value,
            gaps: [],
            artefact: 'sysctl',
          },
  });
}

function reading<T>(entries: readonly Entry[] | null, parse: (artefact: Artefact) => Parsed<T>): Reading<T> {
  if (entries === null) return { gaps: [{ kind: 'missing', artefact: 'x', problem: 'not captured' }], artefact: 'x' };
  const { value, gaps } = parse(artefactOf(JSON.stringify(entries)));
  return { value, gaps, artefact: 'x' };
}

function artefactOf(text: string): Artefact {
  return { name: 'dump.json', capturedAt: null, bytes: Buffer.from(text) };
}

function addressEntries(texts: readonly string[]): Entry[] {
  return texts.map((text) => {
    const [device = '', cidr = '', ...flags] = text.split(' ');
    const [local = '', length = ''] = cidr.split('/');
    const scope = flags.find((flag) => ['link', 'host', 'site'].includes(flag)) ?? 'global';
    const set = Object.fromEntries(flags.filter((flag) => flag !== scope).map((flag) => [flag, true]));
    const family = local.includes(':') ? 'inet6' : 'inet';
    return { ifname: device, addr_info: [{ family, local, prefixlen: Number(length), scope, ...set }] };
  });
}

function linkEntries(devices: readonly (string | Entry)[]): Entry[] {
  const lo = { ifindex: 1, ifname: 'lo', flags: ['LOOPBACK', 'UP'], promiscuity: 0 };
  const others = devices.map((device, at) => ({
    ifindex: at + 2,
    flags: ['UP'],
    promiscuity: 0,
    ...(typeof device === 'string' ? { ifname: device } : device),
  }));
  return [lo, ...others];
}
