// The mesh of the lab is the real one: what Istio promises is seen to happen, before anything is explained by it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { goProgram } from '../lab/build/go-modules.ts';
import { collectionPath, type KubernetesObject } from '../lab/control-plane/objects.ts';
import { attempt } from '../lab/execute.ts';
import { INGRESS } from '../lab/istio/install.ts';
import type { Lab } from '../lab/lab.ts';
import type { Probe, ProbeResult } from '../lab/probe/probe.ts';
import { BOOKINFO } from '../lab/topology/bookinfo.ts';

const NAMESPACE = 'bookinfo';
const CLIENT = { pod: 'cli-a', namespace: NAMESPACE };
const STRANGER = { pod: 'plain', namespace: 'plain' };
/** Seconds until a changed object has reached every proxy. */
const PATIENCE = 20;
function words(results: readonly ProbeResult[], field: 'backend' | 'disposition' | 'status'): string[] {
  return [...new Set(results.map((result) => String(result[field])))].toSorted();
}

interface PodState {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly containerStatuses?: readonly { name: string; ready: boolean }[];
    readonly initContainerStatuses?: readonly { name: string; ready: boolean }[];
  };
}

/** @param started the lab, once it stands: Bookinfo and more */
export function testIstiosPromises(started: () => Lab): void {
  let lab: Lab;
  /** What a test put and must take away. */
  const put: KubernetesObject[] = [];

  beforeAll(() => {
    lab = started();
  });
  afterEach(async () => {
    for (const object of put.splice(0))
      await lab.api.call('DELETE', `${collectionPath(object)}/${object.metadata.name}`);
  });

  async function apply(apiVersion: string, kind: string, name: string, spec: object): Promise<void> {
    const object = { apiVersion: `${apiVersion}.istio.io/v1`, kind, metadata: { name, namespace: NAMESPACE }, spec };
    put.push(object);
    await lab.api.apply(object);
  }

  /** Asks until the answers are as expected; the last ones count. */
  async function eventually(
    probe: Probe,
    count: number,
    holds: (results: readonly ProbeResult[]) => boolean,
  ): Promise<readonly ProbeResult[]> {
    for (const end = Date.now() + PATIENCE * 1000; ; await sleep(250)) {
      const results = await lab.probes(probe, count);
      if (holds(results) || Date.now() > end) return results;
    }
  }

  test.each([
    ['bookinfo', 'productpage-v1', true, 'its namespace has istio-injection=enabled'],
    ['bookinfo', 'reviews-v3', true, 'its namespace has istio-injection=enabled'],
    ['plain', 'asked', true, 'it has sidecar.istio.io/inject=true'],
    ['revision', 'by-revision', true, 'its namespace has istio.io/rev'],
    ['bookinfo', 'opted-out', false, 'it has sidecar.istio.io/inject=false'],
    ['bookinfo', 'on-host', false, 'it is in the network of its node'],
    ['plain', 'plain', false, 'nothing asks for it'],
  ])('%s/%s: a ready sidecar: %s, since %s', async (namespace, name, isInjected) => {
    const { status } = await lab.api.get<PodState>(`/api/v1/namespaces/${namespace}/pods/${name}`);
    const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
    const expected = isInjected ? { 'istio-init': true, 'istio-proxy': true, app: true } : { app: true };
    expect(Object.fromEntries(containers.map((container) => [container.name, container.ready]))).toStrictEqual(
      expected,
    );
  });

  test('a request goes through both sidecars, over mutual TLS, to the other node', async () => {
    const result = await lab.probe({ from: CLIENT, to: 'http://details:9080/details/0' });
    expect(result).toMatchObject({ disposition: 'delivered', status: 200, backend: 'details-v1', server: 'envoy' });
    expect(result.headers?.['x-forwarded-client-cert']).toContain('URI=spiffe://cluster.local/ns/bookinfo/sa/default');
    expect(result.source).toBe('127.0.0.6');
  });

  test('without a policy plain text is accepted; STRICT refuses it and keeps mutual TLS', async () => {
    const probe = { from: STRANGER, to: 'http://details.bookinfo:9080/details/0' };
    expect(await lab.probe(probe)).toMatchObject({ disposition: 'delivered', backend: 'details-v1' });
    await apply('security', 'PeerAuthentication', 'default', { mtls: { mode: 'STRICT' } });
    const refused = await eventually(probe, 1, ([result]) => result?.disposition === 'failed');
    expect(refused[0]).toMatchObject({ disposition: 'failed' });
    expect(refused[0]?.status).toBeUndefined();
    expect(await lab.probe({ ...probe, from: CLIENT })).toMatchObject({ disposition: 'delivered' });
  });

  const REVIEWS: Probe = { from: CLIENT, to: 'http://reviews:9080/reviews/0' };

  test('reviews are balanced over all versions', async () => {
    const all = ['reviews-v1', 'reviews-v2', 'reviews-v3'];
    expect(words(await lab.probes(REVIEWS, 30), 'backend')).toStrictEqual(all);
  });

  test('weights of subsets', async () => {
    const http = [
      {
        route: [
          { destination: { host: 'reviews', subset: 'v1' }, weight: 30 },
          { destination: { host: 'reviews', subset: 'v3' }, weight: 70 },
        ],
      },
    ];
    await apply('networking', 'VirtualService', 'reviews', { hosts: ['reviews'], http });
    const results = await eventually(REVIEWS, 60, (found) => !words(found, 'backend').includes('reviews-v2'));
    expect(words(results, 'backend')).toStrictEqual(['reviews-v1', 'reviews-v3']);
  });

  test('a fault for who asks for it', async () => {
    const destination = { host: 'reviews', subset: 'v2' };
    const abort = { percentage: { value: 100 }, httpStatus: 418 };
    const http = [
      { match: [{ headers: { 'end-user': { exact: 'jason' } } }], fault: { abort }, route: [{ destination }] },
      { route: [{ destination }] },
    ];
    await apply('networking', 'VirtualService', 'reviews', { hosts: ['reviews'], http });
    const failing = { ...REVIEWS, headers: { 'end-user': 'jason' } };
    const failed = await eventually(failing, 5, (found) => found.every(({ status }) => status === 418));
    expect([words(failed, 'status'), words(failed, 'disposition')]).toStrictEqual([['418'], ['failed']]);
    expect(words(await lab.probes(REVIEWS, 5), 'backend')).toStrictEqual(['reviews-v2']);
  });

  test('an AuthorizationPolicy denies by identity', async () => {
    const source = { principals: ['cluster.local/ns/bookinfo/sa/bookinfo-productpage'] };
    const selector = { matchLabels: { app: 'ratings' } };
    await apply('security', 'AuthorizationPolicy', 'ratings', { selector, rules: [{ from: [{ source }] }] });
    const probe = { from: CLIENT, to: 'http://ratings:9080/ratings/0' };
    const denied = await eventually(probe, 1, ([result]) => result?.disposition === 'denied');
    expect(denied[0]).toMatchObject({ disposition: 'denied', status: 403 });
    const allowed = await lab.probe({ ...probe, from: { pod: 'productpage-v1', namespace: NAMESPACE } });
    expect(allowed).toMatchObject({ disposition: 'delivered', backend: 'ratings-v1' });
  });

  test('the ingress gateway answers from outside, for its host alone', async () => {
    const to = `http://${INGRESS.v4}/productpage`;
    const probe: Probe = { from: 'outside', to, headers: { host: 'bookinfo.example.test' } };
    expect(await lab.probe(probe)).toMatchObject({ disposition: 'delivered', status: 200, backend: 'productpage-v1' });
    expect(await lab.probe({ from: 'outside', to })).toMatchObject({ disposition: 'failed', status: 404 });
  });

  test("a proxy's admin port is reached by port-forward", async () => {
    const parameters = ['--kubeconfig', lab.kubeconfig, '-n', NAMESPACE, 'port-forward', 'pod/cli-b', ':15000'];
    const forward: ChildProcess = spawn(await goProgram('kubectl'), parameters, {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      if (forward.stdout === null) throw new Error('no output of kubectl port-forward');
      const [line] = (await once(createInterface({ input: forward.stdout }), 'line')) as [string];
      const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      const response = await fetch(`http://127.0.0.1:${port}/server_info`);
      expect(await response.json()).toMatchObject({ state: 'LIVE' });
    } finally {
      forward.kill('SIGKILL');
    }
  });

  test('istioctl sees every proxy', async () => {
    const istioctl = await goProgram('istioctl');
    const ended = await attempt(istioctl, ['proxy-status', '--kubeconfig', lab.kubeconfig], { timeout: 60_000 });
    const seen = ended.stdout.toString();
    const injected = BOOKINFO.pods.filter(({ name }) => !['opted-out', 'on-host', 'plain'].includes(name));
    for (const { name, namespace } of injected) expect(seen, ended.stderr).toContain(`${name}.${namespace}`);
    expect(seen).toContain('istio-ingressgateway-');
  });
}
