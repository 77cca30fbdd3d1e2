/**
 * Faults between the built program and a real API server and kubelet, one by one. Whatever happens, the program ends in time, says what
 * it could not see and what would help, and says "reachable" only where it could see everything.
 */
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tlsFile } from '../collect/live/api-server.ts';
import { attempt, type Ended } from '../lab/execute.ts';
import { goProgram } from '../lab/build/go-modules.ts';
import type { Lab } from '../lab/lab.ts';
import { SERVICES } from '../lab/topology/services.ts';
import { startFaultyProxy, type Faults } from './faulty-proxy.ts';
import { REQUEST_FAULTS } from './faults.ts';
import { DEADLINE_MS, plain, problemsOf, runProgram } from './program-run.ts';
import { sharedLab } from './shared-lab.ts';
import { EXEC_FAULTS } from './stream-faults.ts';
import { pluginKubeconfig, runInPod } from './ways-to-connect.ts';
import { temporaryFolder } from '../collect/temporary-folder.ts';

/** A request whose every step exec alone can see: from a node to a backend on the network of the other node. */
const QUESTION = ['node/node1', 'svc/host', '-n', 'shop', '-v'];
/** A request that needs Services for its name, and pods whose own network exec cannot see. */
const BY_NAME = ['cli-a', 'http://web', '-n', 'shop', '-v'];

let lab: Lab;
beforeAll(async () => {
  lab = await sharedLab(SERVICES);
});
afterAll(() => lab.api.close());

function run(argv: readonly string[], identity = 'admin'): Promise<Ended> {
  return runProgram(['explain', '--kubeconfig', lab.kubeconfigOf(identity), ...argv]);
}

/** Runs it through a proxy of its own, so that many faults are met at a time: most of them are waited out. */
async function runThrough(faults: Faults, argv: readonly string[]): Promise<Ended> {
  const proxy = await startFaultyProxy(lab);
  proxy.faults = faults;
  try {
    return await run([...argv, '--server', proxy.url]);
  } finally {
    await proxy.close();
  }
}

describe.concurrent('faults of the kubelet', () => {
  it.each(EXEC_FAULTS.map((fault) => [fault.about, fault] as const))(
    '%s',
    async (_about, fault) => {
      expect(problemsOf(await runThrough(fault.make(), [...QUESTION, ...(fault.flags ?? [])]), fault)).toEqual([]);
    },
    DEADLINE_MS + 10_000,
  );
});

describe.concurrent('faults of the API server', () => {
  it.each(REQUEST_FAULTS.map((fault) => [fault.about, fault] as const))(
    '%s',
    async (_about, fault) => {
      const question = fault.status === 4 ? BY_NAME : QUESTION;
      expect(problemsOf(await runThrough(fault.make(), [...question, ...(fault.flags ?? [])]), fault)).toEqual([]);
    },
    DEADLINE_MS + 10_000,
  );
});

describe('no API server', () => {
  it('nobody listens', async () => {
    const ended = await run([...QUESTION, '--server', 'https://127.0.0.1:1']);
    expect(
      problemsOf(ended, { status: 1, says: /there is no connection to the API server .+ \(ECONNREFUSED\)/ }),
    ).toEqual([]);
  });

  it('a certificate of an unknown authority', async () => {
    const ended = await run([...QUESTION, '--certificate-authority', tlsFile('ca.crt')]);
    expect(problemsOf(ended, { status: 1, says: /cannot be trusted.+--certificate-authority/ })).toEqual([]);
  });

  it('a server that speaks no HTTP', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const ended = await run([...QUESTION, '--server', `http://127.0.0.1:${(server.address() as AddressInfo).port}`]);
    server.close();
    expect(problemsOf(ended, { status: 1, says: /it is no Kubernetes API/ })).toEqual([]);
  });

  it('a server that takes the connection and says nothing', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    const ended = await run([...QUESTION, '--server', `https://127.0.0.1:${port}`, '--request-timeout', '2s']);
    server.close();
    expect(problemsOf(ended, { status: 1, says: /gave no whole answer within 2 s.+--request-timeout/ })).toEqual([]);
  });
});

