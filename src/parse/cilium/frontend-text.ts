import { parseAddress } from '../../model/address.ts';
import type { CiliumScope } from '../../model/cilium.ts';
import type { TransportProtocol } from '../../model/flow.ts';

/** Where a frontend or backend is. */
interface Place {
  readonly address: string;
  readonly port: number;
  readonly protocol: TransportProtocol | null;
}

/** `10.96.0.10:53`, `10.96.0.10:53/UDP`, `[fd00::a]:53/UDP/i`, and since 1.16 with the slot behind: `10.96.0.10:53/UDP (2)`. */
const FRONTEND = /^(?:\[([\da-fA-F:.]{2,45})\]|([\d.]{7,15})):(\d{1,5})(?:\/([A-Z]{3,4}))?(\/i)?(?: \((\d{1,5})\))?$/;
const PROTOCOLS: Readonly<Record<string, TransportProtocol | null>> = {
  tcp: 'tcp',
  udp: 'udp',
  sctp: 'sctp',
  any: null,
  none: null,
};
const MOST_PORT = 65_535;

/** Reads an address with its port. @returns undefined when it is none */
export function readPlace(text: string): (Place & { readonly scope: CiliumScope }) | undefined {
  const [, six, four, digits, name, inner] = FRONTEND.exec(text) ?? [];
  const address = parseAddress(six ?? four ?? '');
  const protocol = readProtocol(name);
  const port = Number(digits);
  if (address === undefined || protocol === undefined || port > MOST_PORT) return undefined;
  return { address: address.text, port, protocol, scope: inner === undefined ? 'external' : 'internal' };
}

/** Reads a protocol; releases before 1.17 have none, and then a frontend takes all. @returns undefined when it is not understood */
export function readProtocol(name: string | undefined): TransportProtocol | null | undefined {
  return name === undefined || name === '' ? null : PROTOCOLS[name.toLowerCase()];
}
