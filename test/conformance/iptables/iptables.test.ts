import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../routing/random.ts';
import { generateCase, HOOKS, type Case } from './generate.ts';
import { type Ground, prepareGrounds } from '../netfilter/ground.ts';
import { wasSent } from '../netfilter/lab.ts';
import { loadIptables } from '../netfilter/load-iptables.ts';
import { KernelLog, legacyRules, readLegacyTraces, switchTracingOn } from './legacy-trace.ts';
import { compareResult, compareTrace, environmentOf, predict, type Router } from '../netfilter/predict.ts';
import { type Held, tell, Tally, UNDETERMINED_LIMIT } from '../netfilter/tally.ts';
import { Monitor, readTraces, ruleOrdinals, traceOf, watch } from '../netfilter/trace.ts';

const PROBES_PER_RULESET = 16;

let grounds: readonly Ground[] = [];

beforeAll(async () => {
  grounds = await prepareGrounds(`kr-ipt-${process.pid}`);
  for (const { lab } of grounds) watch(lab);
}, 60_000);

afterAll(() => {
  for (const { lab } of grounds) lab.remove();
});

/** Flushing a table leaves its policies: they have to be said. */
const EMPTY = Object.entries(HOOKS)
  .map(
    ([table, hooks]) => `*${table}\n${hooks.map((hook) => `:${hook.toUpperCase()} ACCEPT [0:0]\n`).join('')}COMMIT\n`,
  )
  .join('');

/** @returns undefined when nothing is left of the case */
function load({ lab, routing, sets }: Ground, one: Case, tally: Tally): Router | undefined {
  for (const backend of ['nft', 'legacy'] as const) lab.load(EMPTY, one.family, backend);
  const loaded = loadIptables(lab, one.rules, one.family, one.backend, (refusal) => {
    tell(`refused: ${refusal}`);
  });
  if (loaded === undefined) return undefined;
  tally.refused += loaded.refused;
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

/** What the kernel logs of legacy rules tells nothing of namespaces: one ruleset at a time. */
let legacyTurn: Promise<void> = Promise.resolve();

async function runSeed(ground: Ground, seed: number, tally: Tally): Promise<void> {
  const generate = (random: Random): Case => generateCase(random, PROBES_PER_RULESET, ground.lab.sets, seed);
  const { family, backend } = generate(new Random(seed));
  const run = (): Promise<void> =>
    tally.hold({ seed, name: `IPv${family} ${backend}` }, () => {
      const random = new Random(seed);
      return runCase(ground, generate(random), random, tally);
    });
  if (backend !== 'legacy') return run();
  const turn = legacyTurn.then(run);
  // Whoever waits for this one fails with it, and no other.
  legacyTurn = turn.catch(() => undefined);
  return turn;
}

async function runCase(ground: Ground, one: Case, random: Random, tally: Tally): Promise<readonly Held[]> {
  const { lab } = ground;
  const router = load(ground, one, tally);
  if (router === undefined) return [];
  tally.rulesets += 1;
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
  const held: Held[] = [];
  for (const [at, probe] of one.probes.entries()) {
    // A port that is not known leaves rules open that do not change the answer, and so stand in the kernel's list alone.
    const ephemeral = random.chance(0.2);
    const outcomes = predict(router, probe, one.family, ephemeral);
    const result = results[at]!;
    if (!wasSent(result)) continue;
    const problem =
      compareTrace(router, outcomes, traceOf(traces, probe), !ephemeral, legacy) ??
      (await compareResult(lab, router, probe, outcomes, result));
    held.push({ probe, result, outcomes, problem, rules: `${saved}\n${text}\n${logged}` });
  }
  return held;
}

describe('iptables against the kernel', () => {
  it('walks packets through random rulesets as the kernel does', { timeout: 7_200_000 }, async () => {
    const tally = new Tally('iptables');
    await tally.fill(grounds, (ground, seed) => runSeed(ground, seed, tally));
    const { disagreements, undetermined } = tally.close();
    expect(disagreements).toEqual([]);
    expect(undetermined).toBeLessThan(UNDETERMINED_LIMIT);
  });
});
