import { describe, expect, it } from 'vitest';
import { parseServices } from '../../../src/parse/kubernetes/services.ts';
import { artefact, list, named } from './list.ts';

const web = named('web', { spec: {} });
const typed = { kind: 'Service', apiVersion: 'v1', ...web };

describe('shapes that objects come in', () => {
  it.each([
    ['a List of one kind', list('Service', [web]), '/items/0'],
    [
      'a List of many kinds',
      { kind: 'List', apiVersion: 'v1', items: [{ kind: 'Pod', ...named('p') }, typed] },
      '/items/1',
    ],
    ['a bare array', [web], '/0'],
    ['one object', typed, ''],
    ['a byte order mark', `\uFEFF${JSON.stringify(typed)}`, ''],
  ])('%s', (_, value, pointer) => {
    const { value: services, gaps } = parseServices(artefact(value));
    expect(gaps).toEqual([]);
    expect(services.map((one) => [one.kind, one.name, one.cursor.pointer])).toEqual([['Service', 'web', pointer]]);
  });

  it('nothing at all', () => {
    expect(parseServices(artefact({ kind: 'ServiceList', items: null }))).toEqual({ value: [], gaps: [] });
  });

  it('sorts by namespace and name, whatever the order was', () => {
    const items = [named('b'), named('a'), named('a', {}, 'base')].map((one) => ({ ...one, spec: {} }));
    for (const given of [items, items.toReversed()]) {
      const names = parseServices(artefact(list('Service', given))).value.map((one) => `${one.namespace}/${one.name}`);
      expect(names).toEqual(['base/a', 'shop/a', 'shop/b']);
    }
  });

  it("leaves another group's kind of the same name alone", () => {
    const knative = list('Service', [web], 'serving.knative.dev/v1');
    expect(parseServices(artefact(knative))).toEqual({ value: [], gaps: [] });
  });
});

describe('what cannot be read is a gap', () => {
  it.each([
    ['an empty file', '', 'unreadable', 'the file is empty'],
    ['a line of text', 'error: no such host', 'unreadable', 'the text is not JSON'],
    ['a cut file', '{"kind":"ServiceList","items":[{"met', 'unreadable', 'the text is not JSON'],
    ['a number', '7', 'unreadable', 'neither a List nor an object'],
    ['items that are no list', '{"kind":"ServiceList","items":{}}', 'unreadable', 'neither a List nor an object'],
    [
      'a refusal',
      { kind: 'Status', reason: 'Forbidden', message: 'may not list' },
      'forbidden',
      'the API server answered Forbidden: may not list',
    ],
    ['a failure', { kind: 'Status', reason: 'NotFound' }, 'missing', 'the API server answered NotFound: '],
    ['other objects', [{ kind: 'Pod', ...named('p') }], 'not-understood', 'holds Pod and no Service'],
  ])('%s', (_, value, kind, problem) => {
    const { value: services, gaps } = parseServices(artefact(value, 'services.json'));
    expect(services).toEqual([]);
    expect(gaps).toMatchObject([{ kind, artefact: 'services.json', problem }]);
  });

  it.each([
    ['no object', 3, '/items/0', 'the object is no object'],
    ['no name', { spec: {} }, '/items/0/metadata', 'metadata has no name'],
    ['no spec', named('x'), '/items/0', 'the object has no spec'],
  ])('an item with %s; the others are read', (_, item, pointer, problem) => {
    const { value, gaps } = parseServices(artefact(list('Service', [item, web])));
    expect(value.map((one) => one.name)).toEqual(['web']);
    expect(gaps).toMatchObject([{ kind: 'unreadable', pointer, problem }]);
  });

  it('a thousand of them, and then a count', () => {
    const { gaps } = parseServices(
      artefact(
        list(
          'Service',
          Array.from({ length: 5000 }, () => 1),
        ),
      ),
    );
    expect(gaps).toHaveLength(1001);
    expect(gaps.at(-1)).toMatchObject({ kind: 'too-large', problem: '4000 more problems like the ones before' });
  });

  it('values nested deeper than a stack', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const { value, gaps } = parseServices(artefact(`[{"metadata":{"name":"web"},"spec":{"clusterIP":${deep}}}]`));
    expect(value).toHaveLength(1);
    expect(gaps).toMatchObject([{ pointer: '/0/spec/clusterIP', raw: '[…]' }]);
  });
});
