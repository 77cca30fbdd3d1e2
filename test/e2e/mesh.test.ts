/**
 * A mesh on two real nodes. `explain` is asked live, of the sidecars' own configuration, and then the request is sent for real: verdict,
 * backends, statuses and observed sources must agree; what cannot be known is undetermined and says why. What is collected of sidecars
 * and istiod is what they themselves say, and when they cannot be asked, the answer tells it.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectSnapshots } from '../../src/collect/snapshot.ts';
import type { Collected, Collector } from '../../src/collect/live/collector.ts';
import type { Connection } from '../../src/collect/live/connection.ts';
import { EnvoyCollector } from '../../src/collect/live/envoy/envoy-collector.ts';
import { askAds, type AdsTarget } from '../../src/collect/live/istiod/ads.ts';
import { IstiodCollector } from '../../src/collect/live/istiod/istiod-collector.ts';
import { openLocalForward } from '../../src/collect/live/istiod/local-forward.ts';
import { kubeApi } from '../../src/collect/live/kube-api.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import { parseSyncz } from '../../src/parse/istiod/syncz.ts';
import { connectTo } from '../collect/live/connecting.ts';
import { answering, httpAnswer, startFakeApiServer, type FakeApiServer } from '../collect/live/fake-api-server.ts';
import { streamFailure } from '../collect/live/stream-failure.ts';
import { TOOLS_IMAGE } from '../lab/image/images.ts';
import type { Lab } from '../lab/lab.ts';
import type { ProbeResult } from '../lab/probe/probe.ts';
import { MESH } from '../lab/topology/mesh.ts';
import { podObject } from '../lab/topology/pod-objects.ts';
import { differences } from '../agreement/agreement.ts';
import { startFaultyProxy, type FaultyProxy } from './faulty-proxy.ts';
import { liveAnswers } from '../agreement/live-answers.ts';
import { testIstiosPromises } from './istio-promises.ts';
import { MESH_QUESTIONS } from './mesh-questions.ts';
import { DEADLINE_MS, plain, problemsOf, runProgram } from './program-run.ts';
import { questionOf, type RequestQuestion, sendAll, withAddresses } from '../agreement/request-question.ts';
import { sharedLab } from './shared-lab.ts';
import { ISTIOD_FAULTS, proxyFaults } from './stream-faults.ts';

const NAMESPACE = 'bookinfo';
const ISTIO_NAMESPACE = 'istio-system';

let lab: Lab;
let connection: Connection;
/** Between the program and the API server. */
let between: FaultyProxy;
/** Name of istiod's pod. */
let istiod: string;
beforeAll(async () => {
  lab = await sharedLab(MESH);
  connection = connectTo({ kubeconfig: lab.kubeconfig });
  between = await startFaultyProxy(lab);
  const pods = await lab.api.list(`/api/v1/namespaces/${ISTIO_NAMESPACE}/pods?labelSelector=app%3Distiod`);
  istiod = pods[0]?.metadata.name ?? '';
});
afterAll(async () => {
  connection.close();
  await between.close();
  lab.api.close();
});

const signal = (): AbortSignal => AbortSignal.timeout(60_000);
const textOf = (collected: Collected | undefined): string =>
  collected !== undefined && 'bytes' in collected ? collected.bytes.toString() : `gap: ${collected?.gap.problem}`;

async function collect(collector: Collector, name: string): Promise<Collected | undefined> {
  return (await collector.collect([name], signal())).get(name);
}

describe('what Istio promises', () => {
  testIstiosPromises(() => lab);
});

describe('requests', () => {
  let questions: readonly RequestQuestion[];
  /** In the order of the questions. */
  let answers: readonly Explanation[];
  let sent: readonly (readonly ProbeResult[])[];
  beforeAll(async () => {
    questions = await withAddresses(lab, MESH_QUESTIONS);
    answers = await liveAnswers(
      lab,
      questions.map((question) => questionOf(question, NAMESPACE)),
    );
    sent = await sendAll(lab, questions, NAMESPACE);
  });

  it.each(MESH_QUESTIONS.map(({ about, to }, at) => [about, to, at] as const))('%s: %s', (_about, _to, at) => {
    const question = questions[at] as RequestQuestion;
    const explanation = answers[at] as Explanation;
    const results = sent[at] ?? [];
    const told = `${explanation.summary}\nsent: ${JSON.stringify(results[0])}`;
    expect(differences(question, explanation, results), told).toEqual([]);
  });
});

