import type { Condition } from '../../../../model/branching.ts';
import type { EnvoyEnd, EnvoyOutcome } from '../../../../model/envoy.ts';
import type { ConnectionContext } from '../context.ts';
import { branch, end } from '../walk.ts';
import type { Walk } from '../walk.ts';

/** Flags of a TCP proxy that has no cluster, no host or no room, and of a rate limit of connections. */
const GIVES_UP = new Set(['NC', 'UH', 'UO', 'URX']);

const SPEAKS = { kind: 'client-speaks' } as const;

/**
 * Closes a connection when its first byte arrives, as a filter does that looks at the connection no sooner. Filters behind it that
 * decide about the connection itself, as a TCP proxy which looks for its host, may have given up by then; and a client that waits for its
 * server to speak first gets to hear that, until it says something itself, or ends.
 * @param decide the step of the filter that closes
 * @param next what becomes of the connection behind that filter
 */
export function closeAtFirstByte(
  context: ConnectionContext,
  walk: Walk,
  decide: (walk: Walk) => Walk,
  next: (walk: Walk) => EnvoyOutcome[],
  close: EnvoyEnd,
): EnvoyOutcome[] {
  if (clientSpeaks(context)) return closeOnArrival(decide(walk), next(walk), close);
  const condition = (value: boolean): Condition => ({ key: 'client-speaks', value, subject: SPEAKS });
  const known = walk.conditions.find(({ key }) => key === 'client-speaks');
  if (known !== undefined) return known.value === true ? closeOnArrival(decide(walk), next(walk), close) : next(walk);
  const speaking = branch(walk, 1, condition(true));
  return [...closeOnArrival(decide(speaking), next(speaking), close), ...next(branch(walk, 1, condition(false)))];
}

/** Whether it is known that the client sends something: HTTP, or a client hello that is passed on. */
function clientSpeaks({ connection, tls }: ConnectionContext): boolean {
  const { request } = connection;
  return request.http !== null || (tls === null && request.tls !== null);
}

function closeOnArrival(decided: Walk, behind: readonly EnvoyOutcome[], close: EnvoyEnd): EnvoyOutcome[] {
  const gaveUp = behind.filter((outcome) => outcome.end.kind === 'close' && GIVES_UP.has(outcome.end.flag ?? ''));
  if (gaveUp.length === 0) return end(decided, close);
  return [...gaveUp, ...remainder(decided, behind, gaveUp).flatMap((left) => end(left, close))];
}

/**
 * What is left of a walk beside the outcomes that were earlier, under each condition on which those turned. Outcomes of other branches, such
 * as those to another cluster, need not turn on the same ones.
 * @param all the outcomes behind, which show every value that a condition may have
 */
function remainder(walk: Walk, all: readonly EnvoyOutcome[], earlier: readonly EnvoyOutcome[]): Walk[] {
  const own = new Set(walk.conditions);
  const valuesOf = (key: string): readonly Condition[] => {
    const found = all.flatMap(({ conditions }) => conditions.filter((one) => one.key === key));
    return [...new Map(found.map((one) => [one.value, one])).values()];
  };
  const leftUnder = (supposed: readonly Condition[]): Walk[] => {
    const isOpen = (one: Condition): boolean => !own.has(one) && !supposed.some(({ key }) => key === one.key);
    const possible = earlier.filter(({ conditions }) =>
      conditions.every((one) => isOpen(one) || own.has(one) || supposed.some((other) => isSame(one, other))),
    );
    const turning = possible.flatMap(({ conditions }) => conditions.filter(isOpen))[0];
    if (turning !== undefined) return valuesOf(turning.key).flatMap((value) => leftUnder([...supposed, value]));
    const share = possible.reduce((left, { probability }) => left - probability / walk.probability, 1);
    if (share < 1e-12) return [];
    return [supposed.reduce((from, condition) => branch(from, 1, condition), branch(walk, share))];
  };
  return leftUnder([]);
}

function isSame(one: Condition, other: Condition): boolean {
  return one.key === other.key && one.value === other.value;
}
