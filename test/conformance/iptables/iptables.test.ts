import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Family } from '../../../src/model/address.ts';
import type { RoutingTables } from '../../../src/evaluate/routing/routing-tables.ts';
import type { IpSet } from '../../../src/model/network-namespace.ts';
import { parseIpsetSave } from '../../../src/parse/ipset-save/ipset-save.ts';
import { Random } from '../routing/random.ts';
import { generateCase, HOOKS, type Case } from './generate.ts';
import { Lab, type Probe } from '../netfilter/lab.ts';
import { loadIptables } from '../netfilter/load-iptables.ts';
import { KernelLog, legacyRules, readLegacyTraces, switchTracingOn } from './legacy-trace.ts';
import { compareResult, compareTrace, environmentOf, predict, type Router } from '../netfilter/predict.ts';
import { Monitor, readTraces, ruleOrdinals, watch, type Trace } from '../netfilter/trace.ts';

/** Packets in all (KUBECTL_REACH_PACKETS), and the seed of the first ruleset (KUBECTL_REACH_SEED). */
const PACKETS = Number(process.env['KUBECTL_REACH_PACKETS'] ?? 2000);
const FIRST_SEED = Number(process.env['KUBECTL_REACH_SEED'] ?? 1);
const VERBOSE = process.env['KUBECTL_REACH_VERBOSE'] !== undefined;
const PROBES_PER_RULESET = 16;
const UNDETERMINED_LIMIT = 0.05;

interface Counts {
  packets: number;
  rulesets: number;
  refused: number;
  undetermined: number;
  answered: number;
  readonly disagreements: string[];
  readonly reasons: Map<string, number>;
}

let lab!: Lab;
let sets: ReadonlyMap<string, IpSet>;
let routing: Readonly<Record<Family, RoutingTables>>;

beforeAll(async () => {
  lab = new Lab(`kr-ipt-${process.pid}`);
  await lab.ready();
  watch(lab);
  sets = parseIpsetSave({
    name: 'ipset-save.txt',
    capturedAt: null,
    bytes: Buffer.from(lab.router.execute('ipset', 'save')),
  }).value;
  routing = { 4: lab.router.tables(4), 6: lab.router.tables(6) };
}, 60_000);

afterAll(() => {
  lab.remove();
});

/** Flushing a table leaves its policies: they have to be said. */
const EMPTY = Object.entries(HOOKS)
  .map(
    ([table, hooks]) => `*${table}\n${hooks.map((hook) => `:${hook.toUpperCase()} ACCEPT [0:0]\n`).join('')}COMMIT\n`,
  )
  .join('');

/** @returns undefined when nothing is left of the case */
function load(one: Case, counts: Counts): Router | undefined {
  for (const backend of ['nft', 'legacy'] as const) lab.load(EMPTY, one.family, backend);
  const loaded = loadIptables(lab, one.rules, one.family, one.backend, (refusal) => {
    if (VERBOSE) process.stdout.write(`refused: ${refusal}\n`);
  });
  if (loaded === undefined) return undefined;
  counts.refused += loaded.refused;
  lab.spawn('conntrack', ['-F'], '');
  const { ruleset, ordinals } = loaded;
  return { rulesets: [ruleset], environment: environmentOf(routing[one.family], sets), ordinals };
}

/** How many rules each `table chain` has. */
function chainLengths({ ordinals }: Router): ReadonlyMap<string, number> {
  const lengths = new Map<string, number>();
  for (const ordinal of ordinals.values()) {
    const chain = ordinal.slice(0, ordinal.lastIndexOf(' '));
    lengths.set(chain, (lengths.get(chain) ?? 0) + 1);
  }
  return lengths;
}

function traceOf(traces: readonly Trace[], probe: Probe): Trace | undefined {
  return traces.find(
    ({ first }) =>
      first.source === probe.source &&
      first.sourcePort === probe.sourcePort &&
      first.destination === probe.destination &&
      first.destinationPort === probe.destinationPort,
  );
}

