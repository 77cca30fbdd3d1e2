/**
 * The memory that proxy-config takes, as a share of the file that it reads, and service, as a share of its snapshot:
 * `npm run bench -- --memory [WORDS]`, where WORDS choose the lines that hold them. The larger dump is longer than a string of V8 can be.
 * Linux alone.
 */
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterSnapshot, filesOf } from './cluster-snapshot.mjs';
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
const proxyConfig = (words: string, file: string, budget: number) => {
  return { words, command: ['proxy-config', ...words.split(' '), '--file', file], files: () => [file], budget };
};
/** Written when somebody measures it. @param nodes how many have rules */
const service = (words: string, services: number, nodes: number) => {
  const snapshot = path.join(folder, `cluster-${services}-${nodes}`);
  const files = () => {
    if (!existsSync(snapshot)) clusterSnapshot(snapshot, services, nodes);
    return filesOf(snapshot);
  };
  return { words, command: [...words.split(' '), '--snapshot', snapshot], files, budget: 4 };
};
const LINES = [
  ...[...FILTERED, ...TABLES, 'cluster -o json', 'cluster -o wide'].map((words) => proxyConfig(words, large, 4)),
  proxyConfig('endpoint', clusters, 4),
  ...[...FILTERED, ...TABLES, ...DOCUMENTS, ...WIDE, ...OWN, ...MESSAGES].map((words) => proxyConfig(words, huge, 2)),
  ...ENDPOINTS.map((words) => proxyConfig(words, hugeClusters, 2)),
  service('service --ledger --node node1', 5000, 2),
  service('service svc-00500 -n scale', 1000, 60),
  service('service svc-00500 -n scale --ledger', 1000, 60),
  service('explain cli-a svc-00500.scale -n shop', 1000, 60),
];
/** 3 and 4: rules of a made-up cluster lack what the sample's own Services ask for, and what its pods listen on is not known. */
const FINE = [0, 3, 4];

const chosen = process.argv.slice(2).filter((word) => !word.startsWith('-'));

let over = 0;
for (const { words, command, files, budget } of LINES.filter((line) =>
  chosen.every((word) => line.words.includes(word)),
)) {
  const size = files().reduce((sum, file) => sum + statSync(file).size, 0) / 1e6;
  const memory = await peakMemory([process.execPath, program, ...command], env, FINE);
  const isOver = memory > size * budget;
  if (isOver) over += 1;
  const share = (memory / size).toFixed(2);
  process.stdout.write(
    `${words.padEnd(48)} ${size.toFixed(0).padStart(4)} MB: ${memory.toFixed(0).padStart(5)} MB, ${share} of at most ${budget} ${isOver ? 'OVER' : 'ok'}\n`,
  );
}
if (over > 0) process.exitCode = 1;
