import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultName, openLab, startLab, stopLab, type Lab } from '../lab/lab.ts';
import { LabRecord } from '../lab/record.ts';
import type { ProxyMode, Topology } from '../lab/topology/topology.ts';

/** Says in the folder of a lab what suites of this run may take it for. */
const NOTE = 'shared.json';

/**
 * A lab for suites that only ask it, or take away what they put there: whichever suite of a run comes first starts it, and it stands until a
 * suite starts another one, or the run ends. vitest.e2e.config.ts lets them follow one another. A suite that is run alone starts its own.
 */
export async function sharedLab(topology: Topology, proxyMode: ProxyMode = 'iptables'): Promise<Lab> {
  const what = JSON.stringify([proxyMode, topology]);
  const note = join(new LabRecord(defaultName()).folder, NOTE);
  if (existsSync(note) && readFileSync(note, 'utf8') === what) return openLab();
  const lab = await startLab(topology, { proxyMode });
  writeFileSync(note, what);
  return lab;
}

/** vitest's global setup: no lab of another run is taken for one of this run, and none is left behind. */
export default async function startAndEndWithout(): Promise<() => Promise<void>> {
  await stopLab(defaultName());
  return async () => await stopLab(defaultName());
}
