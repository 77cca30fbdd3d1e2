import type { EnvoyOutcome } from '../../../../model/envoy.ts';

/** How outcomes are told. */
export interface Telling<Told> {
  readonly tell: (outcomes: EnvoyOutcome[]) => Told;
  /**
   * Finds the places of names in what is told, so that it can be told of others.
   * @param told of outcomes in which marks stand for the names of their virtual host, routes, clusters and hosts
   * @param marks each a text that nothing else has
   */
  readonly refill: (told: Told, marks: readonly string[]) => Refill<Told>;
}

/** Tells the same of other names. @param names one for each mark; null: it has none */
export type Refill<Told> = (names: readonly (string | null)[]) => Told;
