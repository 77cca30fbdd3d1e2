import { parseAddress } from '../../model/address.ts';
import { newFlow, type Flow, type Tracking, type TransportProtocol } from '../../model/flow.ts';

/** A packet as a person describes it, by the names of the flags; members beside these are given back with the answer. */
export interface PacketDescription {
  readonly src?: unknown;
  readonly dst?: unknown;
  readonly dport?: unknown;
  readonly sport?: unknown;
  readonly protocol?: unknown;
  readonly hook?: unknown;
  readonly 'in-interface'?: unknown;
  readonly uid?: unknown;
  readonly gid?: unknown;
  readonly mark?: unknown;
  readonly state?: unknown;
}

/** A packet that can be walked. */
export interface PacketFlow {
  readonly flow: Flow;
  /** The hook that it meets first; `auto`: as its source says. */
  readonly hook: 'auto' | 'prerouting' | 'output';
}

const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const satisfies readonly TransportProtocol[];
const HOOKS = ['auto', 'prerouting', 'output'] as const;
const STATES = ['new', 'established', 'reply', 'related', 'invalid', 'untracked'] as const;
const PORT_MAX = 65_535;
const WORD_MAX = 0xffffffff;

type State = (typeof STATES)[number];

/** What is wrong with a description: one clause. */
class DescriptionError extends Error {}

/**
 * Reads a description of a packet: `src`, `dst` and `dport`, the rest optional.
 * @param defaults what holds where the description says nothing
 * @returns a clause that says what is wrong with it
 */
export function readPacketFlow(value: unknown, defaults: PacketDescription = {}): PacketFlow | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'a flow is a JSON object';
  try {
    return packetFlow({ ...defaults, ...value });
  } catch (error) {
    if (error instanceof DescriptionError) return error.message;
    throw error;
  }
}

function packetFlow(description: PacketDescription): PacketFlow {
  const source = address('src', description.src);
  const destination = address('dst', description.dst);
  if (source.family !== destination.family) throw new DescriptionError('src and dst are of different families');
  const destinationPort = number('dport', description.dport, 1, PORT_MAX);
  if (destinationPort === undefined) throw new DescriptionError('dport is missing');
  const uid = number('uid', description.uid, 0, WORD_MAX);
  const gid = number('gid', description.gid, 0, WORD_MAX);
  const flow = newFlow({
    family: source.family,
    protocol: oneOf('protocol', description.protocol, PROTOCOLS) ?? 'tcp',
    source: source.text,
    sourcePort: number('sport', description.sport, 1, PORT_MAX) ?? null,
    destination: destination.text,
    destinationPort,
    inInterface: text('in-interface', description['in-interface']),
    mark: number('mark', description.mark, 0, WORD_MAX) ?? 0,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
  const state = oneOf('state', description.state, STATES) ?? 'new';
  return {
    flow: { ...flow, tracking: tracked(flow, state) },
    hook: oneOf('hook', description.hook, HOOKS) ?? 'auto',
  };
}

/** What conntrack knows of a packet in that state; its connection is not translated. */
function tracked({ tracking }: Flow, state: State): Tracking {
  switch (state) {
    case 'reply':
      return {
        ...tracking,
        state: 'ESTABLISHED',
        direction: 'REPLY',
        originalSource: tracking.originalDestination,
        originalSourcePort: tracking.originalDestinationPort,
        originalDestination: tracking.originalSource,
        originalDestinationPort: tracking.originalSourcePort,
        replySource: tracking.originalSource,
        replySourcePort: tracking.originalSourcePort,
        replyDestination: tracking.originalDestination,
        replyDestinationPort: tracking.originalDestinationPort,
      };
    case 'new':
      return tracking;
    case 'established':
      return { ...tracking, state: 'ESTABLISHED' };
    case 'related':
      return { ...tracking, state: 'RELATED' };
    case 'invalid':
      return { ...tracking, state: 'INVALID' };
    case 'untracked':
      return { ...tracking, state: 'UNTRACKED' };
  }
}

function address(name: string, value: unknown) {
  const given = text(name, value);
  if (given === undefined) throw new DescriptionError(`${name} is missing`);
  const parsed = parseAddress(given);
  if (parsed === undefined) throw new DescriptionError(`${name} is no IP address: ${JSON.stringify(given)}`);
  return parsed;
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new DescriptionError(`${name} is no text`);
  return value;
}

/** A number, or a text of one; hexadecimal with `0x`. */
function number(name: string, value: unknown, from: number, to: number): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const read = typeof value === 'string' && /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(value) ? Number(value) : value;
  if (typeof read === 'number' && Number.isInteger(read) && read >= from && read <= to) return read;
  throw new DescriptionError(`${name} is no number from ${from} to ${to}: ${JSON.stringify(value)}`);
}

function oneOf<const Option extends string>(
  name: string,
  value: unknown,
  options: readonly Option[],
): Option | undefined {
  const given = text(name, value)?.toLowerCase();
  if (given === undefined) return undefined;
  const found = options.find((option) => option === given);
  if (found === undefined)
    throw new DescriptionError(`${name} is none of ${options.join(', ')}: ${JSON.stringify(value)}`);
  return found;
}
