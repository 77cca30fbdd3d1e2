/**
 * Random virtual servers, loaded into a real IPVS (the guest kernel), and real connections to them: who answers, and what that one sees,
 * must be what `explain` says of the same tables, read before. KUBECTL_REACH_CASES: how many; KUBECTL_REACH_SEED: the first.
 */
import { beforeAll, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import type { Branch, Explanation } from '../../../src/model/explanation.ts';
import type { Facts } from '../../../src/model/facts.ts';
import type { DirectorLab } from '../../lab/ipvs-guest/director-lab.ts';
import type { GuestProbeResult } from '../../lab/ipvs-guest/guest.ts';
import { ask } from '../../sample-facts.ts';
import { Random } from '../routing/random.ts';
import { type DirectorFacts, startDirector } from './director-facts.ts';
import { generateIpvsCase, type IpvsCase, type IpvsProbe, SourcePorts } from './generate.ts';

const CASES = Number(process.env['KUBECTL_REACH_CASES'] ?? 40);
const FIRST_SEED = Number(process.env['KUBECTL_REACH_SEED'] ?? 1);
const UNDETERMINED_LIMIT = 0.01;

let lab: DirectorLab;
let facts: DirectorFacts;
beforeAll(async () => {
  ({ lab, facts } = await startDirector());
  return () => lab.stop();
}, 600_000);

/** What is counted over all cases. */
const counts = { connections: 0, exact: 0, rounds: 0, kept: 0, undetermined: 0 };
const reasons = new Map<string, number>();

it('random virtual servers', { timeout: 3_600_000 }, async () => {
  const ports = new SourcePorts();
  const problems: string[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed += 1) {
    const one = generateIpvsCase(new Random(seed), ports);
    await lab.clear();
    expect(await lab.load(one.rules), `seed ${seed}\n${one.rules.ipvs}`).toBe('');
    const told = await runCase(one, ports);
    problems.push(
      ...told.map((problem) => `seed ${seed}: ${problem}\n${one.rules.sysctl?.join(' ')}\n${one.rules.ipvs}`),
    );
  }
  process.stdout.write(
    `ipvs: ${counts.connections} connections in ${CASES} cases from seed ${FIRST_SEED}: ${counts.exact} with one exact answer, ` +
      `${counts.rounds} whole rounds of rr and wrr, ${counts.kept} by the table of persistent clients, ` +
      `${counts.undetermined} undetermined, ${problems.length} disagree\n` +
      [...reasons].map(([reason, count]) => `  undetermined: ${count} × ${reason}\n`).join(''),
  );
  expect(problems.slice(0, 10)).toEqual([]);
  expect(counts.undetermined / counts.connections).toBeLessThanOrEqual(UNDETERMINED_LIMIT);
});

async function runCase({ servers }: IpvsCase, ports: SourcePorts): Promise<readonly string[]> {
  const problems: string[] = [];
  const before = await facts.now();
  for (const { scheduler, persistent, probes } of servers) {
    const answers = probes.map((probe) => answerOf(before, probe));
    const seen: string[] = [];
    for (const [at, probe] of probes.entries()) {
      const answer = answers[at] as Explanation;
      const happened = await send(probe, answer);
      seen.push(happened);
      // A persistent client is known from its first connection on; a mask makes others known with it.
      if (at === 0 || !persistent) problems.push(...compare(probe, answer, happened));
    }
    const inTurn = (scheduler === 'rr' || scheduler === 'wrr') && !persistent;
    if (inTurn) problems.push(...compareRound(answers, seen));
    if (persistent) problems.push(...(await compareKept(probes, ports)));
  }
  return problems;
}

function answerOf(of: Facts, { protocol, source, sourcePort, destination, port }: IpvsProbe): Explanation {
  const host = destination.includes(':') ? `[${destination}]` : destination;
  return explain(of, ask(source, `${protocol}://${host}:${port}`, { sourcePort, node: 'director' }));
}

/** Milliseconds: silence is waited for long where an answer was foretold, since the guest is slow on a busy machine. */
const PATIENCE = { dropped: 1000, answered: 20_000 };

async function send(probe: IpvsProbe, { branches }: Explanation): Promise<string> {
  const silent = branches.some(({ disposition }) => disposition === 'dropped');
  const patience = PATIENCE[silent ? 'dropped' : 'answered'];
  const [result] = await lab.probe('client', { ...probe, patience, hold: probe.protocol === 'tcp' });
  return inWords(result);
}

function inWords(result: GuestProbeResult | undefined): string {
  if (result?.seen !== undefined) {
    const { name, local, localPort, peer } = result.seen;
    return `${name} at ${local} port ${localPort} from ${peer}`;
  }
  return result?.result === 'ECONNREFUSED' ? 'refused' : result?.result === 'timeout' ? 'dropped' : `${result?.result}`;
}

function foretold({ disposition, backend, observedSource }: Branch): string {
  if (disposition !== 'delivered') return disposition;
  return `${backend?.node} at ${backend?.ip} port ${backend?.port} from ${observedSource}`;
}

function compare(probe: IpvsProbe, { verdict, branches, summary }: Explanation, happened: string): readonly string[] {
  counts.connections += 1;
  const possible = branches.map(foretold);
  if (verdict === 'undetermined') {
    counts.undetermined += 1;
    for (const { disposition, reason } of branches) {
      if (disposition === 'undetermined') reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    return [];
  }
  if (new Set(possible).size === 1) counts.exact += 1;
  if (possible.includes(happened)) return [];
  return [`${JSON.stringify(probe)}\n  happened: ${happened}\n  foretold: ${possible.join(' | ')}\n  ${summary}`];
}

/** One whole round: each real server got exactly its share. */
function compareRound(answers: readonly Explanation[], seen: readonly string[]): readonly string[] {
  const [first] = answers;
  if (first === undefined || answers.some(({ verdict }) => verdict === 'undetermined')) return [];
  counts.rounds += 1;
  const shares = new Map<string, number>();
  for (const [at, { branches }] of answers.entries()) {
    for (const branch of branches) {
      const who = foretold(branch).split(' ')[0] ?? '';
      shares.set(who, (shares.get(who) ?? 0) + branch.probability);
      if (at === 0 && branch.condition !== null) return [`rr and wrr suppose nothing: ${branch.condition}`];
    }
  }
  const got = new Map<string, number>();
  for (const one of seen) got.set(one.split(' ')[0] ?? '', (got.get(one.split(' ')[0] ?? '') ?? 0) + 1);
  const wrong = [...shares].filter(([who, share]) => Math.abs((got.get(who) ?? 0) - share) > 1e-6);
  return wrong.map(
    ([who, share]) => `${who} was to have ${share} connections of ${seen.length}, and had ${got.get(who) ?? 0}`,
  );
}

/** Once clients are known, the table of connections tells exactly where each goes. */
async function compareKept(probes: readonly IpvsProbe[], ports: SourcePorts): Promise<readonly string[]> {
  const after = await facts.now();
  const problems: string[] = [];
  for (const probe of probes) {
    const again = { ...probe, sourcePort: ports.next() };
    const answer = answerOf(after, again);
    if (answer.verdict !== 'undetermined' && new Set(answer.branches.map(foretold)).size !== 1) {
      problems.push(`a known client has more than one answer: ${JSON.stringify(again)}: ${answer.summary}`);
    }
    counts.kept += 1;
    problems.push(...compare(again, answer, await send(again, answer)));
  }
  return problems;
}
