/**
 * Reads the connection table of IPVS. In: one artefact, printed by `ipvsadm -Lnc` or by the kernel itself (/proc/net/ip_vs_conn).
 * Out: its entries, and gaps.
 */
import { canonical, parseAddress } from '../../model/address.ts';
import { gapRaw, type Artefact, type Gap, type Parsed } from '../../model/artefact.ts';
import type { TransportProtocol } from '../../model/flow.ts';
import type { IpvsConnection } from '../../model/ipvs.ts';
import { textLines } from '../../model/text-lines.ts';
import { readHexAddress, readProtocol, readServerAddress } from './addresses.ts';

const MOST_GAPS = 100;
const HEADING = /^(?:IPVS connection entries|pro expire |Pro FromIP )/;
const PRINTED = /^(\S+) +(?:(\d+):(\d\d)) +(\S+) +(\S+) +(\S+) +(\S+)/;
const KERNEL = /^(\S+) +(\S+) ([0-9A-F]{4}) (\S+) ([0-9A-F]{4}) (\S+) ([0-9A-F]{4}) (\S+) +(\d+)/;

/** Reads whichever form it is; the table of a namespace without connections has its headings alone. */
export function parseIpvsConnections(artefact: Artefact): Parsed<readonly IpvsConnection[]> {
  const value: IpvsConnection[] = [];
  const gaps: Gap[] = [];
  for (const { number: line, text: raw } of textLines(artefact)) {
    if (raw.trim() === '' || HEADING.test(raw)) continue;
    const read = readPrinted(raw) ?? readKernel(raw);
    if (read !== undefined) value.push({ ...read, evidence: { artefact: artefact.name, line, raw } });
    else if (gaps.length < MOST_GAPS) {
      const problem = 'this is no connection as ipvsadm -Lnc prints it';
      gaps.push({ kind: 'unreadable', artefact: artefact.name, line, raw: gapRaw(raw), problem });
    }
  }
  return { value, gaps };
}

type Entry = Omit<IpvsConnection, 'evidence'>;

/** `TCP 01:25  TIME_WAIT   10.244.0.50:55706  10.96.0.10:80      10.244.1.13:8080` */
function readPrinted(raw: string): Entry | undefined {
  const [, word = '', minutes, seconds, state = '', ...ends] = PRINTED.exec(raw) ?? [];
  const [client, virtual, server] = ends.map((text) => readServerAddress(text, false));
  const protocol = protocolOf(word);
  if (protocol === undefined || client === undefined || virtual === undefined || server === undefined) return undefined;
  return {
    protocol,
    client: client.address,
    clientPort: client.port,
    virtual: virtual.address,
    virtualPort: virtual.port,
    server: server.address,
    serverPort: server.port,
    state,
    expiresSeconds: Number(minutes) * 60 + Number(seconds),
  };
}

/** `TCP 0AF40032 D9AE 0A60000A 0050 0AF4010D 1F90 TIME_WAIT       83` */
function readKernel(raw: string): Entry | undefined {
  const [
    ,
    word = '',
    client = '',
    clientPort = '',
    virtual = '',
    virtualPort = '',
    server = '',
    serverPort = '',
    state = '',
    seconds,
  ] = KERNEL.exec(raw) ?? [];
  const protocol = protocolOf(word);
  const [from, to, at] = [client, virtual, server].map(kernelAddress);
  if (protocol === undefined || from === undefined || to === undefined || at === undefined) return undefined;
  return {
    protocol,
    client: from,
    clientPort: parseInt(clientPort, 16),
    virtual: to,
    virtualPort: parseInt(virtualPort, 16),
    server: at,
    serverPort: parseInt(serverPort, 16),
    state,
    expiresSeconds: Number(seconds),
  };
}

function kernelAddress(text: string): string | undefined {
  const address = /^[0-9A-F]{8}$/.test(text) ? readHexAddress(text) : text;
  return parseAddress(address) === undefined ? undefined : canonical(address);
}

/** `IP` stands for any protocol: templates of virtual servers by mark. */
function protocolOf(word: string): TransportProtocol | null | undefined {
  return word === 'IP' ? null : readProtocol(word);
}
