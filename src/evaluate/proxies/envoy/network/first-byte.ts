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

/** What is left of a walk beside the outcomes that were earlier, under each condition on which those turned. */
function remainder(walk: Walk, all: readonly EnvoyOutcome[], earlier: readonly EnvoyOutcome[]): Walk[] {
  const own = new Set(walk.conditions);
  const keys = new Set(earlier.flatMap(({ conditions }) => conditions.map(({ key }) => key)));
  const turns = new Map(
    all.map(({ conditions }) => {
      const open = conditions.filter((condition) => keys.has(condition.key) && !own.has(condition));
      return [open.map(({ key, value }) => `${key}=${value}`).join('\n'), open] as const;
    }),
  );
  return [...turns.values()].flatMap((open) => {
    const holds = ({ conditions }: EnvoyOutcome): boolean =>
      conditions.every(
        (one) => own.has(one) || open.some((other) => other.key === one.key && other.value === one.value),
      );
    const share = earlier.filter(holds).reduce((left, { probability }) => left - probability / walk.probability, 1);
    if (share < 1e-12) return [];
    return [open.reduce((supposed, condition) => branch(supposed, 1, condition), branch(walk, share))];
  });
}
