import { parseAddress, type Family } from '../../model/address.ts';
import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { GapLog } from '../../model/gap-log.ts';
import type { Cursor } from '../../model/json.ts';
import type { InterfaceAddress } from '../../model/network-namespace.ts';
import { readEntries, reject, unsigned } from './entries.ts';

const FAMILIES: Readonly<Record<string, Family>> = { inet: 4, inet6: 6 };
const WIDTH: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };
/** Members of an address that are printed as `true` and that source selection asks for (ip/ipaddress.c, ifa_flag_names). */
const FLAGS = ['tentative', 'optimistic', 'temporary', 'dadfailed', 'noprefixroute', 'mngtmpaddr', 'nodad', 'home'];

/**
 * Reads `ip -j address`. The addresses of an interface keep the order of the dump: it is the order in which the kernel walks
 * them (net/ipv4/devinet.c, in_dev_dump_addr; net/ipv6/addrconf.c, in6_dump_addrs).
 */
export function parseAddresses(artefact: Artefact): Parsed<readonly InterfaceAddress[]> {
  return readEntries(artefact, 'ip -j address', (entry, gaps) => {
    const device = entry.at('ifname').string();
    if (device === undefined) {
      reject(gaps, entry, 'an interface without ifname');
      return [];
    }
    if (entry.at('addr_info').exists && !Array.isArray(entry.at('addr_info').value)) {
      reject(gaps, entry, 'addr_info is no array');
    }
    return entry
      .at('addr_info')
      .items()
      .flatMap((address) => readAddress(device, address, gaps));
  });
}

function readAddress(device: string, entry: Cursor, gaps: GapLog): InterfaceAddress[] {
  if (entry.isObject() && entry.entries().length === 0) return [];
  const family = FAMILIES[entry.at('family').string() ?? ''];
  const address = parseAddress(entry.at('local').string() ?? '');
  const peer = entry.at('address').exists ? parseAddress(entry.at('address').string() ?? '') : null;
  const prefixLength = unsigned(entry.at('prefixlen'));
  const broken =
    family === undefined
      ? 'family is neither inet nor inet6'
      : address?.family !== family
        ? `local is no ${family === 4 ? 'IPv4' : 'IPv6'} address`
        : peer === undefined
          ? 'address (the peer) is no address'
          : prefixLength === undefined || prefixLength > WIDTH[family]
            ? 'prefixlen is no prefix length'
            : undefined;
  if (family === undefined || address === undefined || peer === undefined || prefixLength === undefined || broken) {
    reject(gaps, entry, broken ?? 'not an address');
    return [];
  }
  const isSet = (key: string): boolean => entry.at(key).value === true;
  return [
    {
      device,
      family,
      address: address.text,
      prefixLength,
      scope: entry.at('scope').string() ?? 'global',
      ...(peer === null ? {} : { peer: peer.text }),
      secondary: isSet('secondary'),
      deprecated: isSet('deprecated'),
      flags: FLAGS.filter(isSet),
      evidence: entry.evidence(),
    },
  ];
}
