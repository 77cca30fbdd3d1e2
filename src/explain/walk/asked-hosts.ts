/** A host of a cluster. */
export interface DrawnHost {
  /** Of the first draws; those of all hosts add up to 1. */
  readonly share: number;
  /** Of the attempts that it gets, in [0, 1]. */
  readonly fails: number;
}

/** How often a host is asked for one request. */
export interface Asked {
  /** Expected number of attempts. */
  readonly ever: number;
  /** Probability that the last attempt that is allowed is made here. */
  readonly last: number;
}

/** Hosts of the same share that fail alike. */
interface HostKind extends DrawnHost {
  readonly hosts: readonly number[];
}

/** How many hosts of each kind were tried, and how likely it is. */
interface Tried {
  readonly counts: readonly number[];
  readonly weight: number;
}

/** Among more kinds of hosts no account is kept of those that were tried: retries then fail more often than they do. */
const KIND_LIMIT = 6;

/**
 * Hosts are drawn one after another until one does not fail, or the attempts are used up. A retry that draws a host which was tried draws
 * again, up to `redraws` times, and takes the last one drawn (source/extensions/load_balancing_policies/common/load_balancer_impl.cc,
 * chooseHost). Draws are taken for independent, as they are at random and by least request without load.
 * @param attempts that are allowed, at least 1
 * @returns what becomes of each host, in their order
 */
export function askedHosts(hosts: readonly DrawnHost[], attempts: number, redraws: number): readonly Asked[] {
  const kinds = kindsOf(hosts);
  const remembers = redraws > 0 && kinds.length <= KIND_LIMIT;
  const asked = hosts.map(() => ({ ever: 0, last: 0 }));
  let states: readonly Tried[] = [{ counts: kinds.map(() => 0), weight: 1 }];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const next = new Map<string, Tried>();
    for (const state of states) {
      for (const { at, chance, counts } of draws(kinds, state, remembers ? redraws : 0)) {
        const kind = kinds[at];
        if (kind === undefined || chance === 0) continue;
        const each = chance / kind.hosts.length;
        for (const host of kind.hosts.map((index) => asked[index])) {
          if (host === undefined) continue;
          host.ever += each;
          if (attempt === attempts) host.last += each;
        }
        const key = remembers ? counts.join(' ') : '';
        const weight = (next.get(key)?.weight ?? 0) + chance * kind.fails;
        next.set(key, { counts: remembers ? counts : state.counts, weight });
      }
    }
    states = [...next.values()].filter(({ weight }) => weight > 0);
  }
  return asked;
}

function kindsOf(hosts: readonly DrawnHost[]): readonly HostKind[] {
  const kinds = new Map<string, HostKind>();
  for (const [index, { share, fails }] of hosts.entries()) {
    const key = `${share.toPrecision(9)} ${fails.toPrecision(9)}`;
    kinds.set(key, { share, fails, hosts: [...(kinds.get(key)?.hosts ?? []), index] });
  }
  return [...kinds.values()];
}

/** What the next attempt may draw: a host of each kind that was not tried, or one that was. */
function draws(kinds: readonly HostKind[], { counts, weight }: Tried, redraws: number) {
  const tried = kinds.reduce((sum, { share }, at) => sum + share * (counts[at] ?? 0), 0);
  // The chance to take a host that was not tried, as a multiple of its share: at the first draw, or after others that were.
  const fresh = Array.from({ length: redraws + 1 }, (_, before) => tried ** before).reduce((sum, one) => sum + one, 0);
  return kinds.flatMap(({ share, hosts }, at) => {
    const count = counts[at] ?? 0;
    const more = counts.map((one, index) => (index === at ? one + 1 : one));
    return [
      { at, chance: weight * (hosts.length - count) * share * fresh, counts: more },
      { at, chance: weight * count * share * tried ** redraws, counts },
    ];
  });
}
