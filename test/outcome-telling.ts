import { sharesOf, takenBy, underOtherNames } from '../src/evaluate/proxies/envoy/walk.ts';
import type { Telling } from '../src/evaluate/proxies/envoy/memory/telling.ts';
import type { EnvoyOutcome } from '../src/model/envoy.ts';

/** Outcomes told as they are. */
export const AS_OUTCOMES: Telling<EnvoyOutcome[]> = {
  tell: (outcomes) => outcomes,
  refill: (outcomes, marks) => (names) => {
    const named = (text: string | null): string | null =>
      text !== null && marks.includes(text) ? (names[marks.indexOf(text)] ?? null) : text;
    return outcomes.map((outcome) => {
      const { virtualHost, route, cluster, ...taken } = takenBy(outcome);
      const own = { ...taken, virtualHost: named(virtualHost), route: named(route), cluster: named(cluster) };
      const shares = sharesOf(outcome)?.map(({ host, share }) => ({ host: named(host) ?? '', share }));
      return underOtherNames(outcome, own, shares ?? null);
    });
  },
};
