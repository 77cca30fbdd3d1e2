import type { EnvoyEnd, EnvoyOutcome } from '../../../../model/envoy.ts';
import { branch, end } from '../walk.ts';
import type { Walk } from '../walk.ts';

/** Flags of a TCP proxy that has no cluster, no host or no room, and of a rate limit of connections. */
const GIVES_UP = new Set(['NC', 'UH', 'UO', 'URX']);

/**
 * Closes a connection when its first byte arrives, as a filter does that looks at the connection no sooner: filters behind it that
 * decide about the connection itself, as a TCP proxy which looks for its host, may have given up by then.
 * @param decided as the filter that closes leaves it
 * @param behind what becomes of the connection behind that filter
 */
export function closeAtFirstByte(decided: Walk, behind: readonly EnvoyOutcome[], close: EnvoyEnd): EnvoyOutcome[] {
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
