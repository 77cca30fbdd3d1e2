import { distance } from 'fastest-levenshtein';

/**
 * Names that a person may have meant, nearest first: those that contain the text or are contained in it, and those that differ
 * in few letters (at most a third of the length).
 */
export function closeNames(text: string, names: readonly string[], limit = 5): string[] {
  const wanted = text.toLowerCase();
  const scored = [...new Set(names)].flatMap((name) => {
    const candidate = name.toLowerCase();
    const within = candidate.includes(wanted) || wanted.includes(candidate);
    const apart = areSwapped(wanted, candidate) ? 1 : distance(wanted, candidate);
    const near = apart <= Math.max(1, Math.floor(wanted.length / 3));
    return within || near ? [{ name, score: within ? 0 : apart }] : [];
  });
  return scored
    .toSorted((a, b) => a.score - b.score || a.name.localeCompare(b.name, 'en'))
    .slice(0, limit)
    .map((one) => one.name);
}

/** Whether two neighbouring letters changed places, which is one slip of the fingers. */
function areSwapped(one: string, other: string): boolean {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  const swapped = one.slice(0, at) + one.charAt(at + 1) + one.charAt(at) + one.slice(at + 2);
  return one !== other && swapped === other;
}
