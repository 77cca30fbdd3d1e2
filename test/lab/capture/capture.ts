import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { attempt } from '../execute.ts';
import type { Lab } from '../lab.ts';
import { processOfPod } from '../pod-process.ts';

/** Commands whose output stands in a snapshot, for any network namespace (DESIGN: "Snapshot format"). */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  'iptables-save.txt': ['iptables-nft-save', '-c'],
  'ip6tables-save.txt': ['ip6tables-nft-save', '-c'],
  'iptables-legacy-save.txt': ['iptables-legacy-save', '-c'],
  'ip6tables-legacy-save.txt': ['ip6tables-legacy-save', '-c'],
  'ipset-save.txt': ['ipset', 'save'],
  'conntrack.txt': ['conntrack', '-L', '-o', 'extended'],
  'sysctl.txt': ['sysctl', '-a'],
  'sockets.txt': ['ss', '-Hlntup'],
  'nft-ruleset.json': ['nft', '-j', 'list', 'ruleset'],
  'ip-address.json': ['ip', '-j', 'address'],
  'ip-route.json': ['ip', '-j', '-4', 'route', 'show', 'table', 'all'],
  'ip-route6.json': ['ip', '-j', '-6', 'route', 'show', 'table', 'all'],
  'ip-rule.json': ['ip', '-j', 'rule'],
  'ip-rule6.json': ['ip', '-j', '-6', 'rule'],
  'ip-link.json': ['ip', '-j', '-d', 'link'],
  'ip-neigh.json': ['ip', '-j', 'neigh'],
};

/** What kube-proxy says of itself, on the node. */
const KUBE_PROXY: Readonly<Record<string, string>> = {
  proxyMode: 'http://127.0.0.1:10249/proxyMode',
  configz: 'http://127.0.0.1:10249/configz',
  healthz: 'http://127.0.0.1:10256/healthz',
  metrics: 'http://127.0.0.1:10249/metrics',
};

const RESOURCES = [
  ...['namespaces', 'nodes', 'pods', 'services', 'endpoints', 'configmaps'].map((plural) => `core/v1/${plural}`),
  'apps/v1/deployments',
  'apps/v1/replicasets',
  'apps/v1/daemonsets',
  'discovery.k8s.io/v1/endpointslices',
  'networking.k8s.io/v1/networkpolicies',
  'networking.k8s.io/v1/servicecidrs',
];

interface PodEntry {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly spec: { readonly nodeName: string; readonly hostNetwork?: boolean };
}

/**
 * Captures a running lab with real nodes as a snapshot folder that a person could have made: API objects, what kubectl exec into each
 * node's kube-proxy prints, and what each pod's network namespace holds.
 */
export async function captureLab(lab: Lab, folder: string): Promise<void> {
  const write = (name: string, text: string | Buffer): void => {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  const cluster = 'clusters/lab';
  const capturedAt = new Date().toISOString();
  write('snapshot.json', `${JSON.stringify({ formatVersion: 1, capturedAt, clusters: ['lab'] })}\n`);
  write(`${cluster}/version.json`, JSON.stringify({ serverVersion: await lab.api.get('/version') }));
  for (const resource of RESOURCES) {
    const path = resource.startsWith('core/') ? `/api/${resource.slice('core/'.length)}` : `/apis/${resource}`;
    write(`${cluster}/resources/${resource}.json`, await lab.api.call('GET', path));
  }
  const pods = await lab.api.list<PodEntry>('/api/v1/pods');
  await Promise.all(
    pods.map(async (pod) => {
      const { name, namespace } = pod.metadata;
      if (name.startsWith('kube-proxy-')) await captureNode(lab, pod, `${cluster}/nodes/${pod.spec.nodeName}`, write);
      if (pod.spec.hostNetwork !== true) await capturePod(pod, `${cluster}/pods/${namespace}/${name}/netns`, write);
    }),
  );
}

type Write = (name: string, text: Buffer) => void;

/** Through kube-proxy's own container: it is on the node's network and may read its rules. */
async function captureNode(lab: Lab, { metadata }: PodEntry, folder: string, write: Write): Promise<void> {
  const execute = async (file: string, words: readonly string[]): Promise<void> => {
    const { status, stdout } = await lab.kubectl(['exec', '-n', metadata.namespace, metadata.name, '--', ...words]);
    if (status === 0 && stdout.length > 0) write(`${folder}/${file}`, stdout);
  };
  for (const [file, words] of Object.entries(COMMANDS)) await execute(file, words);
  for (const [file, url] of Object.entries(KUBE_PROXY)) await execute(`kube-proxy/${file}`, ['curl', '-s', url]);
}

async function capturePod({ metadata }: PodEntry, folder: string, write: Write): Promise<void> {
  const pid = processOfPod(metadata.uid, () => true);
  if (pid === undefined) return;
  for (const [file, words] of Object.entries(COMMANDS)) {
    const { status, stdout } = await attempt('nsenter', [`--net=/proc/${pid}/ns/net`, ...words]);
    if (status === 0 && stdout.length > 0) write(`${folder}/${file}`, stdout);
  }
}
