/**
 * A real server takes no new connection while it has as many as its upper threshold says, until they are fewer than the lower one.
 * `ipvsadm -Sn` leaves thresholds out, so that an answer can but suppose that none is reached, and must say so.
 */
import { beforeAll, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import type { Explanation } from '../../../src/model/explanation.ts';
import type { Facts } from '../../../src/model/facts.ts';
import type { DirectorLab } from '../../lab/ipvs-guest/director-lab.ts';
import { ask } from '../../sample-facts.ts';
import { type DirectorFacts, startDirector } from './director-facts.ts';

const VIRTUAL = '10.98.10.1:80';
const CLIENT = '10.98.1.2';
const SERVERS = [
  `-A -t ${VIRTUAL} -s rr`,
  `-a -t ${VIRTUAL} -r 10.98.2.11:8080 -m -w 1 -x 2 -y 1`,
  `-a -t ${VIRTUAL} -r 10.98.2.12:8080 -m -w 1`,
  '',
].join('\n');
const SUPPOSED = `no real server of tcp ${VIRTUAL} has reached an upper threshold (the listing shows none)`;

let lab: DirectorLab;
let facts: DirectorFacts;
beforeAll(async () => {
  ({ lab, facts } = await startDirector());
  await lab.clear();
  return () => lab.stop();
}, 600_000);

/** Opens connections that stay. @returns who answered */
async function open(count: number): Promise<readonly (string | undefined)[]> {
  const probe = { protocol: 'tcp', destination: '10.98.10.1', port: 80, patience: 20_000, count, hold: true } as const;
  return (await lab.probe('client', probe)).map(({ seen }) => seen?.name);
}

function answer(of: Facts): Explanation {
  return explain(of, ask(CLIENT, `tcp://${VIRTUAL}`, { node: 'director' }));
}

function told({ branches }: Explanation): readonly (string | null | undefined)[] {
  return branches.map(({ backend, disposition }) => backend?.node ?? disposition).toSorted();
}

it('below the threshold, what is supposed holds', async () => {
  expect(await lab.load({ ipvs: SERVERS })).toBe('');
  const before = answer(await facts.now());
  expect(before.coverage.assumed).toContain(SUPPOSED);
  expect(told(before)).toEqual(['real1', 'real2']);
  expect(new Set(await open(4))).toEqual(new Set(['real1', 'real2']));
});

it('at the threshold it does not: the same listing, the same answer, and what it supposes is not so', async () => {
  expect(await lab.guest.run('director', ['ipvsadm', '-Ln', '--thresholds'])).toMatch(/10\.98\.2\.11:8080 +2 +1 +2 /);
  const { coverage } = answer(await facts.now());
  expect(coverage.assumed).toContain(SUPPOSED);
  expect(new Set(await open(3))).toEqual(new Set(['real2']));
});

it('a listing that shows the threshold leaves the answer open', async () => {
  const shown = answer(await facts.now({ 'ipvsadm-save.txt': () => SERVERS }));
  expect(shown.verdict).toBe('undetermined');
  expect(shown.branches[0]?.reason).toContain('whether real server 10.98.2.11:8080 has reached its upper threshold');
});

it('below the lower threshold it takes connections again', async () => {
  expect(await lab.guest.release()).toBe(7);
  // A connection that was reset counts no more once its entry has changed state.
  await expect.poll(() => open(2), { timeout: 60_000, interval: 1000 }).toContain('real1');
});
