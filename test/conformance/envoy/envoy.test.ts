/**
 * What the evaluator says, held against the real Envoy: random configurations over what it evaluates, run by Envoy, with real
 * requests from several loopback addresses in plaintext and TLS. Our answer is computed from Envoy's own config_dump.
 *
 * ENVOY_CONFORMANCE_REQUESTS sets how many requests are sent, ENVOY_CONFORMANCE_SEED where the random numbers start,
 * ENVOY_VERSIONS names the versions, which take turns, ENVOY_CONFORMANCE_WORLD limits the run to one configuration, ENVOY_CONFORMANCE_KEEP keeps the files that Envoy read.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EnvoyFacts, EnvoyOutcome } from '../../../src/model/envoy.ts';
import { Memory } from '../../../src/evaluate/proxies/envoy/memory/memory.ts';
import { probabilitySums } from '../../../src/model/branching.ts';
import { makeCertificates } from './certificates.ts';
import type { Certificates } from './certificates.ts';
import { EnvoyProcess, readLog } from './envoy-process.ts';
import type { LogEntry } from './envoy-process.ts';
import { fromPage } from './generate-cors.ts';
import { freePort } from './ports.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import type { Probe, Reply } from './probe.ts';
import { AS_OUTCOMES } from '../../outcome-telling.ts';
import { Random } from './random.ts';
import { readFacts, sendAll } from './session.ts';
import { Upstreams } from './upstreams.ts';
import { agrees, evaluateProbe, expectedOf, observe, remembered } from './verdict.ts';
import { generateProbe, generateWorld } from './world.ts';

const REQUESTS = Number(process.env['ENVOY_CONFORMANCE_REQUESTS'] ?? 3000);
const SEED = Number(process.env['ENVOY_CONFORMANCE_SEED'] ?? 20_261_121);
const ONLY = process.env['ENVOY_CONFORMANCE_WORLD'];
const KEEP = process.env['ENVOY_CONFORMANCE_KEEP'] !== undefined;
const REQUESTS_PER_WORLD = 50;
/** How many of them repeat one that got to a cluster, from a page of another origin: at random few of those meet a CORS policy. */
const FROM_PAGES = 4;
const LISTENERS = 4;
const HOSTS = 9;

const root = mkdtempSync(path.join(tmpdir(), 'kubectl-reach-envoy-'));
let binaries: readonly string[];
let certificates: Certificates;
let upstreams: Upstreams;

beforeAll(async () => {
  binaries = ENVOY_VERSIONS.map(installEnvoy);
  certificates = makeCertificates(root);
  upstreams = await Upstreams.start(HOSTS);
}, 300_000);

afterAll(() => {
  upstreams.stop();
  if (KEEP) process.stdout.write(`configurations are kept in ${root}\n`);
  else rmSync(root, { recursive: true, force: true });
});

interface Tally {
  requests: number;
  undetermined: number;
  readonly reasons: Map<string, number>;
  readonly ends: Map<string, number>;
  readonly disagreements: string[];
  /** Envoys that ended while they were asked: of their requests none is compared. */
  readonly crashes: string[];
}

async function runWorld(index: number, tally: Tally): Promise<void> {
  const random = new Random(SEED + index * 7919);
  const folder = path.join(root, `world-${index}`);
  mkdirSync(folder);
  const ports = await Promise.all(Array.from({ length: LISTENERS }, freePort));
  const world = generateWorld(random, folder, ports, upstreams.ports, certificates);
  const envoy = await EnvoyProcess.start(binaries[index % binaries.length]!, folder, world.bootstrap);
  try {
    const facts = await readFacts(envoy, random.chance(0.95));
    const probes = Array.from({ length: REQUESTS_PER_WORLD - FROM_PAGES }, () => generateProbe(random, world));
    const replies = await sendAll(probes, certificates);
    const before = await readReplies(folder, replies);
    const routed = probes.filter(
      ({ method }, number) => method !== 'CONNECT' && gotToCluster(before.get(replies[number]!.connection)),
    );
    const pages = Array.from({ length: FROM_PAGES }, () =>
      routed.length === 0 ? generateProbe(random, world) : fromPage(random, random.pick(routed)),
    );
    probes.push(...pages);
    replies.push(...(await sendAll(pages, certificates)));
    const log = await readReplies(folder, replies);
    if (envoy.crash !== null) {
      tally.crashes.push(`world ${index} (Envoy ${ENVOY_VERSIONS[index % ENVOY_VERSIONS.length]}): ${envoy.crash}`);
      return;
    }
    const memory = new Memory(AS_OUTCOMES, false);
    const used = replies.map(({ connection }) => connection);
    const twice = new Set(used.filter((connection, place) => used.indexOf(connection) !== place));
    for (const [number, probe] of probes.entries()) {
      const reply = replies[number]!;
      // The log tells connections apart by their addresses, which the kernel may have given out twice.
      if (!reply.connected || twice.has(reply.connection)) continue;
      judge(tally, index, probe, reply, { facts, memory }, observe(log.get(reply.connection) ?? [], reply));
    }
  } finally {
    await envoy.stop();
  }
}

