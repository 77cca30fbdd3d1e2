import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultName, openLab, startLab, type Lab } from '../lab/lab.ts';
import { LabRecord } from '../lab/record.ts';
import type { ProxyMode, Topology } from '../lab/topology/topology.ts';

/** Says in the folder of a lab what suites of this run may take it for. */
const NOTE = 'shared.json';

/**
 * A lab for suites that only ask it, or take away what they put there: whichever suite of a worker comes first starts it, and it stands until
 * a suite of that worker starts another one, or the run ends. vitest.e2e.config.ts lets them follow one another. A suite that is run alone
 * starts its own.
 */
export async function sharedLab(topology: Topology, proxyMode: ProxyMode = 'iptables'): Promise<Lab> {
  const what = JSON.stringify([proxyMode, topology]);
  const note = join(new LabRecord(defaultName()).folder, NOTE);
  if (existsSync(note) && readFileSync(note, 'utf8') === what) return openLab();
  const lab = await startLab(topology, { proxyMode });
  writeFileSync(note, what);
  return lab;
}
