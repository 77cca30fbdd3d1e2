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

/** @param name of this process alone @throws what hinders one of them; nothing of the others is left then */
export async function prepareGrounds(name: string): Promise<readonly Ground[]> {
  const labs: Lab[] = [];
  try {
    for (let at = 0; at < GROUNDS; at += 1) labs.push(new Lab(`${name}-${at}`));
    await Promise.all(labs.map((lab) => lab.ready()));
    return labs.map((lab) => ({
      lab,
      sets: lab.ipsets(),
      routing: { 4: lab.router.tables(4), 6: lab.router.tables(6) },
    }));
  } catch (error) {
    for (const lab of labs) lab.remove();
    throw error;
  }
}
