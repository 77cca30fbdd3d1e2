import type { Family } from '../../model/address.ts';
import type { TransportProtocol } from '../../model/flow.ts';
import type { ForwardingMethod } from '../../model/ipvs-tracking.ts';
import { addressedName, markedName, readServerAddress, type ServerAddress } from './addresses.ts';
import type { ServerLine } from './server-line.ts';

const SERVICES: Readonly<Record<string, TransportProtocol>> = { '-t': 'tcp', '-u': 'udp', '--sctp-service': 'sctp' };
const METHODS: Readonly<Record<string, ForwardingMethod>> = { '-m': 'nat', '-i': 'tunnel', '-g': 'direct' };
/** Options with a value, and those without. Source: ipvsadm.c print_service_entry, parse_options. */
const VALUED = new Set([
  '-s',
  '-p',
  '-M',
  '-b',
  '--pe',
  '-pe',
  '-r',
  '-w',
  '-x',
  '-y',
  '--tun-type',
  '--tun-port',
  '-f',
]);
const FLAGS = new Set(['-o', '-6', '-m', '-i', '-g', '--tun-nocsum', '--tun-csum', '--tun-remcsum']);

/** Which packets the virtual server of a line takes. */
type Taken =
  | { readonly protocol: TransportProtocol; readonly at: ServerAddress }
  | { readonly mark: number; readonly family: Family };

/** A line of `ipvsadm -Sn`: `-A -t 10.96.0.10:80 -s rr`, `-a -t 10.96.0.10:80 -r 10.244.0.11:8080 -m -w 1`. */
export function readSaveLine(raw: string): ServerLine {
  const [command, ...words] = raw.trim().split(/ +/);
  if (command !== '-A' && command !== '-a') return problem(`${command ?? ''} is no line of an ipvsadm -Sn`);
  const options = new Map<string, string>();
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (FLAGS.has(word)) options.set(word, '');
    else if (VALUED.has(word) || Object.hasOwn(SERVICES, word)) options.set(word, words[(at += 1)] ?? '');
    else return problem(`option ${word} is not understood`);
  }
  const taken = readTaken(options);
  if (taken === undefined)
    return problem('which packets the virtual server takes is not understood (is it from ipvsadm -Sn?)');
  return command === '-A' ? virtualServer(taken, options) : realServer(taken, options);
}

function problem(text: string): ServerLine {
  return { kind: 'problem', problem: text };
}

function readTaken(options: ReadonlyMap<string, string>): Taken | undefined {
  const mark = options.get('-f');
  if (mark !== undefined) {
    return /^\d{1,10}$/.test(mark) && mark !== '0'
      ? { mark: Number(mark), family: options.has('-6') ? 6 : 4 }
      : undefined;
  }
  for (const [option, protocol] of Object.entries(SERVICES)) {
    const text = options.get(option);
    const at = text === undefined ? undefined : readServerAddress(text, false);
    if (at !== undefined) return { protocol, at };
  }
  return undefined;
}

function nameOf(taken: Taken): string {
  return 'at' in taken ? addressedName(taken.protocol, taken.at) : markedName(taken.mark, taken.family);
}

function virtualServer(taken: Taken, options: ReadonlyMap<string, string>): ServerLine {
  const scheduler = options.get('-s');
  if (scheduler === undefined || scheduler === '') return problem('the virtual server has no scheduler');
  const seconds = options.get('-p');
  if (seconds !== undefined && !/^\d{1,10}$/.test(seconds)) return problem(`-p ${seconds} is no number of seconds`);
  const family = 'at' in taken ? taken.at.family : taken.family;
  const engine = options.get('--pe') ?? options.get('-pe');
  return {
    kind: 'virtual',
    server: {
      name: nameOf(taken),
      family,
      protocol: 'at' in taken ? taken.protocol : null,
      address: 'at' in taken ? taken.at.address : null,
      port: 'at' in taken ? taken.at.port : 0,
      mark: 'at' in taken ? 0 : taken.mark,
      scheduler,
      schedulerFlags: (options.get('-b') ?? '').split(',').filter((flag) => flag !== ''),
      onePacket: options.has('-o'),
      persistence: seconds === undefined ? null : { seconds: Number(seconds), mask: options.get('-M') ?? 'all' },
      ordered: false,
      notUnderstood: engine === undefined ? null : `persistence engine ${engine} is not evaluated`,
    },
  };
}

function realServer(taken: Taken, options: ReadonlyMap<string, string>): ServerLine {
  const at = readServerAddress(options.get('-r') ?? '', false);
  const weight = options.get('-w') ?? '1';
  const [method] = Object.keys(METHODS).flatMap((option) => (options.has(option) ? (METHODS[option] ?? []) : []));
  if (at === undefined) return problem(`the address of the real server is not understood (is it from ipvsadm -Sn?)`);
  if (method === undefined) return problem('the forwarding method of the real server is not understood');
  if (!/^\d{1,10}$/.test(weight)) return problem(`-w ${weight} is no weight`);
  const tunnel = options.get('--tun-type') ?? 'ipip';
  const threshold = options.get('-x');
  return {
    kind: 'real',
    of: nameOf(taken),
    server: {
      address: at.address,
      port: at.port,
      method,
      weight: Number(weight),
      upperThreshold: threshold === undefined ? null : Number(threshold),
      notUnderstood: method === 'tunnel' && tunnel !== 'ipip' ? `tunnels of type ${tunnel} are not evaluated` : null,
    },
  };
}