describe('identities that may do little', () => {
  it('a Role that reads one namespace: what its objects intend is told, the rest is a gap with the right to ask for', async () => {
    const ended = await run(['cli-a', 'http://web', '-v'], 'reader');
    expect(
      problemsOf(ended, { status: 4, says: /As the API objects intend it, .+ delivered to one of shop\/web-a/ }),
    ).toEqual([]);
    const answer = plain(ended.stdout.toString());
    expect(answer).toMatch(/web resolves as web\.shop\.svc\.cluster\.local to 10\.96\.10\.1/);
    expect(answer).toMatch(/coverage: \d+ steps? proven, .+ gaps/);
    expect(answer).toMatch(/assumed: no other Service is taken to claim 10\.96\.10\.1/);
    for (const right of ['list nodes', 'list namespaces', 'list pods in namespace kube-system']) {
      expect(answer).toContain(`(allow it to ${right} (`);
    }
  });

  it('everything may be read, no pod entered: the answer is what the objects intend', async () => {
    const ended = await run(['cli-a', 'http://web'], 'watcher');
    expect(
      problemsOf(ended, { status: 4, says: /As the API objects intend it, .+ delivered to one of shop\/web-a/ }),
    ).toEqual([]);
    expect(plain(ended.stdout.toString())).toMatch(/allow get and create of pods\/exec in namespace kube-system/);
  });

  it('nothing may be read', async () => {
    expect(
      problemsOf(await run(['cli-a', 'http://web', '-n', 'shop'], 'nobody'), {
        status: 1,
        says: /allow it to list pods in namespace shop/,
      }),
    ).toEqual([]);
  });

  it('without a fault everything is seen', async () => {
    expect(problemsOf(await runThrough({}, QUESTION), { status: 0, says: /delivered to shop\/host-a/ })).toEqual([]);
  });
});

describe('the role that access prints', () => {
  /** Applies it for somebody who may do nothing, as an administrator does. */
  async function allow(user: string, ...flags: readonly string[]): Promise<void> {
    const words = ['access', '--kubeconfig', lab.kubeconfig, '--as', user, ...flags];
    const role = await runProgram([...words, '-o', 'yaml']);
    const applied = await attempt(await goProgram('kubectl'), ['--kubeconfig', lab.kubeconfig, 'apply', '-f', '-'], {
      input: role.stdout,
    });
    expect(applied.status, applied.stderr).toBe(0);
    const again = await runProgram(words);
    expect(again.status, again.stdout.toString()).toBe(0);
  }

  it('suffices for an answer, and for nothing that changes the cluster', async () => {
    await allow('kim');
    const ended = await run([...QUESTION, '--as', 'kim']);
    expect(problemsOf(ended, { status: 0, says: /delivered to shop\/host-a/ })).toEqual([]);
    const forbidden = ['delete pods', 'create pods', 'get secrets', 'list secrets', 'create deployments.apps'];
    const allowed = await Promise.all(
      forbidden.map(async (right) => {
        const { stdout } = await lab.kubectl(['auth', 'can-i', ...right.split(' '), '-A', '--as', 'kim']);
        return `${right}: ${stdout.toString().trim()}`;
      }),
    );
    expect(allowed).toEqual(forbidden.map((right) => `${right}: no`));
  });

  it('of one namespace: what is there is found', async () => {
    await allow('jane', '-n', 'shop');
    const ended = await run([...QUESTION, '--as', 'jane']);
    expect(problemsOf(ended, { status: 0, says: /delivered to shop\/host-a/ })).toEqual([]);
  });
});

describe('ways to be known to the API server', () => {
  it.each([
    ['a certificate', 'admin', 'admin'],
    ['a token', 'reader-token', 'reader'],
  ])('a credential plugin that gives %s', async (_, identity, user) => {
    const kubeconfig = `${temporaryFolder({ config: pluginKubeconfig(lab, identity) })}/config`;
    const { stdout, stderr } = await runProgram(['access', '--kubeconfig', kubeconfig]);
    expect(plain(stdout.toString()), stderr).toMatch(new RegExp(`^User ${user} at https:`));
  });

  it('the service account of the pod that it runs in', async () => {
    const access = await runInPod(lab, ['access']);
    expect(plain(access.stdout.toString()), access.stderr).toMatch(
      /^User system:serviceaccount:kube-system:coredns at https:\/\/10\.96\.0\.1 \(cluster in-cluster\) may: yes list services/,
    );
    const answer = await runInPod(lab, ['explain', 'cli-a', 'http://web', '-n', 'shop', '-v']);
    expect(problemsOf(answer, { status: 4, says: /allow it to list networkpolicies\.networking\.k8s\.io/ })).toEqual(
      [],
    );
    expect(plain(answer.stdout.toString())).toMatch(/the node should send 10\.96\.10\.1:80 to .+ \(pod shop\/web-a\)/);
  });
});
