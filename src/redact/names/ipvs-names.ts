/**
 * Addresses in the kernel's own listing of virtual servers (/proc/net/ip_vs, in hexadecimal) and in the table of IPVS connections
 * (`ipvsadm -Lnc`, /proc/net/ip_vs_conn). Whatever else could stand there, a line of another form was taken out before.
 */
import { parseAddress } from '../../model/address.ts';
import { PSEUDONYMOUS_ADDRESSES } from '../../model/redaction.ts';
import type { Renaming } from './renaming.ts';

const HEX4 = /^[0-9A-F]{8}$/;
const VIRTUAL = /^(?:TCP|UDP|SCTP|FWM) /;
/** An address with its port: `0AF4010D:1F90`, `[fd00:…]:0050`, `10.244.1.13:8080`. */
const AT_PORT = /(?<=^| )(?:\[([0-9a-f:.]+)\]|([0-9A-F]{8}|\d{1,3}(?:\.\d{1,3}){3})):([0-9A-Fa-f]{1,5})(?= |$)/g;
/** A connection as the kernel prints it: three addresses, each with a port of four digits behind it. */
const KERNEL_ENDS = /(?<= )([0-9A-F]{8}|[0-9a-f]{4}(?::[0-9a-f]{4}){7}) ([0-9A-F]{4})(?= )/g;
/** Masks of persistent clients that are not a whole address: ipvsadm.c print_service_entry, ip_vs_ctl.c ip_vs_info_seq_show. */
const CLIENT_NET = / -M (?!255\.255\.255\.255\b|128\b)\S| persistent \d+ (?!FFFFFFFF|00000080)[0-9A-F]{8}/;

/** Whether a listing of virtual servers has one that keeps whole nets of clients together. */
export function keepsClientNets(text: string): boolean {
  return CLIENT_NET.test(text);
}

/**
 * The kernel's listing. Hashes of addresses would tell other real servers of the pseudonyms, which each virtual server says.
 * Source of the form: net/netfilter/ipvs/ip_vs_ctl.c ip_vs_info_seq_show.
 */
export function renameVirtualServers(text: string, renaming: Renaming): string {
  return byLine(text, (line) => {
    const renamed = renameEnds(line, renaming);
    return VIRTUAL.test(line) ? `${renamed.trimEnd()} ${PSEUDONYMOUS_ADDRESSES}` : renamed;
  });
}

/**
 * The table of connections.
 * @param nets some virtual server keeps nets of clients together: the client of a template may be one, of which nobody can tell the
 *   length here, so that it has no pseudonym that its clients would be found by
 */
export function renameConnections(text: string, renaming: Renaming, nets: boolean): string {
  return byLine(text, (line) => {
    const [client] = [...line.matchAll(AT_PORT), ...line.matchAll(KERNEL_ENDS)];
    const isTemplate = client !== undefined && /^0+$/.test(client.at(-1) ?? '');
    return isTemplate && nets ? renaming.undecidable(`template ${line}`) : renameEnds(line, renaming);
  });
}

function byLine(text: string, change: (line: string) => string): string {
  return text.split('\n').map(change).join('\n');
}

function renameEnds(line: string, renaming: Renaming): string {
  return line
    .replace(AT_PORT, (_, six: string | undefined, four: string | undefined, port: string) =>
      six === undefined ? `${moved(four ?? '', renaming)}:${port}` : `[${moved(six, renaming)}]:${port}`,
    )
    .replace(KERNEL_ENDS, (_, address: string, port: string) => `${moved(address, renaming)} ${port}`);
}

/** Another address, written as the first was: hexadecimal digits, or all eight groups of an IPv6 address. */
function moved(text: string, renaming: Renaming): string {
  const hexadecimal = HEX4.test(text);
  const other = renaming.text(hexadecimal ? dotted(text) : text);
  if (hexadecimal) return (parseAddress(other)?.bits ?? 0n).toString(16).toUpperCase().padStart(8, '0');
  return /^[0-9a-f]{4}(?::[0-9a-f]{4}){7}$/.test(text) ? allGroups(other) : other;
}

function dotted(digits: string): string {
  return [0, 2, 4, 6].map((at) => Number.parseInt(digits.slice(at, at + 2), 16)).join('.');
}

function allGroups(text: string): string {
  const digits = (parseAddress(text)?.bits ?? 0n).toString(16).padStart(32, '0');
  return digits.replace(/.{4}(?=.)/g, '$&:');
}
