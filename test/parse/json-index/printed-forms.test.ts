/** A text is taken for one that is alike only where parsing it would tell the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Kinds } from '../../../src/evaluate/proxies/envoy/memory/alike.ts';
import { freeEntries, freeMembers } from '../../../src/model/free.ts';
import type { Free } from '../../../src/model/free.ts';
import { isPlain, PrintedForms } from '../../../src/parse/json-index/printed-forms.ts';
import type { PrintedNames } from '../../../src/parse/json-index/printed-forms.ts';

const FREE: Free = freeMembers({
  name: 'text',
  port: 'number',
  services: 'any',
  metadata: freeMembers({ istio: freeEntries({ config: 'text', services: 'any' }) }),
  hosts: { each: freeMembers({ address: 'text', port: 'number' }) },
});

const NAME = fc.oneof(
  fc.stringMatching(/^[a-z.|]{0,6}$/),
  fc.constantFrom('"', '\\', 'ä', 'a"b', '', '\n', 'null', '1'),
);
const PORT = fc.oneof(fc.nat(70_000), fc.constantFrom(-1, 1.5, 1e21, '80', null));
const SCALAR = fc.oneof(NAME, PORT, fc.boolean());
const HOST = fc.record(
  { address: NAME, port: PORT, health: fc.constantFrom('HEALTHY', 'DRAINING') },
  { requiredKeys: [] },
);
const VALUE = fc.record(
  {
    name: SCALAR,
    port: PORT,
    type: fc.constantFrom('EDS', 'STATIC'),
    services: fc.oneof(SCALAR, fc.array(fc.record({ name: NAME, kind: SCALAR }), { maxLength: 2 })),
    metadata: fc.record({ istio: fc.record({ config: NAME, services: SCALAR, other: NAME }, { requiredKeys: [] }) }),
    hosts: fc.array(HOST, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);
/** Other values for some of the scalars in a value, by their places. */
const CHANGES = fc.array(fc.array(fc.tuple(fc.nat(12), SCALAR), { maxLength: 2 }), { minLength: 1, maxLength: 5 });

function changed(value: unknown, changes: readonly (readonly [number, unknown])[]): unknown {
  let place = 0;
  return JSON.parse(JSON.stringify(value), (_, member: unknown) => {
    if (typeof member === 'object' && member !== null) return member;
    const change = changes.find(([at]) => at === place);
    place++;
    return change === undefined ? member : change[1];
  });
}

const INDENT = fc.constantFrom(0, 1, 4);

/** One character for each byte. */
const printed = (value: unknown, indent: number): string =>
  Buffer.from(JSON.stringify(value, null, indent)).toString('latin1');

/** The one value of a text, if it is all of it and its names are plain. */
function namesIn(forms: PrintedForms, text: string): PrintedNames | null {
  const found = forms.find(text, 0);
  return found?.end === text.length && found.names.every(isPlain) ? found : null;
}

/** Values of members that somebody may want to know, by pointer, as they are printed. */
function expectNames({ form, names }: PrintedNames, value: unknown): void {
  expect(names).toHaveLength(form.pointers.length);
  for (const [index, pointer] of form.pointers.entries()) {
    const at = pointer
      .split('/')
      .slice(1)
      .reduce<unknown>((parent, key) => (parent as Record<string, unknown>)[key], value);
    expect(names[index]).toBe(String(at));
  }
}

/** Forms of which one is known. */
function formsOf(text: string): PrintedForms {
  const forms = new PrintedForms(FREE);
  forms.add(text);
  return forms;
}

