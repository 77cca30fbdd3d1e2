/**
 * The random value of a request. Envoy draws one 64-bit number for each stream and asks it all questions of routing: the runtime
 * fraction of each route (`value % denominator < numerator`) and the choice among weighted clusters (`value % total weight`), see
 * ConnectionManagerImpl::ActiveStream and weighted_cluster_specifier.cc. The answers are not independent of each other.
 */
export interface Constraint {
  readonly modulus: number;
  /** Remainders from `from` (inclusive) to `to` (exclusive). */
  readonly from: number;
  readonly to: number;
}

/** Remainders that are enumerated; moduli of runtime fractions divide one another and go up to a million. */
const ENUMERATION_LIMIT = 4_000_000;

/**
 * The share of all values that satisfy the constraints.
 * @returns undefined when the moduli have too large a common multiple to count
 */
export function share(constraints: readonly Constraint[]): number | undefined {
  if (constraints.length === 0) return 1;
  if (constraints.some(({ from, to }) => from >= to)) return 0;
  const binding = constraints.filter(({ modulus, from, to }) => from > 0 || to < modulus);
  const [first, second] = binding;
  if (first === undefined) return 1;
  if (second === undefined) return (first.to - first.from) / first.modulus;
  const moduli = binding.map(({ modulus }) => modulus);
  const common = moduli.reduce(leastCommonMultiple);
  if (common <= ENUMERATION_LIMIT) return countShare(binding, common);
  const pairwisePrime = moduli.every((one, index) =>
    moduli.slice(index + 1).every((other) => divisor(one, other) === 1),
  );
  if (pairwisePrime) return binding.reduce((product, { modulus, from, to }) => (product * (to - from)) / modulus, 1);
  return binding.length === 2 ? pairShare(first, second) : undefined;
}

function countShare(constraints: readonly Constraint[], common: number): number {
  let count = 0;
  for (let value = 0; value < common; value++) {
    if (constraints.every(({ modulus, from, to }) => value % modulus >= from && value % modulus < to)) count++;
  }
  return count / common;
}

/** By the Chinese remainder theorem: pairs of remainders that agree modulo the common divisor are equally likely. */
function pairShare(one: Constraint, other: Constraint): number | undefined {
  const common = divisor(one.modulus, other.modulus);
  if (common > ENUMERATION_LIMIT) return undefined;
  let pairs = 0;
  for (let remainder = 0; remainder < common; remainder++) {
    pairs += congruent(one, remainder, common) * congruent(other, remainder, common);
  }
  return (pairs * common) / (one.modulus * other.modulus);
}

/** How many of the constraint's remainders are congruent to `remainder`. */
function congruent({ from, to }: Constraint, remainder: number, modulus: number): number {
  const below = (limit: number): number => Math.max(0, Math.ceil((limit - remainder) / modulus));
  return below(to) - below(from);
}

function divisor(one: number, other: number): number {
  return other === 0 ? one : divisor(other, one % other);
}

function leastCommonMultiple(one: number, other: number): number {
  return (one / divisor(one, other)) * other;
}
