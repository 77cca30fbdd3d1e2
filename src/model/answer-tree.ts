import type { Basis, Branch, HopKind, Step } from './explanation.ts';

/** A step with its number in the answer, as `--explain-step` takes it. */
export interface NumberedStep {
  readonly number: number;
  readonly step: Step;
}

/** A stretch of one hop that all branches below share. */
export interface AnswerHop {
  readonly kind: HopKind;
  readonly name: string;
  readonly role: string | null;
  readonly basis: Basis;
  /** The hop began further up; its later steps differ by branch and stand here. */
  readonly continued: boolean;
  readonly steps: readonly NumberedStep[];
}

export interface AlikeBranch {
  readonly share: number | null;
  readonly condition: string | null;
  readonly branch: Branch;
}

/** Branches that go the same kind of way as the sibling before them, only by other machines. */
export interface AlikeBranches {
  /** The first few of them, each with what stands at its beginning. */
  readonly shown: readonly AlikeBranch[];
  /** How many more there are. */
  readonly more: number;
  /** Probability of those that are not shown. */
  readonly moreShare: number;
}

/** The branches of an answer with their common beginnings told once. */
export interface AnswerTree {
  /** Share of the whole; null when it is the only way. */
  readonly share: number | null;
  readonly condition: string | null;
  readonly hops: readonly AnswerHop[];
  /** Where the ways part; empty at an end. */
  readonly children: readonly AnswerTree[];
  /** How it ends; null where the ways part. */
  readonly end: Branch | null;
  readonly alike: AlikeBranches | null;
}
