import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editJson, type Editor } from '../../src/redact/json-edit.ts';
import { NotJson } from '../../src/redact/json-tree.ts';

/** Replaces every text that begins with `s` and every key that begins with `k`. */
const editor: Editor<null> = {
  root: null,
  below: () => null,
  container: () => undefined,
  string: (_, text) => (text.startsWith('s') ? { text: `S"${text}` } : undefined),
  key: (_, key) => (key.startsWith('k') ? `K${key}` : undefined),
};
const edit = (text: string): string => editJson(Buffer.from(text), editor).toString('utf8');

function edited(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('s') ? `S"${value}` : value;
  if (Array.isArray(value)) return value.map(edited);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.startsWith('k') ? `K${key}` : key, edited(inner)]),
  );
}

const word = fc.oneof(
  fc.string(),
  fc.string().map((text) => `s${text}`),
  fc.string().map((text) => `k${text}`),
);
const document = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium' },
    word,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value')),
    fc.dictionary(word, tie('value')),
  ),
})).value;

describe('editJson', () => {
  it('changes what it is asked to and nothing else', () => {
    fc.assert(
      fc.property(document, fc.integer({ min: 0, max: 4 }), (value, indent) => {
        const whole = { value };
        expect(JSON.parse(edit(JSON.stringify(whole, null, indent)))).toEqual(
          JSON.parse(JSON.stringify(edited(whole))),
        );
      }),
    );
  });

  it('leaves the bytes of a document without changes as they are', () => {
    fc.assert(
      fc.property(document, fc.integer({ min: 0, max: 4 }), (value, indent) => {
        const text = JSON.stringify({ value }, null, indent).replaceAll(/"[sk]/g, '"x');
        expect(edit(text)).toBe(text);
      }),
    );
  });

  it.each([
    ['numbers beyond doubles', '{"a":12345678901234567890.10,"x":"s"}', '{"a":12345678901234567890.10,"x":"S\\"s"}'],
    ['equal keys', '{"a":"s1","a":"s2"}', '{"a":"S\\"s1","a":"S\\"s2"}'],
    ['escapes', '{"a":"\\u0073ecret"}', '{"a":"S\\"secret"}'],
    ['white space', ' [ "s" ,\n1 ]\r\n', ' [ "S\\"s" ,\n1 ]\r\n'],
    ['a byte order mark', '\ufeff["x"]', '\ufeff["x"]'],
  ])('keeps %s', (_, text, expected) => {
    expect(edit(text)).toBe(expected);
  });

  it.each([
    '',
    'x',
    '"s"',
    '{',
    '{"a":"s}',
    '["s"',
    '["s"] x',
    '{"a" "s"}',
    '[s]',
    '[01]',
    '["\\x"]',
    '["a\tb"]',
    '{"a":1,}',
    '[,]',
    '[1 2]',
    '[truex]',
  ])('refuses %j', (text) => {
    expect(() => edit(text)).toThrow(NotJson);
  });

  it('refuses a document that breaks off anywhere', () => {
    const text = JSON.stringify({ a: ['s', { k: 'secret', n: 1.5 }], b: null });
    for (let end = 0; end < text.length; end += 1) expect(() => edit(text.slice(0, end))).toThrow(NotJson);
  });

  it('refuses nesting that no dump has, at once', () => {
    expect(() => edit('['.repeat(5_000_000))).toThrow(NotJson);
    expect(() => edit(`${'['.repeat(600)}${']'.repeat(600)}`)).toThrow(NotJson);
  });

  it('reads documents of many megabytes in time and memory near their size', () => {
    const text = JSON.stringify({
      configs: [{ list: Array.from({ length: 300_000 }, (_, at) => ({ name: `s${at}`, at })) }],
    });
    const before = process.memoryUsage.rss();
    const out = edit(text);
    expect(out.length).toBe(text.length + 300_000 * 3);
    expect(process.memoryUsage.rss() - before).toBeLessThan(40 * text.length);
  });

  it('writes bytes that are no UTF-8 as what they were read as', () => {
    const bytes = Buffer.concat([Buffer.from('["a'), Buffer.from([0xff]), Buffer.from('b"]')]);
    expect(editJson(bytes, editor).toString('utf8')).toBe('["a\ufffdb"]');
  });
});
