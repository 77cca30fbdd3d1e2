import fc from 'fast-check';
import type { Artefact } from '../../src/model/artefact.ts';

export function textArtefact(text: string, name = 'dump.txt'): Artefact {
  return { name, capturedAt: null, bytes: Buffer.from(text) };
}

/** Facts without what they cite. */
export function withoutEvidence(facts: readonly object[]): object[] {
  return facts.map((fact) => Object.fromEntries(Object.entries(fact).filter(([key]) => key !== 'evidence')));
}

/** The text with something wrong: bytes overwritten, a part cut out, the end cut off, a part repeated, or noise put in. */
export function mutatedArtefact(text: string): fc.Arbitrary<Artefact> {
  const bytes = Buffer.from(text);
  const at = fc.integer({ min: 0, max: Math.max(0, bytes.length - 1) });
  const noise = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((values) => Buffer.from(values));
  const shortNoise = fc
    .constantFrom('{', '}', '[', ']', '"', ',', ':', '\n', '\0', 'null', '-1', '999999999999', '/', '%')
    .map((part) => Buffer.from(part));
  const edit = fc.record({
    from: at,
    to: at,
    with: fc.oneof(shortNoise, noise),
    kind: fc.constantFrom('replace', 'cut', 'end', 'repeat', 'insert'),
  });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => ({
    name: 'mutated',
    capturedAt: null,
    bytes: edits.reduce((current: Buffer, { from, to, with: part, kind }) => {
      const [start, end] = [Math.min(from, to), Math.max(from, to)];
      const head = current.subarray(0, start);
      switch (kind) {
        case 'replace':
          return Buffer.concat([head, part, current.subarray(start + part.length)]);
        case 'cut':
          return Buffer.concat([head, current.subarray(end)]);
        case 'end':
          return head;
        case 'repeat':
          return Buffer.concat([current.subarray(0, end), current.subarray(start)]);
        default:
          return Buffer.concat([head, part, current.subarray(start)]);
      }
    }, bytes),
  }));
}
