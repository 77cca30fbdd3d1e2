import { canonical, formatEndpoint, parseAddress, parseEndpoint, type Family } from '../../model/address.ts';
import type { TransportProtocol } from '../../model/flow.ts';

export interface ServerAddress {
  readonly family: Family;
  readonly address: string;
  readonly port: number;
}

/** `192.0.2.10:80` or `[2001:db8::10]:80`, as `ipvsadm -n` prints them; the kernel's own files have both in hexadecimal. */
export function readServerAddress(text: string, hexadecimal: boolean): ServerAddress | undefined {
  if (!hexadecimal) {
    const endpoint = parseEndpoint(text);
    return endpoint === undefined
      ? undefined
      : { family: endpoint.address.family, address: endpoint.address.text, port: endpoint.port };
  }
  const [, six, four, port] = /^(?:\[([0-9a-f:]+)\]|([0-9A-F]{8})):([0-9A-F]{4})$/.exec(text) ?? [];
  const address = six ?? (four === undefined ? undefined : readHexAddress(four));
  if (address === undefined || port === undefined || parseAddress(address) === undefined) return undefined;
  return { family: six === undefined ? 4 : 6, address: canonical(address), port: parseInt(port, 16) };
}

/** `C000020A`: an IPv4 address as one number. */
export function readHexAddress(text: string): string {
  return [0, 2, 4, 6].map((at) => parseInt(text.slice(at, at + 2), 16)).join('.');
}

const PROTOCOLS: Readonly<Record<string, TransportProtocol>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };

/** `TCP`, `UDP` or `SCTP`. */
export function readProtocol(text: string): TransportProtocol | undefined {
  return Object.hasOwn(PROTOCOLS, text) ? PROTOCOLS[text] : undefined;
}

/** `tcp 10.96.0.10:80`: the name of a virtual server. */
export function addressedName(protocol: TransportProtocol, { address, port }: ServerAddress): string {
  return `${protocol} ${formatEndpoint(address, port)}`;
}

/** `fwmark 1`: the name of a virtual server that takes packets by their mark. */
export function markedName(mark: number, family: Family): string {
  return family === 6 ? `fwmark ${mark} (IPv6)` : `fwmark ${mark}`;
}
