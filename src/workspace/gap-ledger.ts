import type { Gap } from '../model/artefact.ts';
import { withRemedy } from '../model/gap-remedy.ts';

/** Collects the gaps of everything that was read, whenever it was read. */
export class GapLedger {
  private readonly sources: (() => readonly Gap[])[] = [];

  /** Gaps that may still grow: a rule is understood when somebody first asks for it. */
  watch(source: () => readonly Gap[]): void {
    this.sources.push(source);
  }

  add(gaps: readonly Gap[]): void {
    if (gaps.length > 0) this.watch(() => gaps);
  }

  /** Every gap once, with what would close it, by artefact, place and text, in whatever order things were read. */
  list(): readonly Gap[] {
    const gaps = this.sources.flatMap((source) => source()).map(withRemedy);
    const once = new Map(gaps.map((gap) => [JSON.stringify(sortKey(gap)), gap]));
    return [...once.values()].toSorted(byPlace);
  }
}

function sortKey(gap: Gap): readonly (string | number)[] {
  return [gap.artefact, gap.line ?? 0, gap.pointer ?? '', gap.kind, gap.problem, gap.remedy ?? '', gap.raw ?? ''];
}

function byPlace(a: Gap, b: Gap): number {
  const [left, right] = [sortKey(a), sortKey(b)];
  for (const [at, one] of left.entries()) {
    const other = right[at] ?? '';
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}
