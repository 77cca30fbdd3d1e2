import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TraversalOutcome } from '../../../src/model/netfilter.ts';
import type { NftRuleset } from '../../../src/model/nftables.ts';
import { divideBaseChains } from '../../../src/parse/nftables/foreign-chains.ts';
import { parseNftJson } from '../../../src/parse/nftables/json-ruleset.ts';
import { parseNftText } from '../../../src/parse/nftables/text-ruleset.ts';
import { type Ground, prepareGrounds } from '../netfilter/ground.ts';
import { type Lab, wasSent } from '../netfilter/lab.ts';
import { loadIptables } from '../netfilter/load-iptables.ts';
import { compareResult, compareTrace, environmentOf, placeKey, predict, type Router } from '../netfilter/predict.ts';
import { type Held, tell, Tally, UNDETERMINED_LIMIT } from '../netfilter/tally.ts';
import { Monitor, readTraces, ruleOrdinals, traceOf, watch } from '../netfilter/trace.ts';
import { Random } from '../routing/random.ts';
import { generateCase, type Case } from './generate.ts';

const PROBES_PER_RULESET = 24;
const MOST_REFUSALS = 60;
/** The answers of more ends than this are not followed. */
const MOST_ENDS = 40;

let grounds: readonly Ground[] = [];

beforeAll(async () => {
  grounds = await prepareGrounds(`kr-nft-${process.pid}`);
}, 60_000);

afterAll(() => {
  for (const { lab } of grounds) lab.remove();
});

/**
 * Loads a case, without the rules that nft or the kernel will not have.
 * @returns undefined when nothing is left of it
 */
function load({ lab, routing, sets }: Ground, one: Case, seed: number, tally: Tally): Router | undefined {
  const lines = one.rules.split('\n');
  const apply = (): string => {
    const { status, stderr } = lab.spawn('nft', ['-f', '-'], `flush ruleset\n${lines.join('\n')}`);
    return status === 0 ? '' : stderr || 'nft failed';
  };
  let problem = apply();
  for (let attempt = 0; problem !== '' && attempt < MOST_REFUSALS; attempt += 1) {
    // The first line is that of `flush ruleset`.
    const places = [...problem.matchAll(/\/dev\/stdin:(\d+):/g)].map((match) => Number(match[1]) - 2);
    const rules = places.filter((at) => isRule(lines[at] ?? ''));
    // After the first rule that the kernel will not have, it has none of those that lead there either.
    const refused = problem.includes('Could not process') ? rules.slice(0, 1) : rules;
    if (refused.length === 0) throw new Error(`seed ${seed}: nft: ${problem}`);
    tell(`refused: ${refused.map((at) => lines[at]).join(' | ')}: ${problem}`);
    tally.refused += refused.length;
    for (const at of refused) lines[at] = '#';
    problem = apply();
  }
  if (problem !== '') return undefined;
  watch(lab);
  const iptables =
    one.iptables === null
      ? undefined
      : loadIptables(lab, one.iptables, one.family, 'nft', (refusal) => {
          tell(`refused: ${refusal}`);
        });
  tally.refused += iptables?.refused ?? 0;
  lab.spawn('conntrack', ['-F'], '');
  const ruleset = read(lab, seed);
  return {
    rulesets: iptables === undefined ? [ruleset] : [iptables.ruleset, ruleset],
    environment: environmentOf(routing[one.family], sets),
    ordinals: new Map([...ordinalsOf(lab, ruleset), ...(iptables?.ordinals ?? [])]),
  };
}

function isRule(line: string): boolean {
  return line !== '' && line !== '#' && line !== '}' && !/^(?:table|chain|set|map|type) /.test(line);
}

