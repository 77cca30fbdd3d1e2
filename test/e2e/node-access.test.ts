import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubeApi } from '../../src/collect/live/kube-api.ts';
import type { Connection } from '../../src/collect/live/connection.ts';
import type { Collected } from '../../src/collect/live/collector.ts';
import { KUBE_PROXY_PATHS, NETNS_COMMANDS } from '../../src/collect/live/node/commands.ts';
import { DebugPodAccess } from '../../src/collect/live/node/debug-pod.ts';
import { ExecAccess } from '../../src/collect/live/node/exec-access.ts';
import { NodeCollector } from '../../src/collect/live/node/node-collector.ts';
import { execInContainer } from '../../src/collect/live/stream/exec.ts';
import { askOver } from '../../src/collect/live/stream/pod-http.ts';
import { forwardPort } from '../../src/collect/live/stream/port-forward.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import { connectTo } from '../collect/live/connecting.ts';
import { streamFailure } from '../collect/live/stream-failure.ts';
import { attempt } from '../lab/execute.ts';
import type { Lab } from '../lab/lab.ts';
import { processOfPod } from '../lab/pod-process.ts';
import { SERVICES } from '../lab/topology/services.ts';
import { TOOLS_IMAGE } from '../lab/image/images.ts';
import { gapsOfNodes, localExplain, readsNoOther } from './local-node.ts';
import { sharedLab } from './shared-lab.ts';

const FOLDER = 'clusters/lab/';
/** What a node without IPVS does not have: its tool and its table. */
const ABSENT = new Set(['ipvsadm-save.txt', 'ipvsadm-connections.txt', 'ip_vs.txt']);

let lab: Lab;
let connection: Connection;
beforeAll(async () => {
  lab = await sharedLab(SERVICES);
  connection = connectTo({ kubeconfig: lab.kubeconfig }, process.env);
});
afterAll(async () => {
  connection.close();
  lab.api.close();
});

const signal = (): AbortSignal => AbortSignal.timeout(60_000);
const textOf = (collected: Collected | undefined): string =>
  collected !== undefined && 'bytes' in collected ? collected.bytes.toString() : `gap: ${collected?.gap.problem}`;

/** Without what differs from one moment to the next: comments with times, counters, and lines of no order. */
function settled(file: string, text: string): string {
  const plain = text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\[\d+:\d+\]/g, '[0:0]')
    .replaceAll(/counter packets \d+ bytes \d+/g, 'counter packets 0 bytes 0')
    .replaceAll(/"packets": \d+, "bytes": \d+/g, '"packets": 0, "bytes": 0')
    .replaceAll(/"\w+_timer":[\d.]+/g, '')
    // A container sees the processes of its own namespace alone.
    .replaceAll(/ *users:\(.*\)/g, '')
    .replaceAll(/ +$/gm, '')
    .replaceAll(/"state":\["[A-Z]+"\]/g, '"state":[]')
    .replaceAll(/expires \d+sec|"expires":\d+/g, '');
  if (file !== 'conntrack.txt' && file !== 'sysctl.txt') return plain;
  // Connections come and go, and keys outside of the network belong to no namespace of ours: what both must show alike is told apart.
  return file === 'conntrack.txt'
    ? ''
    : plain
        .split('\n')
        .filter((line) => /^net\.ipv[46]\.(?:ip_forward|conf\.)/.test(line))
        .join('\n');
}

