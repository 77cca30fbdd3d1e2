import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentPieces, renderJson } from '../../src/render/json.ts';

const HEAD = { schemaVersion: '1.0', kind: 'routes' };

describe('documentPieces', () => {
  it('writes any document as it is written whole', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 }), (items) => {
        expect([...documentPieces(HEAD, items)].join('')).toBe(renderJson({ ...HEAD, items }));
      }),
    );
  });

  it.each([
    ['no item', []],
    ['an empty item', [{}]],
    ['lines and brackets inside strings', [{ text: '\n  "items": [\n}' }, { list: [], more: [{ a: 1 }] }]],
    ['characters that act on a terminal', [{ name: '\u009b2J\u202e' }]],
  ])('writes %s as it is written whole', (_, items) => {
    expect([...documentPieces(HEAD, items)].join('')).toBe(renderJson({ ...HEAD, items }));
  });
});
