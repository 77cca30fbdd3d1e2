import { afterEach, describe, expect, it } from 'vitest';
import { evaluateRoute } from '../../../src/evaluate/routing/evaluate-route.ts';
import type { Family } from '../../../src/model/address.ts';
import { compare, entryType } from './compare.ts';
import { generateConfiguration, generateQuestion, type Question } from './generate.ts';
import { Namespace, type Answer } from './namespace.ts';
import { Random } from './random.ts';

/** Questions in all (KUBECTL_REACH_ROUTING_QUESTIONS), and the seed of the first configuration (KUBECTL_REACH_SEED). */
const QUESTIONS = Number(process.env['KUBECTL_REACH_ROUTING_QUESTIONS'] ?? 1000);
const FIRST_SEED = Number(process.env['KUBECTL_REACH_SEED'] ?? 1);
const QUESTIONS_PER_NAMESPACE = 50;
const UNKNOWN_LIMIT = 0.05;

const open: Namespace[] = [];

function openNamespace(seed: string): Namespace {
  const namespace = new Namespace(`kr-route-${process.pid}-${seed}`);
  open.push(namespace);
  return namespace;
}

afterEach(() => {
  for (const namespace of open.splice(0)) namespace.remove();
});

interface Counts {
  agrees: number;
  sourceUnknown: number;
  unknown: number;
  /** The kernel's answers by type or errno, so that a run which asks nothing of interest is seen. */
  readonly kinds: Map<string, number>;
  readonly reasons: Map<string, number>;
  readonly disagreements: string[];
}

/** Asks one configuration's questions of the kernel and of us. */
function runSeed(seed: number, family: Family, counts: Counts): void {
  const random = new Random(seed);
  const { devices, links, commands, settings } = generateConfiguration(random, family);
  const namespace = openNamespace(`${seed}-${family}`);
  namespace.batch(links);
  namespace.set(settings);
  namespace.batch(commands, family);
  if (family === 6) namespace.settle();
  const tables = namespace.tables(family);
  const own = (tables.addresses.value ?? []).filter((one) => one.family === family).map((one) => one.address);
  const forwards = tables.sysctl.value?.get('net.ipv6.conf.all.forwarding')?.value === '1';
  const questions: Question[] = Array.from({ length: QUESTIONS_PER_NAMESPACE }, () =>
    generateQuestion(random, family, devices, own, forwards),
  );
  const answers = namespace.ask(questions.map(({ words }) => words));
  for (const [at, { words, query }] of questions.entries()) {
    const decisions = evaluateRoute(tables, query);
    const answer = answers[at]!;
    const result = compare(decisions, answer, query);
    count(counts.kinds, answerKind(answer));
    if (typeof result === 'object') {
      counts.disagreements.push(`seed ${seed} IPv${family}: ip route get ${words}: ${result.disagreement}`);
      continue;
    }
    counts[result] += 1;
    const reason = decisions.find((one) => one.kind === 'unknown')?.reason?.replaceAll(/[\d.:a-f/]{4,}/g, 'X');
    if (reason !== undefined) count(counts.reasons, reason);
  }
  namespace.remove();
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function answerKind(answer: Answer): string {
  if (answer.kind === 'error') return answer.text.replace('RTNETLINK answers: ', '');
  const type = entryType(answer.entry);
  return answer.entry['gateway'] === undefined ? type : `${type} by gateway`;
}

function table(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .map(([key, times]) => `  ${times} × ${key}\n`)
    .join('');
}

const SEEN = [
  'unicast',
  'unicast by gateway',
  'local',
  'Network is unreachable',
  'No route to host',
  'Invalid argument',
  'Permission denied',
];

describe('routing decisions against the kernel (ip route get)', () => {
  it.each([4, 6] as const)(
    'agree for IPv%i on random addresses, routes, rules and settings',
    { timeout: 3_600_000 },
    (family) => {
      const counts: Counts = {
        agrees: 0,
        sourceUnknown: 0,
        unknown: 0,
        kinds: new Map(),
        reasons: new Map(),
        disagreements: [],
      };
      const rounds = Math.ceil(QUESTIONS / 2 / QUESTIONS_PER_NAMESPACE);
      for (let round = 0; round < rounds; round++) runSeed(FIRST_SEED + round, family, counts);
      const asked = rounds * QUESTIONS_PER_NAMESPACE;
      process.stdout.write(
        `routing IPv${family}: ${asked} questions, ${counts.agrees} agree, ${counts.sourceUnknown} agree without the source, ` +
          `${counts.unknown} unknown, ${counts.disagreements.length} disagree\n` +
          `the kernel answered:\n${table(counts.kinds)}unknown:\n${table(counts.reasons)}`,
      );
      expect(counts.disagreements.slice(0, 10)).toEqual([]);
      expect(SEEN.filter((kind) => !counts.kinds.has(kind))).toEqual([]);
      expect(counts.unknown / asked).toBeLessThan(UNKNOWN_LIMIT);
    },
  );

  it.each([
    [4, ['10.1.0.1/24', '10.2.0.1/24', '10.3.0.1/24'], '10.9.0.0/16', (at: number) => `10.9.${at >> 8}.${at & 255}`],
    [6, ['fd01::1/64', 'fd02::1/64', 'fd03::1/64'], 'fd09::/16', (at: number) => `fd09::${(at + 1).toString(16)}`],
  ] as const)(
    'share IPv%i flows among next hops as the kernel does',
    { timeout: 120_000 },
    (family, addresses, prefix, host) => {
      const weights = [1, 2, 5];
      const flows = 2000;
      const namespace = openNamespace(`share-${family}`);
      const hops = weights.map((weight, at) => `nexthop dev va${at} weight ${weight} ${via(family, at)}`);
      namespace.batch(
        weights.flatMap((_, at) => [`link add va${at} type veth peer name vb${at}`, `link set vb${at} up`]),
      );
      namespace.batch(
        [
          ...weights.map((_, at) => `link set va${at} up`),
          ...addresses.map((address, at) => `addr add ${address} dev va${at}${family === 6 ? ' nodad' : ''}`),
          `route add ${prefix} ${hops.join(' ')}`,
        ],
        family,
      );
      const tables = namespace.tables(family);
      const decisions = evaluateRoute(tables, { destination: host(1), source: null, mark: 0, inInterface: null });
      const seen = new Map<string, number>();
      for (const answer of namespace.ask(Array.from({ length: flows }, (_, at) => host(at)))) {
        count(seen, answer.kind === 'route' ? String(answer.entry['dev']) : answer.text);
      }
      expect(decisions.map(({ probability }) => probability)).toEqual([1 / 8, 2 / 8, 5 / 8]);
      expect([...seen.keys()].toSorted()).toEqual(decisions.map(({ device }) => device ?? '').toSorted());
      const distance = decisions.reduce((sum, { device, probability }) => {
        const expected = probability * flows;
        return sum + ((seen.get(device ?? '') ?? 0) - expected) ** 2 / expected;
      }, 0);
      // Chi-square with two degrees of freedom: 18.4 is passed once in 10,000 times.
      expect(distance, JSON.stringify([...seen])).toBeLessThan(18.4);
    },
  );
});

function via(family: Family, at: number): string {
  return family === 4 ? `via 10.${at + 1}.0.9` : `via fd0${at + 1}::9`;
}
