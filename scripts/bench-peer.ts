/**
 * Holds proxy-config against the real istioctl on the same files, in turns: `npm run bench -- --peer istioctl`. CPU time is that of the
 * whole process; memory is the most that it held, as the kernel counts (VmHWM). Linux alone. istioctl is built by the lab's recipe.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { goProgram } from '../test/lab/build/go-modules.ts';
import { envoyClusters, envoyDump } from './envoy-dump.mjs';
import { peakMemory } from './peak-memory.ts';

const { peer, rounds } = parseArgs({
  options: { peer: { type: 'string' }, rounds: { type: 'string', default: '3' } },
}).values;
const ROUNDS = Number(rounds);
if (peer !== 'istioctl' || !Number.isInteger(ROUNDS) || ROUNDS < 1) {
  process.stderr.write('usage: npm run bench -- --peer istioctl [--rounds N]\n');
  process.exit(2);
}
/** As many as make the 61 MB that a real sidecar's dump of 5,000 Services has, and about its 40 MB of clusters. */
const SERVICES = 10_700;
const SERVICE = 'svc-5000.ns-0.svc.cluster.local';

const istioctl = await goProgram('measured-istioctl');
const program = fileURLToPath(new URL('../dist/kubectl-reach.cjs', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'kubectl-reach-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true }));
const dump = path.join(folder, 'config_dump.json');
const clusters = path.join(folder, 'clusters.json');
writeFileSync(dump, envoyDump(SERVICES));
writeFileSync(clusters, envoyClusters(SERVICES));
// istioctl makes a client of a cluster before it reads a file.
const kubeconfig = path.join(folder, 'kubeconfig.json');
const named = (name: string, content: object): object[] => [{ name: 'none', [name]: content }];
writeFileSync(
  kubeconfig,
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: named('cluster', { server: 'http://127.0.0.1:1' }),
    users: named('user', {}),
    contexts: named('context', { cluster: 'none', user: 'none' }),
    'current-context': 'none',
  }),
);

interface Line {
  readonly words: readonly string[];
  readonly file: string;
  /** Largest share of istioctl's CPU time, and of its memory. */
  readonly cpu: number;
  readonly memory: number | null;
}

const filtered = { file: dump, cpu: 1 / 8, memory: 1 / 2 };
const whole = { file: dump, cpu: 1 / 4, memory: null };
const LINES: readonly Line[] = [
  { words: ['cluster', '--fqdn', SERVICE], ...filtered },
  { words: ['listener', '--port', '15001'], ...filtered },
  { words: ['route', '--name', '9080'], ...filtered },
  { words: ['endpoint'], file: clusters, cpu: 1 / 8, memory: null },
  { words: ['cluster'], ...whole },
  { words: ['listener'], ...whole },
  { words: ['route'], ...whole },
  { words: ['eds'], ...whole },
];

interface Cost {
  readonly cpu: number;
  /** MB */
  readonly memory: number;
}

const costs = LINES.map(() => ({ ours: [] as Cost[], theirs: [] as Cost[] }));
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const [at, { words, file }] of LINES.entries()) {
    const asked = ['proxy-config', ...words, '--file', file];
    const theirs = await cost([istioctl, '-c', kubeconfig, ...asked]);
    const ours = await cost([process.execPath, program, ...asked]);
    // The first round fills caches.
    if (round === 0) continue;
    costs[at]?.ours.push(ours);
    costs[at]?.theirs.push(theirs);
  }
}

const size = (file: string): string => `${(statSync(file).size / 1e6).toFixed(0)} MB`;
process.stdout.write(`config_dump ${size(dump)}, clusters ${size(clusters)}; medians of ${ROUNDS} rounds\n`);
process.stdout.write(`${'command'.padEnd(52)}  CPU s  istioctl  share  at most  MB   istioctl  share  at most\n`);
let over = 0;
for (const [at, line] of LINES.entries()) {
  const { ours = [], theirs = [] } = costs[at] ?? {};
  const cpu = shareOf(ours, theirs, (one) => one.cpu);
  const memory = shareOf(ours, theirs, (one) => one.memory);
  const isOver = cpu.share > line.cpu || (line.memory !== null && memory.share > line.memory);
  if (isOver) over += 1;
  const numbers = [
    cpu.ours.toFixed(2).padStart(5),
    cpu.theirs.toFixed(2).padStart(8),
    cpu.share.toFixed(3),
    line.cpu.toFixed(3).padStart(7),
    memory.ours.toFixed(0).padStart(4),
    memory.theirs.toFixed(0).padStart(8),
    memory.share.toFixed(2).padStart(5),
    (line.memory?.toFixed(2) ?? '-').padStart(7),
    isOver ? 'OVER' : 'ok',
  ];
  process.stdout.write(`${line.words.join(' ').padEnd(52)}  ${numbers.join('  ')}\n`);
}
if (over > 0) process.exitCode = 1;

function shareOf(ours: readonly Cost[], theirs: readonly Cost[], of: (cost: Cost) => number) {
  const [own, other] = [median(ours.map(of)), median(theirs.map(of))];
  // Of each pair that ran side by side: the machine was as busy for both.
  return { ours: own, theirs: other, share: median(ours.map((one, at) => of(one) / of(theirs[at] ?? one))) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Runs a command twice: bash's `time` reads the CPU time of all of it, and /proc its memory while it runs. */
async function cost(words: readonly string[]): Promise<Cost> {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1';
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')} ended with status ${status}`);
  const [user = 0, system = 0] = stderr.trim().split(' ').map(Number);
  return { cpu: user + system, memory: await peakMemory(words, env) };
}
