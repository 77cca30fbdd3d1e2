/** Critical values of the chi-squared distribution at a significance of 0.001, by degrees of freedom. */
const CRITICAL = [0, 10.83, 13.82, 16.27, 18.47, 20.52];

/**
 * Whether counts may come from these probabilities: Pearson's test. A fixed set of real counts is held against the rules once, so
 * the small significance only keeps an unlucky capture from failing for ever.
 */
export function fits(counts: readonly number[], probabilities: readonly number[]): boolean {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const statistic = probabilities.reduce((sum, probability, index) => {
    const expected = probability * total;
    return expected === 0 ? sum : sum + ((counts[index] ?? 0) - expected) ** 2 / expected;
  }, 0);
  const critical = CRITICAL[probabilities.length - 1];
  if (critical === undefined) throw new Error(`no critical value for ${probabilities.length} outcomes`);
  return probabilities.length === 1 ? counts[0] === total : statistic <= critical;
}
