import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KUBE_PROXY_PATHS, NETNS_COMMANDS } from '../../../src/collect/live/node/commands.ts';
import type { ApiClient } from '../control-plane/api-client.ts';
import { attempt } from '../execute.ts';
import type { Lab } from '../lab.ts';
import { processOfPod } from '../pod-process.ts';

/** What is captured of a network namespace: of nftables the JSON, of which the text is another form. */
const FILES = Object.entries(NETNS_COMMANDS).flatMap(([file, { commands }]) => {
  const [words] = commands;
  return file === 'nft-ruleset.txt' || words === undefined ? [] : [[file, words] as const];
});

/** Kinds of objects that a snapshot of the lab holds. */
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
  const cluster = 'clusters/lab';
  const write = await captureObjects(lab.api, folder);
  const pods = await lab.api.list<PodEntry>('/api/v1/pods');
  await Promise.all(
    pods.map(async (pod) => {
      const { name, namespace } = pod.metadata;
      if (name.startsWith('kube-proxy-')) await captureNode(lab, pod, `${cluster}/nodes/${pod.spec.nodeName}`, write);
      if (pod.spec.hostNetwork !== true) await capturePod(pod, `${cluster}/pods/${namespace}/${name}/netns`, write);
    }),
  );
}

type Write = (name: string, text: string | Buffer) => void;

/** Writes the index of a snapshot folder, and the API objects. @returns what writes further files of it */
export async function captureObjects(api: ApiClient, folder: string): Promise<Write> {
  const write: Write = (name, text) => {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  for (const [name, text] of Object.entries(await readObjects(api))) write(name, text);
  return write;
}

/** @returns the index of a snapshot, and the API objects, by name of the file */
export async function readObjects(api: ApiClient): Promise<Readonly<Record<string, string>>> {
  const capturedAt = new Date().toISOString();
  const files: Record<string, string> = {
    'snapshot.json': `${JSON.stringify({ formatVersion: 1, capturedAt, clusters: ['lab'] })}\n`,
    'clusters/lab/version.json': JSON.stringify({ serverVersion: await api.get('/version') }),
  };
  for (const resource of RESOURCES) {
    const path = resource.startsWith('core/') ? `/api/${resource.slice('core/'.length)}` : `/apis/${resource}`;
    files[`clusters/lab/resources/${resource}.json`] = await api.call('GET', path);
  }
  return files;
}

/** Through kube-proxy's own container: it is on the node's network and may read its rules. */
async function captureNode(lab: Lab, { metadata }: PodEntry, folder: string, write: Write): Promise<void> {
  const execute = async (file: string, words: readonly string[]): Promise<void> => {
    const { status, stdout } = await lab.kubectl(['exec', '-n', metadata.namespace, metadata.name, '--', ...words]);
    if (status === 0 && stdout.length > 0) write(`${folder}/${file}`, stdout);
  };
  for (const [file, words] of FILES) await execute(file, words);
  for (const [file, { port, path }] of Object.entries(KUBE_PROXY_PATHS))
    await execute(`kube-proxy/${file}`, ['curl', '-s', `http://127.0.0.1:${port}${path}`]);
}

async function capturePod({ metadata }: PodEntry, folder: string, write: Write): Promise<void> {
  const pid = processOfPod(metadata.uid, () => true);
  if (pid === undefined) return;
  for (const [file, words] of FILES) {
    const { status, stdout } = await attempt('nsenter', [`--net=/proc/${pid}/ns/net`, ...words]);
    if (status === 0 && stdout.length > 0) write(`${folder}/${file}`, stdout);
  }
}
