/** Lists of objects, as a live cluster gives them: pages, tokens that expire, refusals, and what is then known. */
import { afterEach, describe, expect, it } from 'vitest';
import { ObjectCollector } from '../../../src/collect/live/objects/object-collector.ts';
import { LiveSource } from '../../../src/collect/live/live-source.ts';
import { discoverKinds } from '../../../src/collect/live/objects/discovery.ts';
import type { ServerResponse } from 'node:http';
import { answerJson, startApiServer, statusObject, type FakeApiServer, type Seen } from './api-server.ts';
import { connectTo } from './connecting.ts';

type Answer = (seen: Seen, response: ServerResponse) => boolean;

const never = new AbortController().signal;
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const GROUPS = {
  kind: 'APIGroupList',
  groups: [
    { name: 'networking.k8s.io', preferredVersion: { version: 'v1' } },
    { name: 'networking.istio.io', preferredVersion: { version: 'v1' } },
  ],
};

async function cluster(answer: Answer): Promise<{ server: FakeApiServer; objects: ObjectCollector }> {
  const server = await startApiServer((seen, response) => {
    if (answer(seen, response)) return;
    if (seen.path === '/apis') answerJson(response, GROUPS);
    else answerJson(response, { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: '7' }, items: [] });
  });
  const connection = connectTo({ server: server.url, clusterName: 'lab' });
  open.push(
    () => connection.close(),
    () => server.close(),
  );
  const objects = new ObjectCollector(connection);
  await objects.open(never);
  return { server, objects };
}

const POLICIES = 'clusters/lab/resources/networking.k8s.io/v1/networkpolicies.json';
const SERVICES = 'clusters/lab/resources/core/v1/services.json';
const PODS = 'clusters/lab/resources/core/v1/pods.json';

const named = (name: string, namespace = 'shop') => ({ metadata: { name, namespace } });

/** A page, which another follows where `next` is a token. */
function page(
  response: ServerResponse,
  names: readonly string[],
  next = '',
  remaining = 1,
  kind = 'NetworkPolicyList',
): boolean {
  const more = next === '' ? {} : { continue: next, remainingItemCount: remaining };
  const items = names.map((name) => named(name));
  answerJson(response, { kind, apiVersion: 'v1', metadata: { resourceVersion: '7', ...more }, items });
  return true;
}

/** Asks for a List and reads the names of what came. */
async function namesOf(objects: ObjectCollector, list: string): Promise<readonly string[] | undefined> {
  objects.artefact(list);
  await objects.collect(never);
  const artefact = objects.artefact(list);
  if (artefact === undefined) return undefined;
  const { items } = JSON.parse(artefact.bytes.toString()) as { items: { metadata: { name: string } }[] };
  return items.map(({ metadata }) => metadata.name);
}