/** Reads what the kernel has in one form or the other. The table that watches is not among the rules that are asked about. */
function read(lab: Lab, seed: number): NftRuleset {
  const form = seed % 2 === 0 ? 'json' : 'text';
  const { stdout } = lab.spawn('nft', form === 'json' ? ['-j', 'list', 'ruleset'] : ['list', 'ruleset'], '');
  const artefact = { name: `nft-ruleset.${form}`, capturedAt: null, bytes: Buffer.from(stdout) };
  const { value, gaps } = form === 'json' ? parseNftJson(artefact) : parseNftText(artefact);
  expect(gaps).toEqual([]);
  const { foreign } = divideBaseChains(value.baseChains);
  return { ...value, baseChains: foreign.filter((chain) => chain.table !== 'watch') };
}

function ordinalsOf(lab: Lab, ruleset: NftRuleset): ReadonlyMap<string, string> {
  const chains = new Set([...ruleOrdinals(lab).keys()].map((key) => key.slice(0, key.lastIndexOf(' '))));
  const ordinals = new Map<string, string>();
  for (const key of chains) {
    const [family = '', name = '', chain = ''] = key.split(' ');
    const table = ruleset.tables.find((one) => one.family === family && one.name === name);
    for (const [ordinal, { evidence }] of (table?.rules(chain) ?? []).entries()) {
      ordinals.set(placeKey(evidence), `${name} ${chain} ${ordinal}`);
    }
  }
  return ordinals;
}

function runSeed(ground: Ground, seed: number, tally: Tally): Promise<void> {
  const generate = (random: Random): Case => generateCase(random, PROBES_PER_RULESET, seed, ground.lab.sets);
  const { family } = generate(new Random(seed));
  return tally.hold({ seed, name: `IPv${family}` }, () => {
    const random = new Random(seed);
    return runCase(ground, generate(random), seed, random, tally);
  });
}

async function runCase(
  ground: Ground,
  one: Case,
  seed: number,
  random: Random,
  tally: Tally,
): Promise<readonly Held[]> {
  const { lab } = ground;
  const router = load(ground, one, seed, tally);
  if (router === undefined) return [];
  tally.rulesets += 1;
  const monitor = new Monitor(lab);
  await monitor.listening(lab);
  const listing = lab.spawn('nft', ['-a', 'list', 'ruleset'], '').stdout;
  const results = await Promise.all(one.probes.map((probe) => lab.probe(probe)));
  await monitor.settle();
  const text = await monitor.stop();
  const traces = readTraces(text, ruleOrdinals(lab));
  const held: Held[] = [];
  for (const [at, probe] of one.probes.entries()) {
    // A port that is not known leaves rules open that do not change the answer, and so stand in the kernel's list alone.
    const ephemeral = random.chance(0.2);
    const outcomes = predict(router, probe, one.family, ephemeral);
    const result = results[at]!;
    if (!wasSent(result)) continue;
    const ends = distinctEnds(outcomes);
    const problem =
      compareTrace(router, outcomes, traceOf(traces, probe), !ephemeral, false) ??
      (ends.length > MOST_ENDS ? null : await compareResult(lab, router, probe, ends, result));
    held.push({ probe, result, outcomes, problem, rules: `${listing}\n${text}` });
  }
  return held;
}

/** One outcome for each way that the packet may leave: chance and conditions lead to the same ones many times. */
function distinctEnds(outcomes: readonly TraversalOutcome[]): readonly TraversalOutcome[] {
  const ends = new Map<string, TraversalOutcome>();
  for (const outcome of outcomes) {
    const { verdict, flow, route, rejectWith } = outcome;
    ends.set(JSON.stringify([verdict, flow, route?.device, rejectWith]), outcome);
  }
  return [...ends.values()];
}

describe('nftables against the kernel', () => {
  it('walks packets through random rulesets as the kernel does', { timeout: 7_200_000 }, async () => {
    const tally = new Tally('nftables');
    await tally.fill(grounds, (ground, seed) => runSeed(ground, seed, tally));
    const { disagreements, undetermined } = tally.close();
    expect(disagreements).toEqual([]);
    expect(undetermined).toBeLessThan(UNDETERMINED_LIMIT);
  });
});
