import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Artefact } from '../../../src/model/artefact.ts';
import { readJson } from '../../../src/parse/json-index/json-document.ts';
import type { JsonNode } from '../../../src/parse/json-index/json-node.ts';

function artefact(text: string | Buffer): Artefact {
  return { name: 'dump.json', capturedAt: null, bytes: Buffer.isBuffer(text) ? text : Buffer.from(text) };
}

/** Everything that a node shows, walked member by member. */
function walk(node: JsonNode): unknown {
  if (!node.whole) return '<broken>';
  if (node.kind === 'array') return node.elements().map(walk);
  if (node.kind === 'object') return Object.fromEntries(node.keys().map((key) => [key, walk(node.member(key)!)]));
  return node.cursor().value;
}

/** Every node below, itself included. */
function nodes(node: JsonNode): JsonNode[] {
  const children = [...node.elements(), ...node.keys().map((key) => node.member(key)!)];
  return [node, ...children.flatMap(nodes)];
}

/** RFC 6901, read without the code under test. */
function at(document: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], document);
}

const indexed = (text: string | Buffer): ReturnType<typeof readJson> => readJson(artefact(text), 0);

describe('readJson', () => {
  it.each([
    ['nested containers', '{"configs":[{"a":[1,2,{"b":null}]},{"c":{"d":{"e":{"f":{"g":{"h":[true]}}}}}}]}'],
    ['escapes, quotes and braces in strings', '{"a\\"}":"x\\\\\\"}]{[","b":["\\u00e9","]"]}'],
    ['white space everywhere', ' \n{ "a" :\t[ 1 , 2 ] ,"b":{ } , "c" : [ ] }\r\n '],
    ['a byte order mark', '\ufeff{"a":[1]}'],
    ['non-ASCII keys and values', '{"größe":{"名":"日本語 🎉"},"x":["é"]}'],
    ['equal keys: the last wins', '{"a":{"b":1},"a":{"b":2},"c":[{"k":1,"k":[2]}]}'],
    ['keys that need escaping in a pointer', '{"a/b":{"c~d":[{"":1}]}}'],
    ['keys that look like indexes', '{"2":["x"],"1":{"0":1}}'],
    ['__proto__ as a key', '{"__proto__":{"a":1},"constructor":[1]}'],
    ['an array at the top', '[[1,[2]],{"a":3}]'],
  ])('gives what JSON.parse gives, by index and whole: %s', (_, text) => {
    const expected: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    for (const document of [indexed(text), readJson(artefact(text))]) {
      expect(document.gaps).toEqual([]);
      expect(document.root!.cursor().value).toEqual(expected);
      expect(walk(document.root!)).toEqual(expected);
    }
  });

  it('agrees with JSON.parse on any value, and every pointer leads to what its node cites', () => {
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue())), (value) => {
        const text = JSON.stringify(value, null, 1);
        const expected: unknown = JSON.parse(text);
        const { root } = indexed(text);
        expect(walk(root!)).toEqual(walk(readJson(artefact(text)).root!));
        for (const node of nodes(root!)) {
          const { pointer, raw } = node.cursor().evidence();
          expect(raw).toBe(JSON.stringify(at(expected, pointer!)));
        }
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  it('reads what is complete of a document that was cut at any byte, and says where it breaks', () => {
    const text = '{"configs":[{"name":"añb","list":[{"n":1},{"n":22}]},{"name":"c"}],"end":{"x":"y"}}';
    const bytes = Buffer.from(text);
    for (let length = 1; length < bytes.length; length++) {
      const document = readJson(artefact(bytes.subarray(0, length)));
      expect(document.whole, `cut after ${length}`).toBe(false);
      expect(document.gaps, `cut after ${length}`).toHaveLength(1);
      expect(document.gaps[0]!.problem).toMatch(/cut off|no JSON/);
      for (const node of nodes(document.root!).filter((one) => one.whole && one.kind === 'scalar')) {
        expect(at(JSON.parse(text), node.pointer), `cut after ${length}`).toEqual(node.cursor().value);
      }
    }
    const half = readJson(artefact(text.slice(0, text.indexOf('22}') + 1)));
    expect(half.root!.member('configs')!.elements()[0]!.member('name')!.cursor().value).toBe('añb');
    expect(half.gaps[0]!.pointer).toBe('/configs/0/list/1');
  });

  it('reads the parts before and beside a broken one', () => {
    const document = readJson(artefact('{"configs":[{"a":1},{"b":tru},{"c":3}]}'));
    const [first, second] = document.root!.member('configs')!.elements();
    expect(first!.cursor().value).toEqual({ a: 1 });
    expect(second!.cursor().value).toBeUndefined();
    expect(document.whole).toBe(false);
    expect(document.gaps).toMatchObject([{ kind: 'unreadable', problem: expect.stringMatching(/^some value inside/) }]);
  });

  it.each([
    ['a line of text', 'Failed to convert protobuf message', 'this is text, not a JSON document'],
    ['nothing', '', 'the file is empty'],
    ['white space', ' \n', 'the file is empty'],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le').subarray(1), 'this is binary data, not a JSON document'],
    ['a number', '17', 'this is text, not a JSON document'],
  ])('has no root, and a gap, for %s', (_, text, problem) => {
    const document = readJson(artefact(text));
    expect(document.root).toBeNull();
    expect(document.gaps.map((gap) => gap.problem)).toEqual([problem]);
  });

  it('notes text after the end', () => {
    const document = readJson(artefact('{"a":1}\n{"b":2}'));
    expect(document.root!.cursor().value).toEqual({ a: 1 });
    expect(document.gaps).toMatchObject([{ problem: 'text follows the end of the JSON document', raw: '{"b":2}' }]);
  });

  it.each([
    ['arrays', '['.repeat(2_000_000)],
    ['objects', '{"a":'.repeat(400_000)],
    ['closed arrays', `{"configs":[1,${'['.repeat(100_000)}${']'.repeat(100_000)}]}`],
  ])('refuses a bomb of nested %s in linear time, without a stack overflow', (_, text) => {
    const started = process.cpuUsage();
    const document = readJson(artefact(text));
    expect(document.gaps).toMatchObject([{ kind: 'too-large', problem: 'the value is nested too deeply' }]);
    const { user, system } = process.cpuUsage(started);
    expect(user + system).toBeLessThan(2_000_000);
  });

  it('keeps pointers right beyond the length that fits a string', () => {
    const filler = Buffer.alloc(64 * 1024 * 1024, 0x20);
    const parts = [Buffer.from('{"configs":[{"name":"first"}')];
    for (let index = 0; index < 9; index++) parts.push(filler);
    parts.push(Buffer.from(',{"name":"last","n":[1,2]}]}'));
    const bytes = Buffer.concat(parts);
    expect(bytes.length).toBeGreaterThan(0x1fffffe8);
    const document = readJson(artefact(bytes));
    expect(document.gaps).toEqual([]);
    const last = document.root!.member('configs')!.elements()[1]!;
    expect(last.cursor().evidence()).toMatchObject({ pointer: '/configs/1', raw: '{"name":"last","n":[1,2]}' });
    expect(document.root!.cursor().value).toBeUndefined();
  });
});
