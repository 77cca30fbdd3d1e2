import { gapRaw, type Gap, type GapKind } from './artefact.ts';

/** Gaps that one artefact may report; beyond it they are counted. A hostile file of a million bad lines stays readable. */
const GAP_LIMIT = 1000;

/** Collects the gaps of one artefact while it is parsed. */
export class GapLog {
  private readonly artefact: string;
  private readonly found: Gap[] = [];
  private more = 0;

  constructor(artefact: string) {
    this.artefact = artefact;
  }

  /**
   * @param problem one clause: what is wrong
   * @param at where: line (1-based) or JSON pointer, and the raw text that stands there
   */
  add(
    kind: GapKind,
    problem: string,
    at: { readonly line?: number; readonly pointer?: string; readonly raw?: string; readonly remedy?: string } = {},
  ): void {
    if (this.found.length >= GAP_LIMIT) {
      this.more += 1;
      return;
    }
    const raw = at.raw === undefined ? {} : { raw: gapRaw(at.raw) };
    this.found.push({ kind, artefact: this.artefact, problem, ...at, ...raw });
  }

  addAll(gaps: readonly Gap[]): void {
    this.found.push(...gaps);
  }

  list(): readonly Gap[] {
    if (this.more === 0) return [...this.found];
    const problem = `${this.more} more problems like the ones before`;
    return [...this.found, { kind: 'too-large', artefact: this.artefact, problem }];
  }
}