describe('the form of a printed value', () => {
  it('has texts of values that are alike, and of no others', () => {
    let taken = 0;
    fc.assert(
      fc.property(VALUE, CHANGES, INDENT, (first, changes, indent) => {
        const own = printed(first, indent);
        const forms = formsOf(own);
        const self = namesIn(forms, own);
        if (self === null) return;
        expectNames(self, first);
        const kinds = new Kinds(FREE);
        kinds.kindOf(first);
        for (const other of changes.map((change) => changed(first, change))) {
          const text = printed(other, indent);
          const found = namesIn(forms, text);
          if (found === null) continue;
          taken++;
          expect(found.form).toBe(self.form);
          expect(kinds.kindOf(other)).toBe(0);
          expectNames(found, other);
        }
      }),
      { numRuns: 5000, seed: 7 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  it('is that of the values that are alike, of all that were added', () => {
    let alike = 0;
    fc.assert(
      fc.property(VALUE, CHANGES, INDENT, (first, changes, indent) => {
        const values = [first, ...changes.map((change) => changed(first, change))];
        const forms = new PrintedForms(FREE);
        const kinds = new Kinds(FREE);
        const known = new Map<object, unknown>();
        for (const value of values) {
          const text = printed(value, indent);
          if (namesIn(forms, text) === null) forms.add(text);
          const found = namesIn(forms, text);
          if (found === null) continue;
          expectNames(found, value);
          const kind = kinds.kindOf(value);
          if (known.has(found.form)) alike++;
          expect(known.get(found.form) ?? kind).toBe(kind);
          known.set(found.form, kind);
        }
      }),
      { numRuns: 3000, seed: 8 },
    );
    expect(alike).toBeGreaterThan(100);
  });

  it('has no text that is no JSON, or another value, whatever byte of it changes', () => {
    const value = { name: 'a', port: 80, type: 'EDS', hosts: [{ address: '10.0.0.1', port: 8080 }] };
    let taken = 0;
    const text = JSON.stringify(value, null, 1);
    const forms = formsOf(text);
    for (let at = 0; at < text.length; at++) {
      for (const put of ['', '"', '\\', '0', '-', '.', 'e', ',', '}', '{', ' ', '\n', 'x', '""', '","b":"']) {
        for (const cut of [0, 1]) {
          const other = text.slice(0, at) + put + text.slice(at + cut);
          const found = namesIn(forms, other);
          if (found === null) continue;
          taken++;
          const kinds = new Kinds(FREE);
          kinds.kindOf(value);
          const parsed: unknown = JSON.parse(other);
          expect(kinds.kindOf(parsed), other).toBe(0);
          expectNames(found, parsed);
        }
      }
    }
    expect(taken).toBeGreaterThan(50);
  });

  it('leaves out what nobody wants to know', () => {
    const text = '{\n "services": [\n  {\n   "name": "a"\n  }\n ],\n "name": "b"\n}';
    const other = '{\n "services": [\n  {\n   "name": "c\\n"\n  }\n ],\n "name": "d"\n}';
    const found = namesIn(formsOf(text), other);
    expect(found).toMatchObject({ form: { pointers: ['/name'] }, names: ['d'] });
  });

  it('is the one that was added last where there is room for no more', () => {
    const forms = new PrintedForms(FREE);
    const texts = Array.from({ length: 300 }, (_, index) => `{"type": "${index}"}`);
    const added = texts.map((text) => forms.add(text));
    expect(added.filter(Boolean)).toHaveLength(256);
    expect(namesIn(forms, texts[255] ?? '')).not.toBeNull();
    expect(namesIn(forms, texts[256] ?? '')).toBeNull();
  });

  it.each([
    ['a name with an escape', '{"name": "a\\"b"}'],
    ['a name beyond ASCII', '{"name": "\u00c3\u00a4"}'],
    ['no JSON', '{"name": "a"'],
    ['more than one value', '{"name": "a"} {}'],
    ['a key without a value', '{"name"}'],
    ['two values without a comma', '[1 2]'],
    ['a value nested deep', '['.repeat(100_000) + ']'.repeat(100_000)],
  ])('is none of %s', (_, text) => {
    expect(new PrintedForms(FREE).add(text)).toBe(false);
  });
});
