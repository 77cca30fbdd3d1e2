// Measures what the program costs against its budgets, and fails when a line is over.
//
// Cost is user + system CPU time of the whole process, start and exit included. Node cannot read the usage of its children
// (process.resourceUsage is its own alone), and a hook inside them would miss their end and add a load of its own; so bash's
// `time` reads it, from getrusage(RUSAGE_CHILDREN). All commands run in turn, round after round, so that a busy moment of the
// machine meets them all; the first round fills caches and is dropped.
// With `--peer istioctl` it holds proxy-config against the real istioctl instead (bench-peer.ts), with `--memory` it measures the memory
// that proxy-config takes for large dumps, and service for large clusters (bench-memory.ts). `--rounds 5` is quicker, and tells less.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { clusterSnapshot, filesOf } from './cluster-snapshot.mjs';
import { envoyClusters, envoyDump, envoyRequests } from './envoy-dump.mjs';
import { kubeProxyNftables } from './kube-proxy-nftables.mjs';
import { kubeProxyRuleset } from './kube-proxy-ruleset.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '21' } }, strict: false });
const ROUNDS = Number(values.rounds);

const OTHERS = [
  ['--peer', new URL('bench-peer.ts', import.meta.url)],
  ['--memory', new URL('bench-memory.ts', import.meta.url)],
];
for (const [flag, script] of OTHERS) {
  if (!process.argv.includes(String(flag))) continue;
  const words = [fileURLToPath(script ?? ''), ...process.argv.slice(2)];
  const hooks = new URL('typescript.mjs', import.meta.url).href;
  const { status } = spawnSync(process.execPath, ['--import', hooks, ...words], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

const node = process.execPath;
const program = fileURLToPath(new URL('../dist/kubectl-reach.cjs', import.meta.url));
const completion = fileURLToPath(new URL('../dist/kubectl_complete-reach.cjs', import.meta.url));
const bareNode = [node, '-e', '0'];

const sample = fileURLToPath(new URL('../samples/istio-bookinfo', import.meta.url));
const ends = ['productpage-v1', 'http://reviews:9080/reviews/1', '-n', 'bookinfo'];
const explain = [node, program, 'explain', ...ends, '--snapshot', sample];

// As many Services as a large cluster has: 9.5 MB of rules, of which a packet meets a dozen.
const SERVICES = 5000;
const folder = mkdtempSync(join(tmpdir(), 'kubectl-reach-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true }));
const { text, clusterIp } = kubeProxyRuleset(SERVICES);
const rules = join(folder, 'iptables-save.txt');
writeFileSync(rules, text);
const flow = ['--src', '10.244.1.20', '--dst', clusterIp, '--dport', '80', '-o', 'json'];
const packet = [node, program, 'packet', '--ruleset', rules, '--node-address', '10.10.0.11', ...flow];
const readRules = [node, '-e', 'require("fs").readFileSync(process.argv[1], "utf8")', rules];

// The same as nft lists it: 4.6 MB, of which a packet meets a dozen rules and an element of three maps.
const nft = kubeProxyNftables(SERVICES);
const listing = join(folder, 'nft-ruleset.json');
writeFileSync(listing, nft.text);
const nftFlow = ['--src', '10.244.1.20', '--dst', nft.clusterIp, '--dport', '80', '-o', 'json'];
const nftPacket = [node, program, 'packet', '--ruleset', listing, '--node-address', '10.10.0.11', ...nftFlow];
const parseListing = [node, '-e', 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))', listing];

// A sidecar that knows 2,000 Services.
const dump = join(folder, 'config_dump.json');
writeFileSync(dump, envoyDump(2000));
const requests = join(folder, 'requests.jsonl');
writeFileSync(requests, envoyRequests(2000, 10_000));
const envoyRequest = [node, program, 'envoy-request', '--file', dump, '--requests', requests];
const parseDump = [node, '-e', 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))', dump];

// One of a very large mesh: 57 MB, of which a table reads one section, and a filtered one a few resources.
const MESH_SERVICES = 10_000;
const largeDump = join(folder, 'large_config_dump.json');
writeFileSync(largeDump, envoyDump(MESH_SERVICES));
const parseLargeDump = [node, '-e', 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))', largeDump];
const statuses = join(folder, 'large_clusters.json');
writeFileSync(statuses, envoyClusters(MESH_SERVICES));
/** @param {string} words @param {number} budget */
const proxyConfig = (words, budget) => ({
  name: `proxy-config ${words.split(' ').slice(0, 2).join(' ')}, to parsing`,
  command: [node, program, 'proxy-config', ...words.split(' '), '--file', largeDump],
  baseline: parseLargeDump,
  budget,
});

// A large cluster: 200 MB, of which 10,000 Services with 300,000 rules on the node of the question.
const CLUSTER_SERVICES = 10_000;
const cluster = join(folder, 'cluster');
clusterSnapshot(cluster, CLUSTER_SERVICES);
const inCluster = ['cli-a', 'svc-05000.scale', '-n', 'shop', '--snapshot', cluster];
const readEach = 'for (const file of process.argv.slice(1)) require("fs").readFileSync(file, "utf8")';
/** @param {string} snapshot */
const readFiles = (snapshot) => [node, '-e', readEach, ...filesOf(snapshot)];
const oneService = ['service', 'svc-05000', '-n', 'scale', '--snapshot', cluster];

// Every Service of a node: the time grows as their number does, so that twice as many take twice as long.
/** @param {number} services */
const ledger = (services) => {
  const snapshot = join(folder, `ledger-${services}`);
  clusterSnapshot(snapshot, services);
  return [node, program, 'service', '--ledger', '--node', 'node1', '--snapshot', snapshot];
};
const wholeLedger = ledger(SERVICES);
// Every node has its rules: 200 MB of them on 60 nodes, which `service NAME` reads all.
const manyNodes = join(folder, 'many-nodes');
clusterSnapshot(manyNodes, 1000, 60);
const onManyNodes = ['svc-00500', '-n', 'scale', '--snapshot', manyNodes];

/** The same Lists and rules parsed by nobody but V8, and the rules split into words. */
const parseEach = `
  const { readFileSync } = require("fs");
  for (const file of process.argv.slice(1)) {
    const text = readFileSync(file, "utf8");
    if (file.endsWith(".json")) JSON.parse(text);
    else for (const line of text.split("\\n")) line.split(" ");
  }`;
const parseLedger = [node, '-e', parseEach, ...filesOf(join(folder, `ledger-${SERVICES}`))];

/** @type {readonly { name: string, command: readonly string[], baseline: readonly string[], budget: number, rounds?: number }[]} */
const lines = [
  { name: '--version', command: [node, program, '--version'], baseline: bareNode, budget: 1.5 },
  { name: 'completion', command: [node, completion, ''], baseline: bareNode, budget: 1.5 },
  { name: 'version -o json', command: [node, program, 'version', '-o', 'json'], baseline: bareNode, budget: 2.5 },
  // Seven megabytes in 300 files, read and walked through by code that runs once.
  { name: 'explain (bundled sample)', command: explain, baseline: bareNode, budget: 13 },
  { name: `packet (${SERVICES} Services), to reading`, command: packet, baseline: readRules, budget: 3 },
  { name: `packet (${SERVICES} Services, nft), to parsing`, command: nftPacket, baseline: parseListing, budget: 1.5 },
  {
    name: `explain (${CLUSTER_SERVICES} Services), to reading`,
    command: [node, program, 'explain', ...inCluster],
    baseline: readFiles(cluster),
    budget: 3,
  },
  {
    name: `service NAME (${CLUSTER_SERVICES} Services), to reading`,
    command: [node, program, ...oneService],
    baseline: readFiles(cluster),
    budget: 3,
  },
  // Besides reading and scanning rules there are 60 nodes' connections to be read, and the pods that stand for clients.
  {
    name: 'service NAME (60 nodes), to reading',
    command: [node, program, 'service', ...onManyNodes],
    baseline: readFiles(manyNodes),
    budget: 3,
    rounds: 5,
  },
  {
    name: 'explain (60 nodes), to reading',
    command: [node, program, 'explain', 'cli-a', 'svc-00500.scale', '-n', 'shop', '--snapshot', manyNodes],
    baseline: readFiles(manyNodes),
    budget: 3,
    rounds: 5,
  },
  {
    name: `service --ledger (${SERVICES}), to half as many`,
    command: wholeLedger,
    baseline: ledger(SERVICES / 2),
    budget: 2.3,
    rounds: 1,
  },
  {
    name: `service --ledger (${SERVICES}), to parsing`,
    command: wholeLedger,
    baseline: parseLedger,
    budget: 11,
    rounds: 3,
  },
  { name: 'envoy-request (10,000), to parsing', command: envoyRequest, baseline: parseDump, budget: 3 },
  proxyConfig('cluster', 1.5),
  proxyConfig('listener', 1.5),
  proxyConfig('route', 1.5),
  proxyConfig('cluster --fqdn svc-5000.ns-0.svc.cluster.local', 0.5),
  proxyConfig('listener --port 15001', 0.5),
  proxyConfig('route --name 9080', 0.5),
  proxyConfig('eds', 1.5),
  {
    name: 'proxy-config endpoint, to parsing',
    command: [node, program, 'proxy-config', 'endpoint', '--file', statuses],
    baseline: [node, '-e', 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))', statuses],
    budget: 1.5,
  },
];