describe('the admin interface of a sidecar', () => {
  const file = (pod: string, document: string): string => `clusters/lab/pods/${pod}/envoy/${document}.json`;
  const admin = (port = 15_000, endpoints = true): EnvoyCollector =>
    new EnvoyCollector(kubeApi(connection), { port, endpoints, starting: false });
  /** As the sidecar's own container sees it. */
  async function inside(document: string): Promise<string> {
    const url = `localhost:15000/${document}`;
    const ended = await lab.kubectl([
      'exec',
      '-n',
      NAMESPACE,
      'details-v1',
      '-c',
      'istio-proxy',
      '--',
      'curl',
      '-s',
      url,
    ]);
    return ended.stdout.toString();
  }
  /** What goes on while it is looked at. */
  const MOVING: Readonly<Record<string, readonly string[]>> = {
    config_dump: ['draining_state'],
    clusters: ['value'],
    server_info: ['uptime_current_epoch', 'uptime_all_epochs'],
  };
  /** Without that, and in an order of its own: maps of messages have none. */
  function settled(document: string, text: string): unknown {
    const moving = MOVING[document] ?? [];
    return JSON.parse(text, (name, value: unknown) => {
      if (moving.includes(name)) return undefined;
      return Array.isArray(value) ? value.toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1)) : value;
    });
  }
  const canonical = (value: unknown): string =>
    JSON.stringify(value, (_name, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1))
        : inner,
    );

  it.each([
    ['config_dump', 'config_dump?include_eds'],
    ['clusters', 'clusters?format=json'],
    ['listeners', 'listeners?format=json'],
    ['server_info', 'server_info'],
  ])('%s is what it says itself', async (document, asked) => {
    const collected = textOf(await collect(admin(), file('bookinfo/details-v1', document)));
    expect(settled(document, collected)).toEqual(settled(document, await inside(asked)));
  });

  it('stats', async () => {
    const collected = textOf(await collect(admin(), file('bookinfo/details-v1', 'stats')));
    expect(JSON.parse(collected)).toHaveProperty('stats');
  });

  it('endpoints come when they are wanted', async () => {
    const name = file('bookinfo/details-v1', 'config_dump');
    const sections = (text: string): boolean => text.includes('EndpointsConfigDump');
    expect(sections(textOf(await collect(admin(15_000, true), name)))).toBe(true);
    expect(sections(textOf(await collect(admin(15_000, false), name)))).toBe(false);
  });

  it('is asked once for each document', async () => {
    const asked: string[] = [];
    between.faults = {
      stream: ({ url = '' }) => {
        asked.push(url);
        return false;
      },
    };
    const through = connectTo({ kubeconfig: lab.kubeconfig, server: between.url });
    const collector = new EnvoyCollector(kubeApi(through), { port: 15_000, endpoints: true, starting: false });
    const names = ['config_dump', 'clusters', 'config_dump', 'clusters'].map((one) => file('bookinfo/details-v1', one));
    await collector.collect(names, signal());
    await collector.collect(names, signal());
    through.close();
    // What is served depends on whether it has started, which is asked first.
    expect(asked).toEqual(Array(3).fill('/api/v1/namespaces/bookinfo/pods/details-v1/portforward?ports=15000'));
  });

  it.each([
    [
      'another server’s port',
      15_020,
      'bookinfo/details-v1',
      /^gap: port 15020 .+ answers \/config_dump with status 404/,
    ],
    [
      'an application’s port',
      8080,
      'bookinfo/store',
      /^gap: port 8080 .+ with JSON of another server: \{"name":"store"/,
    ],
    ['a port that speaks no HTTP', 9000, 'bookinfo/store', /^gap: port-forward to .+ the answer is no HTTP\/1/],
    [
      'a port where nobody listens',
      15_999,
      'bookinfo/store',
      /^gap: nobody listens on port 15999 .+ container istio-proxy is a proxy/,
    ],
    ['a pod without a sidecar', 15_000, 'plain/plain', /^gap: there is no Envoy in pod plain\/plain/],
    ['a pod that is not there', 15_000, 'bookinfo/nobody', /^gap: port-forward to .+ pods "nobody" not found/],
  ])('%s', async (_what, port, pod, said) => {
    expect(textOf(await collect(admin(port), file(pod, 'config_dump')))).toMatch(said);
  });

  it('a proxy that is still starting is told from one that serves', async () => {
    const settings = { 'proxy.istio.io/config': `discoveryAddress: nobody.${ISTIO_NAMESPACE}.svc:15012` };
    await lab.api.apply(
      podObject({
        name: 'starting',
        namespace: NAMESPACE,
        node: 'node1',
        labels: { app: 'starting' },
        annotations: settings,
      }),
    );
    await lab.api.until('the proxy of pod starting answers', 40, async () => {
      const info = textOf(await collect(admin(), file('bookinfo/starting', 'server_info')));
      return info.includes('"state"');
    });
    const collected = await collect(admin(), file('bookinfo/starting', 'config_dump'));
    expect(textOf(collected)).toMatch(/^gap: the proxy is still starting \(state (?:PRE_)?INITIALIZING\)/);
  });

  it('an identity that may not forward ports is told what it needs', async () => {
    const watcher = connectTo({ kubeconfig: lab.kubeconfigOf('watcher') });
    const collector = new EnvoyCollector(kubeApi(watcher), { port: 15_000, endpoints: true, starting: false });
    const collected = await collect(collector, file('bookinfo/details-v1', 'config_dump'));
    watcher.close();
    expect(collected).toMatchObject({
      gap: {
        kind: 'forbidden',
        remedy: expect.stringMatching(/get and create of pods\/portforward in namespace bookinfo/),
      },
    });
  });
});

