import type { Family } from '../../../src/model/address.ts';
import type { IpSet } from '../../../src/model/network-namespace.ts';
import type { RoutingTables } from '../../../src/evaluate/routing/routing-tables.ts';
import { Lab } from './lab.ts';

/** So many rulesets are tried side by side, each in namespaces of its own: most of the time is waiting for what does not come. */
const GROUNDS = Number(process.env['KUBECTL_REACH_GROUNDS'] ?? 2);

/** Namespaces for one ruleset after the other, and what stands in them whatever the rules are. */
export interface Ground {
  readonly lab: Lab;
  readonly sets: ReadonlyMap<string, IpSet>;
  readonly routing: Readonly<Record<Family, RoutingTables>>;
}

/** @param name of this process alone */
export function prepareGrounds(name: string): Promise<readonly Ground[]> {
  return Promise.all(
    Array.from({ length: GROUNDS }, async (_, at) => {
      const lab = new Lab(`${name}-${at}`);
      await lab.ready();
      const routing = { 4: lab.router.tables(4), 6: lab.router.tables(6) };
      return { lab, sets: lab.ipsets(), routing };
    }),
  );
}
