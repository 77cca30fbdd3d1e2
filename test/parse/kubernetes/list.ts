import type { Artefact } from '../../../src/model/artefact.ts';

/** An artefact that holds a value as JSON, or a text as it is. */
export function artefact(value: unknown, name = 'list.json'): Artefact {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return { name, capturedAt: null, bytes: Buffer.from(text) };
}

/** A List as the API server returns it: its items carry neither kind nor version. */
export function list(kind: string, items: readonly unknown[], apiVersion = 'v1'): unknown {
  return { kind: `${kind}List`, apiVersion, metadata: {}, items };
}

export function named(name: string, more: object = {}, namespace = 'shop'): object {
  return { metadata: { name, namespace }, ...more };
}