describe('istiod', () => {
  const file = (document: string): string => `clusters/lab/istiod/${istiod}/${document}.json`;
  const proxies = (text: string): readonly string[] => {
    const { value, gaps } = parseSyncz({ name: 'syncz', capturedAt: null, bytes: Buffer.from(text) }, istiod);
    expect(gaps).toEqual([]);
    return value.map(({ proxy }) => proxy).toSorted();
  };
  /** Every pod that has a sidecar which istiod knows. */
  const connected = expect.arrayContaining(['cli-a.bookinfo', 'cli.limited', 'details-v1.bookinfo', 'vault.bookinfo']);

  it.each([
    ['over HTTP', []],
    ['over its discovery service with TLS and a token', ['15014']],
  ])('%s', async (_how, closed) => {
    between.faults = {
      stream: ({ url = '' }, socket) => {
        if (!closed.some((port) => url.endsWith(`ports=${port}`))) return false;
        socket.destroy();
        return true;
      },
    };
    const through = connectTo({ kubeconfig: lab.kubeconfig, server: between.url });
    const collector = new IstiodCollector(kubeApi(through), { namespace: ISTIO_NAMESPACE });
    const syncz = textOf(await collect(collector, file('syncz')));
    const dump = textOf(await collect(collector, file('config_dump_proxyID_details-v1.bookinfo')));
    through.close();
    expect(proxies(syncz)).toEqual(connected);
    expect(proxies(syncz).join(' ')).not.toContain('kubectl');
    expect(dump).toContain('type.googleapis.com/envoy.admin.v3.ListenersConfigDump');
  });

  interface Token {
    readonly status: { readonly token: string };
  }
  async function discover(port: number, typeUrl: string, names: readonly string[]): ReturnType<typeof askAds> {
    const account = `/api/v1/namespaces/${ISTIO_NAMESPACE}/serviceaccounts/default/token`;
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: ['istio-ca'] } };
    const { status } = JSON.parse(await lab.api.call('POST', account, { body: request })) as Token;
    const forward = await openLocalForward(
      kubeApi(connection),
      { namespace: ISTIO_NAMESPACE, pod: istiod },
      port,
      signal(),
    );
    const tls: AdsTarget['tls'] =
      port === 15_010 ? null : { authority: null, serverName: `istiod.${ISTIO_NAMESPACE}.svc` };
    try {
      const target = { address: `127.0.0.1:${forward.port}`, tls, token: status.token };
      return await askAds(target, { typeUrl, resourceNames: names, namespace: ISTIO_NAMESPACE, signal: signal() });
    } finally {
      forward.close();
    }
  }

  it('tells over its discovery service which proxies are connected', async () => {
    const { resources, controlPlane } = await discover(15_012, 'istio.io/debug/syncz', []);
    const types = new Set(resources.map(({ typeUrl }) => typeUrl));
    expect([...types]).toEqual(['type.googleapis.com/envoy.service.status.v3.ClientConfig']);
    expect(resources.some(({ value }) => value.includes('details-v1.bookinfo'))).toBe(true);
    expect(JSON.parse(controlPlane ?? '')).toMatchObject({ Component: 'istiod', ID: istiod });
  });

  it('tells over its discovery service what it gave to a proxy', async () => {
    const { resources } = await discover(15_012, 'istio.io/debug/config_dump', ['details-v1.bookinfo']);
    const types = resources.map(({ typeUrl }) => typeUrl.replace(/^.*\./, ''));
    expect(types).toEqual(expect.arrayContaining(['ClustersConfigDump', 'ListenersConfigDump', 'RoutesConfigDump']));
  });

  it('tells nothing to those whom it does not know', async () => {
    const error = await streamFailure(discover(15_010, 'istio.io/debug/syncz', []));
    expect(error).toMatchObject({ failure: 'forbidden', message: expect.stringContaining('authentication required') });
  });
});

