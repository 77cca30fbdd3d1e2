import type { Evidence } from '../../model/evidence.ts';

/** Whether the kernel lets a packet pass a check of its routing code. */
export interface Permission {
  /** undefined: not known. */
  readonly allowed: boolean | undefined;
  /** One clause: why not, or what is not known; null when it is allowed. */
  readonly reason: string | null;
  readonly evidence: readonly Evidence[];
  /** Clauses: what was taken for granted. */
  readonly assumptions: readonly string[];
}

export function allow(evidence: readonly Evidence[] = [], assumptions: readonly string[] = []): Permission {
  return { allowed: true, reason: null, evidence, assumptions };
}

export function refuse(reason: string, evidence: readonly Evidence[]): Permission {
  return { allowed: false, reason, evidence, assumptions: [] };
}

export function doubt(reason: string, evidence: readonly Evidence[] = []): Permission {
  return { allowed: undefined, reason, evidence, assumptions: [] };
}