describe('a node read by exec', () => {
  it.each(['node1', 'node2'])('%s: what its own network namespace shows, byte by byte', async (node) => {
    const api = kubeApi(connection);
    const files = Object.keys(NETNS_COMMANDS).filter((file) => !ABSENT.has(file));
    const collector = new NodeCollector(api, new ExecAccess(api));
    const names = files.map((file) => `${FOLDER}nodes/${node}/${file}`);
    const readOwn = async (): Promise<Map<string, string>> => {
      const texts = new Map<string, string>();
      for (const file of files) {
        const [tool, ...words] = NETNS_COMMANDS[file]?.commands[0] ?? ['false'];
        // Two builds of nft print the same rule of iptables differently: the container's own is asked through kubectl.
        const { stdout } = file.startsWith('nft-')
          ? await lab.kubectl(['exec', '-n', 'kube-system', await kubeProxyOn(node), '--', tool, ...words])
          : await attempt(tool, words, { netns: lab.netnsOf(node) });
        texts.set(file, settled(file, stdout.toString()));
      }
      return texts;
    };
    // kube-proxy may write its rules anew at any time, in another order: what changed meanwhile is read again.
    for (let before = await readOwn(), turn = 1; ; turn += 1) {
      const collected = await collector.collect(names, signal());
      const after = await readOwn();
      const moving = files.some((file) => before.get(file) !== after.get(file));
      before = after;
      if (moving && turn < 10) continue;
      for (const file of files) {
        const own = textOf(collected.get(`${FOLDER}nodes/${node}/${file}`));
        expect(settled(file, own), file).toBe(after.get(file));
      }
      break;
    }
    expect(collector.notes[0]).toMatch(/^node node\d was read in container kube-proxy of pod kube-system\/kube-proxy-/);
  });

  it('kube-proxy answers through a port-forward as on its node', async () => {
    const api = kubeApi(connection);
    const names = Object.keys(KUBE_PROXY_PATHS).map((file) => `${FOLDER}nodes/node1/kube-proxy/${file}`);
    const collected = await new NodeCollector(api, new ExecAccess(api)).collect(names, signal());
    expect(textOf(collected.get(`${FOLDER}nodes/node1/kube-proxy/proxyMode`))).toBe('iptables');
    const { stdout } = await attempt('curl', ['-s', 'http://127.0.0.1:10249/configz'], { netns: lab.netnsOf('node1') });
    expect(textOf(collected.get(`${FOLDER}nodes/node1/kube-proxy/configz`))).toBe(stdout.toString());
    expect(textOf(collected.get(`${FOLDER}nodes/node1/kube-proxy/metrics`))).toContain('kubeproxy_sync_proxy_rules');
    expect(JSON.parse(textOf(collected.get(`${FOLDER}nodes/node1/kube-proxy/healthz`)))).toMatchObject({
      healthy: true,
    });
  });

  it('a tool that is not in the container is a gap that names both', async () => {
    const api = kubeApi(connection);
    const name = `${FOLDER}nodes/node1/ipvsadm-save.txt`;
    const collected = await new NodeCollector(api, new ExecAccess(api)).collect([name], signal());
    expect(textOf(collected.get(name))).toMatch(
      /^gap: there is no ipvsadm in container kube-proxy of pod kube-system\/kube-proxy-\w+$/,
    );
  });

  it('an identity that may read but not exec gets a gap with the verb and the resource', async () => {
    const reader = connectTo({ kubeconfig: lab.kubeconfigOf('watcher') }, process.env);
    try {
      const api = kubeApi(reader);
      const name = `${FOLDER}nodes/node1/sysctl.txt`;
      const collected = await new NodeCollector(api, new ExecAccess(api)).collect([name], signal());
      expect(collected.get(name)).toMatchObject({ gap: { kind: 'forbidden' } });
      expect(textOf(collected.get(name))).toMatch(/pods\/exec/);
    } finally {
      reader.close();
    }
  });
});

describe('a node read on the machine itself', () => {
  /** The program in a shell of a place: the network of a node, or this machine. */
  const explain = async (netns: string | undefined, from: string, to: string): Promise<Explanation> => {
    const [program, ...words] = localExplain(lab.kubeconfig, from, to);
    const { stdout } = await attempt(program, words, netns === undefined ? {} : { netns });
    return JSON.parse(stdout.toString()) as Explanation;
  };

  it('a request that stays on the node is seen to its end, in the networks of both pods', async () => {
    const answer = await explain(lab.netnsOf('node1'), 'solo-a', 'http://solo');
    expect([answer.verdict, answer.branches.map(({ backend }) => backend?.pod)]).toEqual([
      'reachable',
      ['shop/solo-a'],
    ]);
    expect(gapsOfNodes(answer)).toEqual([]);
  });

  it('a request that leaves the node: what the other one does is not known', async () => {
    const { verdict, coverage } = await explain(lab.netnsOf('node1'), 'cli-a', 'tcp://db-nodeport-local:5432');
    expect(verdict).toBe('undetermined');
    expect(coverage.gaps).toContainEqual(readsNoOther('node2'));
  });

  it('a machine that is no node at all', async () => {
    const { verdict, coverage } = await explain(undefined, 'solo-a', 'http://solo');
    expect(verdict).toBe('undetermined');
    expect(coverage.gaps).toContainEqual(readsNoOther('node1'));
  });
});