async function runSeed(seed: number, counts: Counts): Promise<void> {
  const random = new Random(seed);
  const one = generateCase(random, PROBES_PER_RULESET, lab.sets, seed);
  const router = load(one, counts);
  if (router === undefined) return;
  counts.rulesets += 1;
  const legacy = one.backend === 'legacy';
  const saved = lab.save(one.family, one.backend).toString();
  if (legacy) switchTracingOn(lab, one.family);
  const log = legacy ? new KernelLog() : undefined;
  await log?.listening();
  const monitor = new Monitor(lab);
  await monitor.listening(lab);
  const results = await Promise.all(one.probes.map((probe) => lab.probe(probe)));
  await monitor.settle();
  const text = await monitor.stop();
  const logged = (await log?.stop()) ?? '';
  const legacyTraces = readLegacyTraces(logged, chainLengths(router));
  const traces = readTraces(text, ruleOrdinals(lab)).map((trace) =>
    legacy ? { ...trace, rules: legacyRules(legacyTraces, trace.first) ?? ['not logged'] } : trace,
  );
  for (const [at, probe] of one.probes.entries()) {
    // A port that is not known leaves rules open that do not change the answer, and so stand in the kernel's list alone.
    const ephemeral = random.chance(0.2);
    const outcomes = predict(router, probe, one.family, ephemeral);
    // The sender's own kernel would not have it: no packet left.
    if (['EADDRNOTAVAIL', 'EADDRINUSE'].includes(results[at]!.result)) continue;
    counts.packets += 1;
    const open = outcomes.filter((outcome) => outcome.verdict === 'undetermined');
    const problem = compareTrace(router, outcomes, traceOf(traces, probe), !ephemeral, legacy);
    const seen = problem ?? compareResult(router, probe, outcomes, results[at]!);
    if (results[at]!.result === 'answered') counts.answered += 1;
    if (seen === null) continue;
    if (open.length > 0) {
      counts.undetermined += 1;
      const reason = (open[0]?.unknown?.reason ?? '').replaceAll(/[\d.:a-f]{4,}/g, 'X');
      counts.reasons.set(reason, (counts.reasons.get(reason) ?? 0) + 1);
      continue;
    }
    const { source, sourcePort, destination, destinationPort } = probe;
    const asked = `${probe.sender} ${probe.protocol} ${source}:${sourcePort} > ${destination}:${destinationPort}`;
    counts.disagreements.push(`seed ${seed} IPv${one.family} ${one.backend}: ${asked}\n  ${seen}`);
    keep(seed, `${saved}\n${text}\n${logged}`);
  }
}

/** Leaves a ruleset that we read otherwise than the kernel where it can be looked at. */
function keep(seed: number, rules: string): void {
  const folder = process.env['KUBECTL_REACH_KEEP'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `seed-${seed}.txt`), rules);
}

describe('iptables against the kernel', () => {
  it('walks packets through random rulesets as the kernel does', { timeout: 7_200_000 }, async () => {
    const counts: Counts = {
      packets: 0,
      rulesets: 0,
      refused: 0,
      undetermined: 0,
      answered: 0,
      disagreements: [],
      reasons: new Map(),
    };
    for (let seed = FIRST_SEED; counts.packets < PACKETS; seed += 1) await runSeed(seed, counts);
    const reasons = [...counts.reasons]
      .toSorted((a, b) => b[1] - a[1])
      .map(([reason, count]) => `  undetermined: ${count} × ${reason}\n`);
    process.stdout.write(
      `iptables: ${counts.packets} packets through ${counts.rulesets} rulesets (${counts.refused} rules refused), ` +
        `${counts.answered} answered, ${counts.undetermined} undetermined (${((100 * counts.undetermined) / counts.packets).toFixed(1)} %), ` +
        `${counts.disagreements.length} disagree; seeds from ${FIRST_SEED}\n${reasons.join('')}`,
    );
    expect(counts.disagreements.slice(0, 10)).toEqual([]);
    expect(counts.undetermined / counts.packets).toBeLessThan(UNDETERMINED_LIMIT);
  });
});
