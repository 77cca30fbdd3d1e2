import type { Unknown } from '../../../model/branching.ts';

/** The answer to a yes-or-no question; an `Unknown` when the dump does not tell (Kleene's strong three-valued logic). */
export type Truth = boolean | Unknown;

export function isUnknown(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && 'reason' in value && 'evidence' in value;
}

/** Conjunction: one `false` decides whatever is unknown. Stops at the first `false`. */
export function all<T>(items: Iterable<T>, test: (item: T) => Truth): Truth {
  let result: Truth = true;
  for (const item of items) {
    const truth = test(item);
    if (truth === false) return false;
    if (truth !== true && result === true) result = truth;
  }
  return result;
}

/** Disjunction: one `true` decides whatever is unknown. Stops at the first `true`. */
export function any<T>(items: Iterable<T>, test: (item: T) => Truth): Truth {
  let result: Truth = false;
  for (const item of items) {
    const truth = test(item);
    if (truth === true) return true;
    if (truth !== false && result === false) result = truth;
  }
  return result;
}

export function not(truth: Truth): Truth {
  return typeof truth === 'boolean' ? !truth : truth;
}
