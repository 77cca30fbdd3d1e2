import { gapRaw, type Gap } from '../../model/artefact.ts';

/** Gaps that one artefact may report; beyond it they are counted. A hostile List of a million bad items stays readable. */
const LIMIT = 1000;

/** Against an object that is not as its kind asks for: the API server gives none, a file or a proxy in between may. */
const MALFORMED = 'read the List again from the API server itself';

/** The gaps of one artefact. */
export class GapList {
  private readonly artefact: string;
  private readonly found: Gap[] = [];
  private more = 0;

  constructor(artefact: string) {
    this.artefact = artefact;
  }

  /** @param pointer RFC 6901, of the value that `problem` is about */
  add(kind: Gap['kind'], problem: string, pointer: string, value?: unknown): void {
    if (this.found.length >= LIMIT) {
      this.more += 1;
      return;
    }
    const raw = value === undefined ? undefined : rawText(value);
    const remedy = kind === 'not-understood' ? {} : { remedy: MALFORMED };
    this.found.push({
      kind,
      artefact: this.artefact,
      pointer,
      problem,
      ...remedy,
      ...(raw === undefined ? {} : { raw }),
    });
  }

  list(): readonly Gap[] {
    if (this.more === 0) return this.found;
    const problem = `${this.more} more problems like the ones before`;
    return [...this.found, { kind: 'too-large', artefact: this.artefact, problem, remedy: MALFORMED }];
  }
}

/** Text for a gap. A value may be nested deeper than JSON.stringify can walk; then only its kind is told. */
function rawText(value: unknown): string {
  if (typeof value === 'string') return gapRaw(JSON.stringify(value.slice(0, 300)));
  if (typeof value !== 'object' || value === null) return gapRaw(String(value));
  try {
    return gapRaw(JSON.stringify(value));
  } catch {
    return Array.isArray(value) ? '[…]' : '{…}';
  }
}
