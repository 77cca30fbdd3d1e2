import type { NumberRange } from '../../model/iptables-rule.ts';
import type { NetfilterEnvironment } from '../../model/netfilter.ts';
import { changeFlow, changeTracking } from './flow-change.ts';
import { unknownPort } from './match/port.ts';
import { suppose } from './suppose.ts';
import { change, type WalkState } from './state.ts';

/** Sets of ports are told apart up to here; more cases than a person would read. */
const MOST_CASES = 12;

/**
 * The packet with its port that is not known between each two of the cuts, as a condition.
 * @param cuts ports at which another case begins
 * @returns undefined when no cut lies within the ports that are possible, or too many do
 */
export function portCases(
  state: WalkState,
  cuts: readonly number[],
  environment: NetfilterEnvironment,
): readonly WalkState[] | undefined {
  const { flow } = state;
  if (flow.sourcePort !== null && flow.destinationPort !== 0) return undefined;
  const range = unknownPort(flow, environment);
  const begins = [...new Set(cuts)].filter((cut) => range.from < cut && cut <= range.to).toSorted((a, b) => a - b);
  if (begins.length === 0 || begins.length >= MOST_CASES) return undefined;
  const address = flow.sourcePort === null ? flow.source : flow.destination;
  const of = flow.tracking.translatedPorts === undefined ? 'own' : 'translated';
  const key = `port:${address}:${of}:${range.from}-${range.to}:${begins.join(',')}`;
  return [range.from, ...begins].flatMap((from, index): WalkState[] => {
    const ports = { from, to: (begins[index] ?? range.to + 1) - 1 };
    const value = ports.from === ports.to ? `${ports.from}` : `${ports.from}-${ports.to}`;
    const supposed = suppose(state, { key, value, subject: { kind: 'source-port', address } });
    return supposed === null ? [] : [withPorts(supposed, ports)];
  });
}

/** The packet, of whose port that is not known more is known, as the tracker also knows it. */
function withPorts(state: WalkState, ports: NumberRange): WalkState {
  const { flow } = state;
  const part = flow.tracking.translatedPorts === undefined ? { originalPorts: ports } : { translatedPorts: ports };
  return change(state, {
    flow: changeFlow(flow, { unknownPort: ports, tracking: changeTracking(flow.tracking, part) }),
  });
}
