/** Whether something matches; null when a part of it could not be read or is not known. */
export type Truth = boolean | null;

/** All of them: false as soon as one is, unknown when one is and none is false (Kleene). */
export function all(parts: readonly Truth[]): Truth {
  if (parts.includes(false)) return false;
  return parts.includes(null) ? null : true;
}

/** One of them: true as soon as one is, unknown when one is and none is true. */
export function any(parts: readonly Truth[]): Truth {
  if (parts.includes(true)) return true;
  return parts.includes(null) ? null : false;
}