describe('faults on the way to a sidecar', () => {
  const QUESTION = ['explain', 'cli-b', 'http://details:9080/details/0', '-n', NAMESPACE, '-v'];
  let other: FakeApiServer;
  beforeAll(async () => {
    const text = 'upstream connect error or disconnect/reset before headers';
    const forward = answering((request) =>
      request.includes('/server_info')
        ? httpAnswer(200, 'application/json', '{"state":"LIVE"}')
        : httpAnswer(200, 'text/plain', text),
    );
    other = await startFakeApiServer({ protocols: ['v4.channel.k8s.io'], forward });
  });
  afterAll(() => other.close());

  it.each(proxyFaults(() => other).map((fault) => [fault.about, fault] as const))(
    '%s',
    async (_about, fault) => {
      between.faults = fault.make();
      const way = ['--kubeconfig', lab.kubeconfig, '--server', between.url, '--node-access', 'none'];
      expect(problemsOf(await runProgram([...QUESTION, ...way, ...(fault.flags ?? [])]), fault)).toEqual([]);
    },
    DEADLINE_MS + 10_000,
  );

  it(
    'without a fault everything is seen',
    async () => {
      between.faults = {};
      const way = ['--kubeconfig', lab.kubeconfig, '--server', between.url];
      const access = ['--node-access', 'debug-pod', '--debug-image', TOOLS_IMAGE];
      const ended = await runProgram([...QUESTION, ...way, ...access]);
      expect(problemsOf(ended, { status: 0, says: /delivered to bookinfo\/details-v1/ })).toEqual([]);
    },
    DEADLINE_MS + 10_000,
  );
});

describe('faults on the way to istiod', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'kubectl-reach-e2e-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(ISTIOD_FAULTS.map((fault) => [fault.about, fault] as const))(
    '%s',
    async (_about, { make, status, has, says, flags = [] }) => {
      between.faults = make();
      const out = path.join(folder, `${randomUUID()}.tar.gz`);
      const way = ['--kubeconfig', lab.kubeconfig, '--server', between.url, '--node-access', 'none'];
      const ended = await runProgram(['snapshot', '-n', 'plain', ...way, ...flags, '-o', out]);
      const said = plain(`${ended.stdout.toString()}\n${ended.stderr}`);
      expect(ended.status, said).toBe(status);
      expect(said).toMatch(says);
      expect(existsSync(out)).toBe(true);
      const names = (await collectSnapshots([out])).names();
      expect(names.some((name) => name.endsWith('/syncz.json'))).toBe(has);
    },
    DEADLINE_MS + 10_000,
  );
});