/** @type {Map<string, { times: number[], rounds: number }>} CPU milliseconds of each command, by its words */
const samples = new Map(
  lines.flatMap(({ command, baseline, rounds = ROUNDS }) =>
    [command, baseline].map((each) => [each.join('\0'), { times: [], rounds }]),
  ),
);

for (let round = 0; round <= ROUNDS; round += 1) {
  for (const [words, { times, rounds }] of samples) {
    if (round > rounds) continue;
    const time = cpuMilliseconds(words.split('\0'));
    if (round > 0) times.push(time);
  }
}

const rows = lines.map(({ name, command, baseline, budget }) => {
  const cost = median(command);
  const base = median(baseline);
  const ratio = cost / base;
  return { name, cost, base, ratio, budget, verdict: ratio <= budget ? 'ok' : 'OVER BUDGET' };
});
const width = Math.max(...rows.map((row) => row.name.length));
console.log(`${'command'.padEnd(width)}  CPU ms  baseline  ratio  budget`);
for (const row of rows) {
  const numbers = [
    row.cost.toFixed(0).padStart(6),
    row.base.toFixed(0).padStart(8),
    row.ratio.toFixed(2).padStart(5),
    row.budget.toFixed(1).padStart(6),
  ];
  console.log(`${row.name.padEnd(width)}  ${numbers.join('  ')}  ${row.verdict}`);
}
const over = rows.filter((row) => row.verdict !== 'ok');
if (over.length > 0) {
  console.error(`\nover budget: ${over.map((row) => row.name).join(', ')}`);
  process.exitCode = 1;
}

/**
 * @param {readonly string[]} words
 * @returns {number}
 */
function cpuMilliseconds(words) {
  // Node 20 reads all of NODE_EXTRA_CA_CERTS at every start, which would triple the baseline.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1';
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], { env, encoding: 'utf8' });
  // 4: what the pods of a made-up cluster listen on is not known.
  // 3: the made-up rules lack what the sample's own Services ask for.
  if (status !== 0 && status !== 3 && status !== 4) throw new Error(`${words.join(' ')} ended with status ${status}`);
  const [user = 0, system = 0] = stderr.trim().split(' ').map(Number);
  return (user + system) * 1000;
}

/** @param {readonly string[]} command */
function median(command) {
  const sorted = (samples.get(command.join('\0'))?.times ?? []).toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
