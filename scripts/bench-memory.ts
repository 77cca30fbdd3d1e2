/**
 * The memory that proxy-config takes, as a share of the file that it reads: `npm run bench -- --memory [WORDS]`, where WORDS choose the
 * lines that hold them. The larger dump is longer than a string of V8 can be. Linux alone.
 */
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { envoyClustersParts, envoyDumpParts } from './envoy-dump.mjs';
import { peakMemory } from './peak-memory.ts';

const program = fileURLToPath(new URL('../dist/kubectl-reach.cjs', import.meta.url));
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
const folder = mkdtempSync(path.join(tmpdir(), 'kubectl-reach-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true }));

function write(name: string, parts: Iterable<string>): string {
  const file = path.join(folder, name);
  const out = openSync(file, 'w');
  for (const part of parts) writeSync(out, part);
  closeSync(out);
  return file;
}

const large = write('config_dump.json', envoyDumpParts(10_700));
const huge = write('huge-config_dump.json', envoyDumpParts(106_000));
const clusters = write('clusters.json', envoyClustersParts(10_700));
const hugeClusters = write('huge-clusters.json', envoyClustersParts(160_000));
const FILTERED = ['cluster --fqdn svc-5000.ns-0.svc.cluster.local', 'listener --port 15001', 'route --name 9080'];
const TABLES = ['bootstrap -o short', 'cluster', 'listener', 'route', 'eds', 'all'];
const WIDE = ['cluster', 'listener', 'route', 'eds'].map((words) => `${words} -o wide`);
const OWN = ['cluster', 'listener', 'route', 'eds'].flatMap((words) => [
  `${words} -o reach-json`,
  `${words} -o reach-yaml`,
]);
const DOCUMENTS = ['json', 'yaml', 'wide', 'reach-json', 'reach-yaml'].map((format) => `all -o ${format}`);
const MESSAGES = ['cluster', 'listener', 'route', 'eds'].flatMap((words) => [`${words} -o json`, `${words} -o yaml`]);
const ENDPOINTS = ['endpoint', ...['wide', 'reach-json', 'reach-yaml'].map((format) => `endpoint -o ${format}`)];
const LINES = [
  ...[...FILTERED, ...TABLES, 'cluster -o json', 'cluster -o wide'].map((words) => ({ words, file: large, budget: 4 })),
  { words: 'endpoint', file: clusters, budget: 4 },
  ...[...FILTERED, ...TABLES, ...DOCUMENTS, ...WIDE, ...OWN, ...MESSAGES].map((words) => ({
    words,
    file: huge,
    budget: 2,
  })),
  ...ENDPOINTS.map((words) => ({ words, file: hugeClusters, budget: 2 })),
];

const chosen = process.argv.slice(2).filter((word) => !word.startsWith('-'));

let over = 0;
for (const { words, file, budget } of LINES.filter((line) => chosen.every((word) => line.words.includes(word)))) {
  const size = statSync(file).size / 1e6;
  const memory = await peakMemory(
    [process.execPath, program, 'proxy-config', ...words.split(' '), '--file', file],
    env,
  );
  const isOver = memory > size * budget;
  if (isOver) over += 1;
  const share = (memory / size).toFixed(2);
  process.stdout.write(
    `${words.padEnd(48)} ${size.toFixed(0).padStart(4)} MB: ${memory.toFixed(0).padStart(5)} MB, ${share} of at most ${budget} ${isOver ? 'OVER' : 'ok'}\n`,
  );
}
if (over > 0) process.exitCode = 1;
