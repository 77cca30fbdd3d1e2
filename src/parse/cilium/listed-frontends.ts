import type { Parsed } from '../../model/artefact.ts';
import { indexCiliumServices, type CiliumFrontend, type CiliumServices } from '../../model/cilium.ts';
import type { GapLog } from '../../model/gap-log.ts';

/** What a list of Cilium's holds. Of one with a gap nobody knows that it is complete. */
export function listedFrontends(artefact: string, all: readonly CiliumFrontend[], log: GapLog): Parsed<CiliumServices> {
  const gaps = log.list();
  const [gap] = gaps;
  const incomplete = gap === undefined ? undefined : { reason: `${artefact}: ${gap.problem}`, evidence: [] };
  return { value: indexCiliumServices(artefact, all, incomplete), gaps };
}