function readReplies(folder: string, replies: readonly Reply[]): ReturnType<typeof readLog> {
  return readLog(folder, new Set(replies.filter(({ connected }) => connected).map(({ connection }) => connection)));
}

function gotToCluster(entries: readonly LogEntry[] = []): boolean {
  return entries.some(({ log, cluster }) => log === 'hcm' && cluster !== null);
}

function judge(
  tally: Tally,
  world: number,
  probe: Probe,
  reply: Reply,
  { facts, memory }: { readonly facts: EnvoyFacts; readonly memory: Memory<EnvoyOutcome[]> },
  observed: ReturnType<typeof observe>,
): void {
  const outcomes = evaluateProbe(facts, probe, reply);
  tally.requests++;
  const kind = observed.end
    .split(' ')
    .slice(0, observed.end.startsWith('upstream') ? 1 : 4)
    .join(' ')
    .replace(/\[.*/, '[…]');
  tally.ends.set(kind, (tally.ends.get(kind) ?? 0) + 1);
  const report = (problem: string): void => {
    const expected = outcomes.map((outcome) =>
      JSON.stringify({ ...expectedOf(outcome), probability: outcome.probability }),
    );
    tally.disagreements.push(
      [
        `world ${world} (Envoy ${ENVOY_VERSIONS[world % ENVOY_VERSIONS.length]}): ${problem}`,
        `  probe ${JSON.stringify(probe)}`,
        `  Envoy ${JSON.stringify(observed)}`,
        ...expected.map((line) => `  ours  ${line}`),
      ].join('\n'),
    );
  };
  for (const sum of probabilitySums(outcomes)) if (Math.abs(sum - 1) > 1e-9) report(`probabilities add up to ${sum}`);
  const again = evaluateProbe(facts, probe, reply, memory);
  if (again.map(remembered).join('\n') !== outcomes.map(remembered).join('\n'))
    report('asked after others, the answer is another');
  const doubt = outcomes.find((outcome) => outcome.end.kind === 'undetermined');
  if (doubt?.end.kind === 'undetermined') {
    tally.undetermined++;
    const reason = doubt.end.unknown.reason.replace(/\d+/g, 'N');
    tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1);
    return;
  }
  if (!outcomes.some((outcome) => agrees(observed, expectedOf(outcome))))
    report('what Envoy did is none of our outcomes');
}

describe('random configurations in the real Envoy', () => {
  const worlds = Math.ceil(REQUESTS / REQUESTS_PER_WORLD);
  it(
    `agrees on ${worlds * REQUESTS_PER_WORLD} requests`,
    async () => {
      const tally: Tally = {
        requests: 0,
        undetermined: 0,
        reasons: new Map(),
        ends: new Map(),
        disagreements: [],
        crashes: [],
      };
      for (let index = 0; index < worlds; index++) {
        if (ONLY === undefined || Number(ONLY) === index) await runWorld(index, tally);
      }
      const list = (map: ReadonlyMap<string, number>): string =>
        [...map]
          .toSorted(([, one], [, other]) => other - one)
          .map(([name, count]) => `    ${count} ${name}`)
          .join('\n');
      const share = ((100 * tally.undetermined) / Math.max(1, tally.requests)).toFixed(2);
      process.stdout.write(
        `seed ${SEED}: ${tally.requests} requests, ${tally.disagreements.length} disagreements, ${tally.undetermined} undetermined (${share} %)\n  ends:\n${list(tally.ends)}\n  undetermined:\n${list(tally.reasons)}\n`,
      );
      for (const crash of tally.crashes) process.stdout.write(`NOT COMPARED: ${crash}\n`);
      expect(tally.disagreements.slice(0, 10).join('\n')).toBe('');
      expect(tally.undetermined / Math.max(1, tally.requests)).toBeLessThan(0.01);
      expect(tally.crashes.length / worlds).toBeLessThan(0.02);
    },
    10 * 60_000 + REQUESTS * 200,
  );
});
