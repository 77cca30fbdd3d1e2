import type { Evidence } from '../../src/model/evidence.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import type { ArtefactSource } from '../../src/model/artefact.ts';

/** Everything that an answer cites. */
export function cited({ branches, findings }: Explanation): readonly Evidence[] {
  const steps = branches.flatMap((branch) => branch.hops.flatMap((hop) => hop.steps));
  return [...steps.flatMap((step) => step.evidence), ...findings.flatMap((finding) => finding.evidence)];
}

/** Holds evidence against the artefacts of one source; each is read once. */
export class Witness {
  readonly #source: ArtefactSource;
  readonly #lines = new Map<string, readonly string[]>();
  readonly #values = new Map<string, { readonly value: unknown } | { readonly compact: string }>();

  constructor(source: ArtefactSource) {
    this.#source = source;
  }

  /** Whether the raw text stands at the cited place. */
  confirms({ artefact, line, pointer, raw }: Evidence): boolean {
    const text = this.#source.artefact(artefact)?.bytes.toString('utf8');
    if (text === undefined) return false;
    if (line !== undefined) return this.#lineOf(artefact, text, line) === raw;
    const json = this.#json(artefact, text);
    // Of a document that breaks somewhere, whole parts may still be cited.
    if ('compact' in json) return json.compact.includes(raw);
    return JSON.stringify(at(json.value, pointer ?? '')) === raw;
  }

  #lineOf(artefact: string, text: string, line: number): string | undefined {
    const lines = this.#lines.get(artefact) ?? text.split('\n');
    this.#lines.set(artefact, lines);
    return lines[line - 1]?.replace(/\r$/, '');
  }

  #json(artefact: string, text: string): { readonly value: unknown } | { readonly compact: string } {
    const known = this.#values.get(artefact);
    if (known !== undefined) return known;
    let read: { readonly value: unknown } | { readonly compact: string };
    try {
      read = { value: JSON.parse(text) as unknown };
    } catch {
      read = { compact: compact(text) };
    }
    this.#values.set(artefact, read);
    return read;
  }
}

function at(root: unknown, pointer: string): unknown {
  let value = root;
  for (const key of pointer.split('/').slice(1)) {
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** JSON text without the white space between its tokens. */
function compact(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/gs, '$1');
}
