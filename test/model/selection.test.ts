import { expect, it } from 'vitest';
import {
  byLabels,
  byName,
  byNode,
  byPodAddress,
  byService,
  covers,
  type Selection,
} from '../../src/model/selection.ts';

const ALL: Selection = {};
const shop: Selection = { namespace: 'shop' };

it.each<readonly [string, Selection, Selection, boolean]>([
  ['everything covers everything', ALL, ALL, true],
  ['everything covers a node', ALL, byNode('n1'), true],
  ['a node does not cover everything', byNode('n1'), ALL, false],
  ['a namespace covers a name in it', shop, byName('web', 'shop'), true],
  ['a namespace does not cover another', shop, byName('web', 'base'), false],
  ['a namespace does not cover a name in any', shop, byName('web'), false],
  ['a name in any namespace covers it in one', byName('web'), byName('web', 'shop'), true],
  ['another name', byName('web'), byName('db'), false],
  ['an address and the same', byPodAddress('10.0.0.7'), byPodAddress('10.0.0.7'), true],
  ['an address is no name', byPodAddress('10.0.0.7'), byName('web'), false],
  ['fewer labels cover more', byLabels('shop', { app: 'a' }), byLabels('shop', { app: 'a', tier: 'b' }), true],
  ['more labels do not cover fewer', byLabels('shop', { app: 'a', tier: 'b' }), byLabels('shop', { app: 'a' }), false],
  ['labels in another order', byLabels('shop', { b: '1', a: '2' }), byLabels('shop', { a: '2', b: '1' }), true],
  ['a label whose value begins alike', byLabels('shop', { app: 'a' }), byLabels('shop', { app: 'ab' }), false],
  ['labels do not cover the namespace', byLabels('shop', { app: 'a' }), shop, false],
  ['no labels are the namespace', byLabels('shop', {}), shop, true],
  ['slices of a Service', byService('shop', 'web'), byService('shop', 'web'), true],
  ['slices of another', byService('shop', 'web'), byService('shop', 'web2'), false],
  ['labels and a field', byLabels('shop', { app: 'a' }), { ...byLabels('shop', { app: 'a' }), ...byNode('n1') }, true],
])('%s', (_, held, wanted, expected) => {
  expect(covers(held, wanted)).toBe(expected);
});
