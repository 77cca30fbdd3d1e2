import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { documentPieces, renderJson } from '../../src/render/json.ts';
import { renderYaml, yamlPieces } from '../../src/render/yaml.ts';

const HEAD = { schemaVersion: '1.0', kind: 'routes' };

describe('a document in pieces', () => {
  it('writes any document as it is written whole', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 }), (items) => {
        const lists = [
          ['items', items],
          ['more', items.slice(1)],
        ] as const;
        const document = { ...HEAD, items, more: items.slice(1) };
        expect([...documentPieces(HEAD, lists)].join('')).toBe(renderJson(document));
        expect([...yamlPieces(HEAD, lists)].join('')).toBe(renderYaml(document));
        const tail = { looked: items.length, more: items };
        const closed = { ...HEAD, items, ...tail };
        expect([...documentPieces(HEAD, [['items', items]], () => tail)].join('')).toBe(renderJson(closed));
        expect([...yamlPieces(HEAD, [['items', items]], () => tail)].join('')).toBe(renderYaml(closed));
      }),
    );
  });

  it.each([
    ['no item', []],
    ['an empty item', [{}]],
    ['lines and brackets inside strings', [{ text: '\n  "items": [\n}' }, { list: [], more: [{ a: 1 }] }]],
    ['characters that act on a terminal', [{ name: '\u009b2J\u202e' }]],
  ])('writes %s as it is written whole', (_, items) => {
    expect([...documentPieces(HEAD, [['items', items]])].join('')).toBe(renderJson({ ...HEAD, items }));
    expect([...yamlPieces(HEAD, [['items', items]])].join('')).toBe(renderYaml({ ...HEAD, items }));
  });
});

describe('YAML', () => {
  it.each(['1.1', '1.2'] as const)('is read as the value that was written, by readers of YAML %s', (version) => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        expect(parse(renderYaml(value), { version })).toEqual(value);
      }),
    );
  });

  it.each(['1.1', '1.2'] as const)('keeps any string of the characters of numbers a string, by YAML %s', (version) => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0189.:_+-eExob~ '.split('')), maxLength: 6 }), (text) => {
        expect(parse(renderYaml({ [text]: text }), { version })).toEqual({ [text]: text });
      }),
    );
  });

  it('writes an address without quotes', () => {
    expect(renderYaml({ address: '10.0.0.1' })).toBe('address: 10.0.0.1\n');
  });

  it('keeps the sign of a zero, which JSON drops', () => {
    expect(parse(renderYaml([-0]))).toEqual([-0]);
  });

  it.each([
    'yes',
    'off',
    '~',
    '012',
    '0x1f',
    '1e3',
    '.',
    '+.0',
    '1_000_',
    'e7',
    '12:30:45',
    '2026-11-22',
    '- a',
    'a: b',
    '#',
    '',
    ' a ',
    'a\n b\n',
  ])('keeps the string %j a string for both', (text) => {
    const yaml = renderYaml({ [text]: text });
    for (const version of ['1.1', '1.2'] as const) expect(parse(yaml, { version })).toEqual({ [text]: text });
  });
});
