/**
 * Where retries lead when hosts of a cluster differ: what fails at one host is tried at another one, drawn anew.
 *
 * In: the ends of a walk, each as if its host were asked every time. Out: the shares that retries give them.
 */
import type { Weighted } from '../../model/branching.ts';
import { isUnknown } from '../../evaluate/proxies/envoy/truth.ts';
import { askedHosts, type Asked, type DrawnHost } from './asked-hosts.ts';
import type { ProxyFrame } from './state.ts';

/** An end of a walk, behind the proxies that wait for it. */
export interface RetriedEnd extends Weighted {
  readonly proxies: readonly ProxyFrame[];
  /** Those that have used up their retries on it. */
  readonly retried: ReadonlySet<ProxyFrame>;
}

/** An end behind one decision of a proxy among hosts. */
interface Candidate {
  /** Of its end. */
  readonly index: number;
  readonly frame: ProxyFrame;
  /** The proxy has used up its retries on it. */
  readonly fails: boolean;
}

/** @returns the probability of each end, in their order; those behind one decision of a proxy add up to what they did */
export function retriedShares(ends: readonly RetriedEnd[]): readonly number[] {
  const shares = ends.map(({ probability }) => probability);
  const deepest = Math.max(0, ...ends.map(({ proxies }) => proxies.length));
  // A proxy tries again what those behind it have made of an attempt.
  for (let depth = deepest - 1; depth >= 0; depth--) {
    for (const group of decisions(ends, depth)) if (supposeTheSame(ends, group)) share(group, shares);
  }
  return shares;
}

/** The ends behind each decision that a proxy took in this place of their way. */
function decisions(ends: readonly RetriedEnd[], depth: number): readonly (readonly Candidate[])[] {
  const candidates = ends.flatMap(({ proxies, retried }, index): Candidate[] => {
    const frame = proxies[depth];
    return frame === undefined ? [] : [{ index, frame, fails: retried.has(frame) }];
  });
  const visits = new Set(candidates.flatMap(({ frame, fails }) => (fails ? [frame.choice.visit] : [])));
  return [...visits].flatMap((visit) => {
    const own = candidates.filter(({ frame }) => frame.choice.visit === visit);
    return grouped(own, ({ frame }) => frame.choice.way());
  });
}

/** Shares are given conditions, so that they go over to no end that supposes something else. */
function supposeTheSame(ends: readonly RetriedEnd[], group: readonly Candidate[]): boolean {
  const supposed = group.map(({ index }) =>
    JSON.stringify((ends[index]?.conditions ?? []).map(({ key, value }) => `${key} ${value}`).toSorted()),
  );
  return new Set(supposed).size === 1;
}

/** Puts the shares that retries give to the ends behind one decision in the place of those that they had. */
function share(group: readonly Candidate[], shares: number[]): void {
  const failing = group.filter(({ fails }) => fails);
  const [first] = failing;
  const whole = sum(group, shares);
  if (first === undefined || failing.length === group.length || whole === 0) return;
  const { retries, choice } = first.frame;
  const attempts = (retries?.count ?? 0) + 1;
  const hosts = grouped(group, ({ frame }) => frame.choice.host).map((own) => {
    const all = sum(own, shares);
    const fails = sum(
      own.filter((one) => one.fails),
      shares,
    );
    return { own, all, share: all / whole, fails: all === 0 ? 0 : fails / all };
  });
  const redraws = retries === null || isUnknown(retries.hostRedraws) ? 0 : retries.hostRedraws;
  const asked =
    choice.again === 'same' ? hosts.map((host) => askedAlone(host, attempts)) : askedHosts(hosts, attempts, redraws);
  for (const [at, { own, all }] of hosts.entries()) {
    const { ever, last } = asked[at] ?? { ever: 0, last: 0 };
    if (all === 0) continue;
    // A client hears of a failure when no attempt is left; of all else whenever it happens.
    for (const { index, fails } of own) shares[index] = whole * ((shares[index] ?? 0) / all) * (fails ? last : ever);
  }
}

/** A host that is asked again whenever it fails. */
function askedAlone({ share: drawn, fails }: DrawnHost, attempts: number): Asked {
  const [{ ever, last } = { ever: 0, last: 0 }] = askedHosts([{ share: 1, fails }], attempts, 0);
  return { ever: ever * drawn, last: last * drawn };
}

function sum(group: readonly Candidate[], shares: readonly number[]): number {
  return group.reduce((all, { index }) => all + (shares[index] ?? 0), 0);
}

function grouped(candidates: readonly Candidate[], keyOf: (candidate: Candidate) => string): Candidate[][] {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const key = keyOf(candidate);
    groups.set(key, [...(groups.get(key) ?? []), candidate]);
  }
  return [...groups.values()];
}