describe('streams against a real kubelet', () => {
  const target = { namespace: 'shop', pod: 'web-a' };

  it('exec gives what kubectl exec gives: bytes, standard error and exit status', async () => {
    const argv = ['sysctl', '-n', 'net.ipv4.ip_forward', 'no.such.key'] as const;
    const name = await kubeProxyOn('node1');
    const proxy = { namespace: 'kube-system', pod: name, container: 'kube-proxy' };
    const own = await execInContainer(kubeApi(connection).access, proxy, argv, { signal: signal() });
    const kubectl = await lab.kubectl(['exec', '-n', 'kube-system', name, '--', ...argv]);
    expect(own).toMatchObject({ kind: 'exited', exitCode: kubectl.status, stdout: kubectl.stdout });
    expect(kubectl.stderr).toContain(own.kind === 'exited' ? own.stderr.trim() : 'missing');
  });

  it.each([
    ['a pod that is not there', { namespace: 'shop', pod: 'nobody', container: 'agent' }, 'gone'],
    ['a container that is not of the pod', { ...target, container: 'nobody' }, 'refused'],
  ] as const)('%s', async (_what, missing, failure) => {
    const error = await streamFailure(
      execInContainer(kubeApi(connection).access, missing, ['true'], { signal: signal() }),
    );
    expect(error.failure).toBe(failure);
    expect(error.message).toMatch(/not found|not valid/);
  });

  it('port-forward reaches a server of the pod', async () => {
    const stream = await forwardPort(kubeApi(connection).access, target, 8080, { signal: signal() });
    const answer = await askOver(stream, 'web-a', '/');
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toContain('web-a');
  });

  it('port-forward to a port where nobody listens', async () => {
    const stream = await forwardPort(kubeApi(connection).access, target, 1, { signal: signal() });
    expect(await streamFailure(askOver(stream, 'web-a', '/'))).toMatchObject({ failure: 'port-closed' });
  });
});

describe('a debug pod', () => {
  const pods = async (): Promise<string[]> =>
    (await lab.api.list<{ metadata: { name: string } }>('/api/v1/namespaces/default/pods')).map(
      ({ metadata }) => metadata.name,
    );

  it("reads the node and a pod's own network namespace, and is gone afterwards", async () => {
    const api = kubeApi(connection);
    const access = new DebugPodAccess(api, { image: TOOLS_IMAGE, namespace: 'default', say: () => {} });
    const collector = new NodeCollector(api, access);
    const names = [`${FOLDER}nodes/node1/ip-link.json`, `${FOLDER}pods/shop/web-a/netns/ip-address.json`];
    const collected = await collector.collect(names, signal());
    expect(await pods()).toEqual([expect.stringMatching(/^reach-debug-/)]);
    await collector.close();
    const { metadata } = await lab.api.get<{ metadata: { uid: string } }>('/api/v1/namespaces/shop/pods/web-a');
    const pid = processOfPod(metadata.uid, () => true);
    const inside = await attempt('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', '-j', 'address']);
    expect(textOf(collected.get(names[1] ?? ''))).toBe(inside.stdout.toString());
    expect(await pods()).toEqual([]);
  });

  it('is gone after Ctrl-C as well', async () => {
    const argv = ['explain', 'api-a', 'web', '-n', 'shop', '--kubeconfig', lab.kubeconfig];
    const debug = ['--node-access', 'debug-pod', '--debug-image', TOOLS_IMAGE];
    const child = spawn(process.execPath, ['dist/kubectl-reach.cjs', ...argv, ...debug]);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    while ((await pods()).length === 0) await pause(100);
    child.kill('SIGINT');
    const status = await new Promise((resolve) => {
      child.once('close', resolve);
    });
    expect(await pods()).toEqual([]);
    expect(status).toBe(1);
    expect(said).toMatch(/^Starting a privileged pod on node node\d \(namespace default, image /);
  });
});

interface PodEntry {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName: string };
}

async function kubeProxyOn(node: string): Promise<string> {
  const pods = await lab.api.list<PodEntry>('/api/v1/namespaces/kube-system/pods');
  const proxy = pods.find(({ metadata, spec }) => metadata.name.startsWith('kube-proxy-') && spec.nodeName === node);
  return proxy?.metadata.name ?? '';
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
