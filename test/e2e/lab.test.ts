/** The lab itself: real nodes come up, answer as nodes do, and leave nothing behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goProgram, KUBERNETES_VERSION } from '../lab/build/go-modules.ts';
import { execute } from '../lab/execute.ts';
import { TOOLS_IMAGE } from '../lab/image/images.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import type { ProbeResult } from '../lab/probe/probe.ts';
import { SERVICES } from '../lab/topology/services.ts';
import { plain, problemsOf, runProgram } from './program-run.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab(SERVICES, { proxyTools: 'distroless' });
});
afterAll(async () => {
  await lab.stop();
});

/** Everything of the machine that could be left: mounts, cgroups and those in them, links, network namespaces, processes. */
function traces(): string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const groups = existsSync('/sys/fs/cgroup/memory') ? readdirSync('/sys/fs/cgroup/memory') : [];
  const links = readdirSync('/sys/class/net');
  const commands = readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? ['cgroup', 'cmdline'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8')) : [];
    } catch {
      return [];
    }
  });
  return [...mounts, ...groups, ...links, ...readdirSync('/run/netns'), ...commands];
}

const kubectl = async (...words: string[]): Promise<string> => {
  const { status, stdout, stderr } = await lab.kubectl(words);
  expect(status, stderr).toBe(0);
  return stdout.toString();
};

