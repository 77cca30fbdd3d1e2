/**
 * What is found in a listing by its text must be what is there when all of it is read: random listings, once as nft prints them, and once with
 * every object written so that its beginning tells nothing (`f\u0061mily`).
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { NftDatum } from '../../../src/model/nftables.ts';
import { parseNftJson } from '../../../src/parse/nftables/json-ruleset.ts';
import { textArtefact } from '../artefacts.ts';

const CHAINS = [
  'services',
  'service-AAAA-shop/web/tcp/http',
  'service-BBBB-shop/web/tcp/http',
  'a',
  'b]}}',
  'q"é\\',
  '',
];
const SETS = ['cluster-ips', 'service-ips', 'allowed'];
const ADDRESSES = ['10.96.0.1', '10.96.0.10', '10.96.0.100', '0.0.0.0'];
/** Becomes a second member `chain`, which no object has before it is printed. */
const AGAIN = 'chain again';
const TYPES = ['ipv4_addr', 'inet_proto', 'inet_service'];

const chainName = fc.constantFrom(...CHAINS);
const setName = fc.constantFrom(...SETS);
const owner = fc.constantFrom({ family: 'ip', table: 'kube-proxy' }, { family: 'inet', table: 'a.b (c)' });
const comment = fc.constantFrom({}, { comment: 'two words' }, { comment: '", "chain": "a' }, { comment: '@allowed' });
const address = fc.constantFrom<unknown>(
  ...ADDRESSES,
  '10.96.0.999',
  { prefix: { addr: '10.96.0.0', len: 24 } },
  '*',
  7,
);
const key = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<unknown>(...ADDRESSES) },
  { weight: 1, arbitrary: address.map((val) => ({ elem: { val, timeout: 5 } })) },
  { weight: 1, arbitrary: address },
);
const triple = fc
  .tuple(key, fc.constantFrom<unknown>('tcp', 'udp', 'icmp'), fc.constantFrom<unknown>(80, 8080, 0))
  .map((concat) => ({ concat }));
const verdict = fc.oneof(
  chainName.map((target) => ({ goto: { target } })),
  fc.constantFrom<unknown>({ drop: null }, { accept: null }, { jump: 'nowhere' }),
);
const statement = fc.oneof(
  verdict,
  setName.map((set) => ({
    set: { op: 'update', elem: { payload: { protocol: 'ip', field: 'saddr' } }, set: `@${set}` },
  })),
  setName.map((set) => ({ vmap: { key: { payload: { protocol: 'ip', field: 'daddr' } }, data: `@${set}` } })),
  fc.constantFrom<unknown>({ chain: 'a' }, { rule: [] }, [[1]], 'strange'),
);
const rule = fc
  .record({
    owner,
    chain: chainName,
    comment,
    expr: fc.array(statement, { maxLength: 3 }),
    after: fc.constantFrom({}, { [AGAIN]: 'a' }, { x: [] }),
  })
  .map(({ owner: { family, table }, chain, comment: remark, expr, after }) => ({
    rule: { family, table, chain, handle: 4, ...remark, expr, ...after },
  }));
const hook = fc.constantFrom({}, {}, { type: 'nat', hook: 'prerouting', prio: -100, policy: 'accept' });
const chain = fc
  .record({ owner, name: chainName, hook })
  .map(({ owner: { family, table }, name, hook: hung }) => ({ chain: { family, table, name, handle: 3, ...hung } }));
const set = fc
  .record({
    owner,
    name: setName,
    comment,
    isWide: fc.boolean(),
    isMap: fc.boolean(),
    keys: fc.array(fc.tuple(key, triple, verdict), { maxLength: 6 }),
  })
  .map(({ owner: { family, table }, name, comment: remark, isWide, isMap, keys }) => {
    const elements = keys.map(([one, three, data]) => (isMap ? [isWide ? three : one, data] : isWide ? three : one));
    const elem = elements.length === 0 ? {} : { elem: elements };
    const body = {
      family,
      name,
      table,
      type: isWide ? TYPES : TYPES[0],
      handle: 5,
      ...remark,
      ...(isMap ? { map: 'verdict' } : {}),
      ...elem,
    };
    return isMap ? { map: body } : { set: body };
  });

/** As nft prints: a space behind each comma and colon. */
const printed = (value: unknown) =>
  JSON.stringify(value, null, 1)
    .replaceAll(/,\n\s*/g, ', ')
    .replaceAll(/\n\s*/g, '');

function told(text: string) {
  const { value, gaps } = parseNftJson(textArtefact(text));
  const lookups: NftDatum[][] = [0x0a600001, 0x0a60000a, 0, 0x01020304].flatMap((one) => [
    [one],
    [one, 6, 80],
    [one, 17, 0],
    [one, 1, 80],
  ]);
  const tables = value.tables.map((table) => ({
    name: `${table.family} ${table.name}`,
    rules: CHAINS.map((name) => table.rules(name)?.map(({ evidence, statements }) => [evidence, statements])),
    sets: SETS.map((name) => {
      const one = table.set(name);
      return [
        lookups.map((parts) => (parts.length === one?.types.length ? one.candidates(parts) : [])),
        [one?.types, one?.isMap, one?.dynamic, one?.incomplete, one?.elements],
      ];
    }),
  }));
  return { tables, baseChains: value.baseChains, incomplete: value.incomplete, gaps };
}

it('the text of a listing tells what a full reading tells', () => {
  const objects = fc.array(fc.oneof(rule, chain, set), { maxLength: 12 });
  fc.assert(
    fc.property(objects, (nftables) => {
      const text = printed({ nftables }).replaceAll(AGAIN, 'chain');
      const closed = text.replaceAll('{"family"', String.raw`{"f\u0061mily"`);
      expect(told(text)).toEqual(told(closed));
    }),
    { numRuns: 600 },
  );
});

it('a chain is found however many are asked for', () => {
  const names = Array.from({ length: 200 }, (_, at) => `service-${at}-shop/web/tcp/http`);
  const rules = names.flatMap((name, at) =>
    [1, 2].map((line) => ({ rule: { family: 'ip', table: 't', chain: name, handle: at, expr: [{ log: { line } }] } })),
  );
  const { value } = parseNftJson(textArtefact(printed({ nftables: [...rules, ...rules.slice(0, 10)] })));
  const [table] = value.tables;
  const counts = [...names, ...names].map((name) => table?.rules(name)?.length);
  expect(counts).toEqual([...names, ...names].map((_, at) => (at % names.length < 5 ? 4 : 2)));
  expect(table?.rules('service-1-shop')).toBeUndefined();
});