describe('a List that is needed whole', () => {
  it('is fetched page after page', async () => {
    const { server, objects } = await cluster((seen, response) => {
      if (!seen.path.endsWith('/networkpolicies')) return false;
      return seen.query.get('continue') === 'two' ? page(response, ['c']) : page(response, ['a', 'b'], 'two');
    });
    expect(await namesOf(objects, POLICIES)).toEqual(['a', 'b', 'c']);
    expect(objects.artefact(POLICIES)?.part).toBeUndefined();
    expect(server.requests.slice(1).map(({ query }) => query.get('continue'))).toEqual([null, 'two']);
  });

  it('is begun again when its pages expire', async () => {
    let expired = 0;
    const { objects } = await cluster((seen, response) => {
      if (!seen.path.endsWith('/networkpolicies')) return false;
      if (seen.query.get('continue') !== 'two') return page(response, ['a'], 'two');
      if (expired++ > 0) return page(response, ['b']);
      answerJson(response, statusObject(410, 'Expired', 'The provided continue parameter is too old'), 410);
      return true;
    });
    expect(await namesOf(objects, POLICIES)).toEqual(['a', 'b']);
    expect(objects.gaps()).toEqual([]);
  });

  it('is a gap, and nothing of it is known, when its pages expire again and again', async () => {
    const { server, objects } = await cluster((seen, response) => {
      if (!seen.path.endsWith('/networkpolicies')) return false;
      if (seen.query.get('continue') !== 'two') return page(response, ['a'], 'two');
      answerJson(response, statusObject(410, 'Expired', 'too old'), 410);
      return true;
    });
    expect(await namesOf(objects, POLICIES)).toBeUndefined();
    expect(objects.gaps().map(({ artefact }) => artefact)).toEqual([POLICIES]);
    expect(server.requests.filter(({ query }) => query.get('continue') === 'two')).toHaveLength(3);
  });

  it('is asked for by namespace where it is refused as a whole', async () => {
    const { objects } = await cluster((seen, response) => {
      if (seen.path.endsWith('/namespaces/shop/networkpolicies')) return page(response, ['a']);
      if (!seen.path.endsWith('/networkpolicies')) return false;
      answerJson(response, statusObject(403, 'Forbidden', 'networkpolicies is forbidden'), 403);
      return true;
    });
    expect(await namesOf(objects, POLICIES)).toEqual([]);
    const holds = (namespace: string) => objects.artefact(POLICIES)?.part?.holds({ namespace });
    expect([holds('shop'), await objects.collect(never), holds('shop'), holds('base')]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(objects.gaps()).toMatchObject([{ kind: 'forbidden', artefact: POLICIES }]);
  });
});

it('more than 500 Services are one request, and spare the first page of Pods', async () => {
  const names = Array.from({ length: 501 }, (_, at) => `s${at}`);
  const { server, objects } = await cluster(
    (seen, response) => seen.path === '/api/v1/services' && page(response, names, '', 0, 'ServiceList'),
  );
  objects.artefact(PODS);
  expect(await namesOf(objects, SERVICES)).toEqual(names);
  expect(objects.artefact(SERVICES)?.part).toBeUndefined();
  expect(objects.artefact(PODS)?.part?.holds({ namespace: 'shop' })).toBe(false);
  expect(server.requests.map(({ path }) => path)).toEqual(['/apis', '/api/v1/services']);
});

it('of a kind with many objects, one page and then only what is asked for', async () => {
  const { server, objects } = await cluster((seen, response) => {
    if (!seen.path.endsWith('/pods')) return false;
    return seen.query.has('fieldSelector')
      ? page(response, ['web'], '', 1, 'PodList')
      : page(response, ['a'], 'two', 9000, 'PodList');
  });
  expect(await namesOf(objects, PODS)).toEqual([]);
  const part = objects.artefact(PODS)?.part;
  expect(part?.holds({ fields: 'status.podIP=10.0.0.7' })).toBe(false);
  expect(await namesOf(objects, PODS)).toEqual(['web']);
  expect(objects.artefact(PODS)?.part?.holds({ fields: 'status.podIP=10.0.0.7' })).toBe(true);
  expect(await objects.collect(never)).toBe(false);
  expect(server.requests.map(({ path }) => path)).toEqual(['/apis', '/api/v1/pods', '/api/v1/pods']);
});

it('an answer that is no List is a gap', async () => {
  const { objects } = await cluster((seen, response) => {
    if (!seen.path.endsWith('/networkpolicies')) return false;
    answerJson(response, { kind: 'Pod' });
    return true;
  });
  expect(await namesOf(objects, POLICIES)).toBeUndefined();
  expect(objects.gaps()).toMatchObject([
    { artefact: POLICIES, problem: 'the answer to a list of networkpolicies is no List of them' },
  ]);
});

describe('discovery', () => {
  it('names what the server serves, of groups and of the aggregated form', async () => {
    const aggregated = {
      kind: 'APIGroupDiscoveryList',
      items: [
        {
          metadata: { name: 'networking.istio.io' },
          versions: [
            { version: 'v1', resources: [{ resource: 'virtualservices' }] },
            { version: 'v1beta1', resources: [{ resource: 'virtualservices' }, { resource: 'sidecars' }] },
          ],
        },
      ],
    };
    const { objects } = await cluster((seen, response) => {
      if (seen.path !== '/apis') return false;
      answerJson(response, aggregated);
      return true;
    });
    const istio = objects.names().filter((name) => name.includes('istio'));
    expect(istio).toEqual([
      'clusters/lab/resources/networking.istio.io/v1/virtualservices.json',
      'clusters/lab/resources/networking.istio.io/v1beta1/sidecars.json',
    ]);
    const plain = await cluster(() => false);
    expect(plain.objects.has('clusters/lab/resources/networking.istio.io/v1/sidecars.json')).toBe(true);
    expect(plain.objects.names().filter((name) => name.includes('security.istio.io'))).toEqual([]);
  });

  it('that is refused leaves a gap and the kinds of every server', async () => {
    const { objects } = await cluster((seen, response) => {
      if (seen.path !== '/apis') return false;
      answerJson(response, statusObject(403, 'Forbidden', 'no'), 403);
      return true;
    });
    expect(objects.gaps()).toMatchObject([{ kind: 'forbidden', artefact: 'clusters/lab/resources' }]);
    expect(objects.has(POLICIES) && objects.has(PODS)).toBe(true);
    expect(objects.names().some((name) => name.includes('istio'))).toBe(false);
  });

  it('tells who is no API server', async () => {
    const server = await startApiServer((_, response) => response.end('<html>'));
    const connection = connectTo({ server: server.url });
    open.push(
      () => connection.close(),
      () => server.close(),
    );
    const { refused } = await discoverKinds(connection, never);
    expect(refused?.kind).toBe('not-kubernetes');
  });
});

it('a live source fetches in rounds what was asked of it, each thing once', async () => {
  const { objects } = await cluster(() => false);
  const rounds: (readonly string[])[] = [];
  const source = new LiveSource(objects, [
    {
      collects: (name) => name.startsWith('clusters/lab/nodes/'),
      remedy: 'run it again',
      collector: {
        collect: (wanted) => {
          rounds.push(wanted);
          const gap = { kind: 'missing', artefact: 'x', problem: 'gone' } as const;
          const result = (name: string) =>
            name.endsWith('b') ? { gap } : { capturedAt: '2026-01-01T00:00:00Z', bytes: Buffer.from(name) };
          return Promise.resolve(new Map(wanted.map((name) => [name, result(name)])));
        },
      },
    },
  ]);
  const [a, b] = ['clusters/lab/nodes/n1/a', 'clusters/lab/nodes/n1/b'];
  expect([source.artefact(a), source.artefact(b), source.artefact('elsewhere')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(await source.collect(never)).toBe(true);
  expect([source.artefact(a)?.bytes.toString(), source.artefact(b), source.artefact('elsewhere')]).toEqual([
    a,
    undefined,
    undefined,
  ]);
  expect([await source.collect(never), rounds, source.gaps().length]).toEqual([false, [[a, b]], 1]);
  expect(source.names()).toContain(a);
});
