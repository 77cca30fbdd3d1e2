import type { Family } from '../model/address.ts';
import type { NetnsFacts } from '../model/facts.ts';
import { parseConntrack } from '../parse/conntrack/conntrack.ts';
import { parseAddresses } from '../parse/iproute2/addresses.ts';
import { parseLinks } from '../parse/iproute2/links.ts';
import { parseNeighbours } from '../parse/iproute2/neighbours.ts';
import { parseRoutes } from '../parse/iproute2/routes.ts';
import { parseRoutingRules } from '../parse/iproute2/routing-rules.ts';
import { parseIpvsConnections } from '../parse/ipvs/connections.ts';
import { parseIpsetSave } from '../parse/ipset-save/ipset-save.ts';
import { parseSockets } from '../parse/sockets/sockets.ts';
import { parseSysctl } from '../parse/sysctl/sysctl.ts';
import type { Artefact, Parsed } from '../model/artefact.ts';
import type { Reading } from '../model/facts.ts';
import { readIptables } from './iptables.ts';
import { captureRemedy, type NetnsPlace } from './layout.ts';
import { holdsIpvs, readVirtualServers } from './ipvs.ts';
import { besideIptables, readNftables } from './nftables.ts';
import { once, onceFor, type Reader } from './reader.ts';

/** Few namespaces have one, so that nobody misses it. */
const CONNECTIONS = 'ipvsadm-connections.txt';
const ROUTES: Readonly<Record<Family, string>> = { 4: 'ip-route.json', 6: 'ip-route6.json' };
const RULES: Readonly<Record<Family, string>> = { 4: 'ip-rule.json', 6: 'ip-rule6.json' };

/** Facts of one network namespace, each read on first use. */
export function netnsFacts(reader: Reader, place: NetnsPlace, seen: boolean): NetnsFacts {
  const file = <T>(
    name: string,
    parse: (artefact: Artefact) => Parsed<T>,
    isEmpty: (value: T) => boolean,
  ): Reading<T> => reader.read(`${place.folder}${name}`, captureRemedy(place, name), parse, isEmpty);
  const list = <T>(name: string, parse: (artefact: Artefact) => Parsed<readonly T[]>): (() => Reading<readonly T[]>) =>
    once(() => file(name, parse, (value) => value.length === 0));
  const map = <K, V>(
    name: string,
    parse: (artefact: Artefact) => Parsed<ReadonlyMap<K, V>>,
  ): (() => Reading<ReadonlyMap<K, V>>) => once(() => file(name, parse, (value) => value.size === 0));
  const nftables = once(() => readNftables(reader, place));
  const beside = once(() => besideIptables(reader, place, nftables()));
  return {
    name: place.name,
    seen,
    addresses: list('ip-address.json', parseAddresses),
    links: list('ip-link.json', whole(parseLinks)),
    routes: onceFor((family: Family) => {
      const name = holdsRoutes(reader, place, family);
      return file(
        name,
        (artefact) => parseRoutes(artefact, family),
        (value) => value.length === 0,
      );
    }),
    routingRules: onceFor((family: Family) =>
      file(
        RULES[family],
        (artefact) => parseRoutingRules(artefact, family),
        (value) => value.length === 0,
      ),
    ),
    neighbours: list('ip-neigh.json', parseNeighbours),
    sockets: list('sockets.txt', parseSockets),
    sysctl: map('sysctl.txt', parseSysctl),
    conntrack: list('conntrack.txt', parseConntrack),
    ipsets: map('ipset-save.txt', parseIpsetSave),
    virtualServers: once(() => readVirtualServers(reader, place)),
    virtualConnections: once(() =>
      holdsIpvs(reader, place, CONNECTIONS)
        ? file(CONNECTIONS, whole(parseIpvsConnections), (value) => value.length === 0)
        : {
            gaps: reader.absence(`${place.folder}${CONNECTIONS}`, captureRemedy(place, CONNECTIONS)),
            artefact: `${place.folder}${CONNECTIONS}`,
          },
    ),
    iptables: onceFor((family: Family) => readIptables(reader, place, family, nftables())),
    nftables: () => beside().ruleset,
    foreignChains: () => beside().baseChains,
  };
}

/**
 * All that a file lists, or nothing when some of it could not be read: for what is told by the presence of one entry and the absence of
 * others. Whether a pod hangs on a bridge is told so by the interfaces, and which real server a client has by the table of IPVS.
 */
function whole<T>(parse: (artefact: Artefact) => Parsed<readonly T[]>): (artefact: Artefact) => Parsed<readonly T[]> {
  return (artefact) => {
    const { value, gaps } = parse(artefact);
    return { value: gaps.some((gap) => gap.kind !== 'missing') ? [] : value, gaps };
  };
}

/** `ip -j route show table all` without `-4` prints both families, so that the one file may do for both. */
function holdsRoutes(reader: Reader, place: NetnsPlace, family: Family): string {
  const own = ROUTES[family];
  const common = ROUTES[4];
  if (family === 4 || reader.has(`${place.folder}${own}`)) return own;
  const artefact = reader.artefact(`${place.folder}${common}`);
  return artefact !== undefined && parseRoutes(artefact, 6).value.length > 0 ? common : own;
}