it("kube-proxy's released image: what its tools print is read, and each that it lacks is named with the way around", async () => {
  const ended = await runProgram([
    'explain',
    'node/node1',
    'svc/host',
    '-n',
    'shop',
    '-v',
    '--kubeconfig',
    lab.kubeconfig,
  ]);
  const lacks =
    /there is no ip in container kube-proxy of pod kube-system\/kube-proxy-\w+ \(run it with --node-access debug-pod,/;
  expect(problemsOf(ended, { status: 4, says: lacks })).toEqual([]);
  const answer = plain(ended.stdout.toString());
  expect(answer).toMatch(/As the API objects intend it, .+ delivered to shop\/host-a/);
  expect(answer).not.toMatch(/iptables-save\.txt: there is no/);
});

describe('the API server', () => {
  it('knows two nodes that are Ready, of the version that was built', async () => {
    const text = await kubectl('get', 'nodes', '--no-headers');
    expect(text.match(new RegExp(`^node[12] +Ready .* ${KUBERNETES_VERSION}$`, 'gm'))).toHaveLength(2);
  });

  it.each([
    ['reader', 'may list pods of its namespace', ['get', 'pods', '-n', 'shop'], 0],
    ['reader', 'may not list nodes', ['get', 'nodes'], 1],
    ['reader-token', 'is the same by token', ['get', 'services', '-n', 'shop'], 0],
    ['watcher', 'may list nodes', ['get', 'nodes'], 0],
    ['watcher', 'may not enter a pod', ['exec', '-n', 'shop', 'web-a', '--', '/agent', 'fail'], 1],
    ['nobody', 'may list nothing', ['get', 'pods', '-n', 'shop'], 1],
  ] as const)('%s %s', async (identity, _, words, status) => {
    const ended = await lab.kubectl(words, identity);
    expect(ended.status, ended.stderr).toBe(status);
    expect(/forbidden/i.test(ended.stderr)).toBe(status !== 0);
  });
});

describe('real kubectl', () => {
  it('executes in a pod, and gets its exit status', async () => {
    const { stdout } = await lab.kubectl([
      'exec',
      '-n',
      'shop',
      'web-a',
      '--',
      '/agent',
      'probe',
      question('127.0.0.1'),
    ]);
    expect(JSON.parse(stdout.toString())).toMatchObject({ stage: 'answered', seen: { name: 'web-a' } });
    expect((await lab.kubectl(['exec', '-n', 'shop', 'web-a', '--', '/agent', 'fail'])).status).toBe(1);
  });

  it('reads logs', async () => {
    expect(await kubectl('logs', '-n', 'shop', 'web-a')).toBe('serves 8080/http\nserves 9090/tcp\n');
  });

  it('forwards a port', async () => {
    const program = await goProgram('kubectl');
    const words = ['--kubeconfig', lab.kubeconfig, 'port-forward', '-n', 'shop', 'web-b', ':8080'];
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      const port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
      expect(JSON.parse(await get(port))).toMatchObject({ name: 'web-b' });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('debugs a pod with an ephemeral container', async () => {
    const words = [
      'debug',
      '-n',
      'shop',
      'pod/web-a',
      `--image=${TOOLS_IMAGE}`,
      '--image-pull-policy=Never',
      '-c',
      'dbg',
    ];
    await kubectl(...words, '--', 'sleep', '600');
    let sockets = '';
    await lab.api.until('the ephemeral container runs', 30, async () => {
      const { status, stdout } = await lab.kubectl(['exec', '-n', 'shop', 'web-a', '-c', 'dbg', '--', 'ss', '-Hlnt']);
      sockets = stdout.toString();
      return status === 0;
    });
    expect(sockets).toContain(':8080');
  });

  it('debugs a node, where the rules are those of the node', async () => {
    const words = ['debug', 'node/node1', `--image=${TOOLS_IMAGE}`, '--image-pull-policy=Never', '--profile=sysadmin'];
    const told = await kubectl(...words, '--', 'sleep', '600');
    const pod = /node-debugger-\S+/.exec(told)?.[0] ?? told;
    await kubectl('wait', `pod/${pod}`, '--for=condition=Ready', '--timeout=30s');
    const text = await kubectl('exec', pod, '--', 'iptables-save', '-t', 'nat');
    const own = await execute('iptables-nft-save', ['-t', 'nat'], { netns: lab.netnsOf('node1') });
    const rules = (dump: string): string => dump.replaceAll(/^[#:].*$/gm, '');
    expect(rules(text)).toContain('-A KUBE-SERVICES -d 10.96.10.1/32');
    expect(rules(text) === rules(own)).toBe(true);
  });

  it('finds in kube-proxy’s image what the release’s has: no JSON of nft, no ip', async () => {
    const enter = ['exec', '-n', 'kube-system', 'ds/kube-proxy', '--'];
    expect((await lab.kubectl([...enter, 'iptables-save'])).status).toBe(0);
    const json = await lab.kubectl([...enter, 'nft', '-j', 'list', 'ruleset']);
    expect([json.status, json.stderr]).toEqual([1, expect.stringContaining('JSON support not compiled-in')]);
    expect((await lab.kubectl([...enter, 'ip', 'route'])).status).not.toBe(0);
  });
});

describe('pods and the world outside', () => {
  const from = { pod: 'cli-a' };

  it.each<[about: string, probe: Parameters<Lab['probe']>[0], result: Partial<ProbeResult>]>([
    ['answer over HTTP', { from, to: 'http://solo' }, { disposition: 'delivered', status: 200, backend: 'solo-a' }],
    ['answer over TCP', { from, to: 'tcp://db-0.shop' }, { disposition: 'unresolved', error: 'NXDOMAIN' }],
    ['fail with a status', { from, to: 'http://solo/status/503' }, { disposition: 'delivered', status: 503 }],
    ['are slow', { from, to: 'http://solo/slow/300', timeout: 2000 }, { disposition: 'delivered', status: 200 }],
    ['hang', { from, to: 'http://solo/hang', timeout: 300 }, { disposition: 'failed', error: 'timeout' }],
    ['reset', { from, to: 'http://solo/reset' }, { disposition: 'failed', error: 'ECONNRESET' }],
    ['refuse where nothing listens', { from, to: 'tcp://web-headless:81' }, { disposition: 'refused' }],
    [
      'leave a datagram unanswered',
      { from, to: 'udp://dns:53', payload: 'hang', timeout: 300 },
      { disposition: 'dropped' },
    ],
    ['answer over UDP', { from, to: 'udp://dns:53' }, { disposition: 'delivered' }],
    ['answer over IPv6', { from, to: 'http://web-v6' }, { disposition: 'delivered', address: 'fd00:96::109' }],
    [
      'reach a name outside',
      { from, to: 'http://db.example.test:8090' },
      { disposition: 'delivered', backend: 'outside' },
    ],
  ])('%s', async (_, probe, result) => {
    expect(await lab.probe(probe)).toMatchObject(result);
  });

  it('see where a request comes from', async () => {
    const { local, source } = await lab.probe({ from, to: 'http://10.96.10.1' });
    expect(source).toBe(local);
    const outside = await lab.probe({ from: 'outside', to: 'http://10.10.0.11:30080' });
    expect(['10.10.0.11', '10.244.1.1']).toContain(outside.source);
  });
});

describe('stopping', () => {
  it('by a second start of the same name removes all of the first', async () => {
    expect(traces().filter((trace) => trace.includes(lab.record.name))).not.toEqual([]);
    lab.api.close();
    lab = await startLab({ nodes: [], pods: [], objects: [] }, { cluster: 'objects' });
    expect(traces().filter((trace) => trace.includes(`${lab.record.name}/node1`))).toEqual([]);
    expect(existsSync(join(lab.record.folder, 'nodes'))).toBe(false);
  });

  it('leaves nothing', async () => {
    await lab.stop();
    expect(traces().filter((trace) => trace.includes(lab.record.name))).toEqual([]);
  });
});

function question(host: string): string {
  return JSON.stringify({ protocol: 'http', host, port: 8080 });
}

function get(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1' }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.once('end', () => {
        resolve(text);
      });
    })
      .once('error', reject)
      .end();
  });
}
