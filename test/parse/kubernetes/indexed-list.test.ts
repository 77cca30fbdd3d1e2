import { describe, expect, it } from 'vitest';
import type { Artefact } from '../../../src/model/artefact.ts';
import { indexList } from '../../../src/parse/kubernetes/indexed-list.ts';
import { kubernetesObjects } from '../../../src/parse/kubernetes/kubernetes-objects.ts';

const LARGE = 40_000;

/** So many pods that their List is indexed, with a Service's own template of a pod inside one. */
function pods(change: (pod: Record<string, unknown>, index: number) => void = () => undefined): object {
  const items = Array.from({ length: LARGE / 10 }, (_, index) => {
    const pod = {
      metadata: { name: `app-${index}`, namespace: 'shop', labels: { app: `app-${index % 7}` } },
      spec: { nodeName: `node-${index % 50}`, containers: [], note: 'x'.repeat(400) },
      status: { podIP: `10.244.${index >> 8}.${index & 255}`, podIPs: [{ ip: `10.244.${index >> 8}.${index & 255}` }] },
    };
    change(pod, index);
    return pod;
  });
  return { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '7' }, items };
}

function artefact(text: string): Artefact {
  return { name: 'pods.json', capturedAt: null, bytes: Buffer.from(text) };
}

const read = (text: string) => kubernetesObjects(new Map([['pods', [artefact(text)]]]));

describe.each([
  ['as the API server prints', undefined],
  ['as kubectl prints', 4],
])('a large List %s', (_, indent) => {
  const text = JSON.stringify(pods(), null, indent);

  it('is indexed', () => {
    expect(indexList(artefact(text))?.list.size).toBe(4000);
  });

  it.each([
    ['an address', '10.244.3.7', undefined, ['app-775']],
    ['a name', 'app-1234', 'name', ['app-1234']],
    ['nothing', 'app-99999', 'name', []],
    ['an address that nobody has', '10.9.9.9', undefined, []],
  ] as const)('gives what holds %s', (_what, wanted, key, names) => {
    const { objects } = read(text);
    expect(objects.podsHaving(wanted, key).map((one) => one.name)).toEqual(names);
  });

  it('gives the same facts alone and among all, with their places', () => {
    const { objects, gaps } = read(text);
    const [one] = objects.podsHaving('10.244.3.7');
    expect(one?.cursor.pointer).toBe('/items/775');
    expect(objects.pods).toHaveLength(4000);
    expect(objects.pods).toContain(one);
    expect(objects.captured('pods')).toBe(true);
    expect(gaps()).toEqual([]);
  });

  it('cites any of its objects, whichever was read last', () => {
    const { objects } = read(text);
    const all = objects.pods;
    for (const at of [0, 3999, 775, 0, 1234, 775]) {
      const { cursor } = all.find(({ name }) => name === `app-${at}`) ?? {};
      const place = cursor?.at('status', 'podIPs').items()[0]?.at('ip');
      expect(place?.evidence()).toEqual({
        artefact: 'pods.json',
        pointer: `/items/${at}/status/podIPs/0/ip`,
        raw: JSON.stringify(`10.244.${at >> 8}.${at & 255}`),
      });
      expect(cursor?.at('metadata').value).toMatchObject({ name: `app-${at}`, labels: { app: `app-${at % 7}` } });
    }
  });

  it('is read once where many texts are asked for: the facts are the same, and there may be others beside them', () => {
    const { objects, gaps } = read(text);
    const answers = Array.from({ length: 400 }, (_one, at) => objects.podsHaving(`app-${at}`, 'name'));
    const own = answers.map((found, at) => found.filter(({ name }) => name === `app-${at}`));
    expect(own.map((found) => found.map(({ cursor }) => cursor.pointer))).toEqual(
      Array.from({ length: 400 }, (_one, at) => [`/items/${at}`]),
    );
    expect(answers.at(0)).toHaveLength(1);
    expect(answers.at(-1)).toBe(objects.pods);
    expect(objects.podsHaving('app-0', 'name')[0]).toBe(objects.pods.find(({ name }) => name === 'app-0'));
    expect(gaps()).toEqual([]);
  });

  it('gives the facts that parsing all of it gives', () => {
    const unusual = JSON.stringify(pods()).replace('"items":[', '"items":[ ');
    expect(indexList(artefact(unusual))).toBeUndefined();
    const whole = read(unusual).objects.pods;
    const facts = (of: typeof whole): unknown =>
      of.map(({ cursor, ...fact }) => [cursor.pointer, { ...fact, containers: [] }]);
    expect(facts(read(text).objects.pods)).toEqual(facts(whole));
  });

  it('reads all of it where an address has several spellings', () => {
    expect(read(text).objects.podsHaving('fd00::7')).toHaveLength(4000);
  });
});

describe('a large List that cannot be trusted', () => {
  const text = JSON.stringify(pods());

  it.each([
    ['is cut off', text.slice(0, -50)],
    ['has other things in front', JSON.stringify([pods()])],
    [
      'begins its items with another member',
      JSON.stringify(pods((pod) => Object.assign(pod, { metadata: undefined }))),
    ],
  ])('is not indexed when it %s', (_, of) => {
    expect(indexList(artefact(of))).toBeUndefined();
  });

  it('tells of an item that is no JSON when somebody asks for it', () => {
    const { objects, gaps } = read(text.replace('"node-7"', '"node-7" oops'));
    expect(objects.podsHaving('10.244.3.7').map((one) => one.name)).toEqual(['app-775']);
    expect(gaps()).toEqual([]);
    expect(objects.podsHaving('app-7', 'name')).toEqual([]);
    expect(gaps().map((gap) => gap.problem)).toEqual(['the text is not JSON']);
  });

  it('is parsed whole when an item of another List stands inside one of its own', () => {
    const inner = { metadata: { name: 'inner' }, spec: {}, note: '10.244.3.7' };
    const { objects } = read(
      JSON.stringify(pods((pod, index) => index === 9 && Object.assign(pod, { more: [1, inner] }))),
    );
    expect(objects.podsHaving('app-9', 'name').some((one) => one.name === 'app-9')).toBe(true);
    expect(objects.pods).toHaveLength(4000);
  });
});
