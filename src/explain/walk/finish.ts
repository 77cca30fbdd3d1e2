import type { Branch, Disposition } from '../../model/explanation.ts';
import type { Weighted } from '../../model/branching.ts';
import { upstreamFailure, type UpstreamLoss } from '../../evaluate/proxies/envoy/upstream-failure.ts';
import { conditionsText } from '../sentences/conditions.ts';
import { retriedShares } from './retry-elsewhere.ts';
import type { End, ProxyFrame, WalkState } from './state.ts';

/** Ends of a connection that a proxy in front of it turns into an error of its own. */
const CONNECTION_FAILURES: ReadonlySet<Disposition> = new Set(['refused', 'dropped', 'unroutable', 'loop']);

/** Where a branch of the walk ends, and how. */
export interface Finished {
  readonly state: WalkState;
  readonly end: End;
}

/** The branches that ends of a walk make. */
export function finishBranches(ends: readonly Finished[]): (Branch & Weighted)[] {
  const seen = ends.map(({ state, end }) => asClientSees(state.proxies, end, []));
  const shares = retriedShares(
    ends.map(({ state: { probability, conditions, proxies } }, at) => ({
      probability,
      conditions,
      proxies,
      retried: new Set(seen[at]?.retried),
    })),
  );
  return seen.flatMap(({ end }, at) => {
    const state = ends[at]?.state;
    return state === undefined ? [] : [branchOf(state, end, shares[at] ?? state.probability)];
  });
}

function branchOf(state: WalkState, seen: End, probability: number): Branch & Weighted {
  return {
    probability,
    conditions: state.conditions,
    condition: conditionsText(state.conditions),
    disposition: seen.disposition,
    status: seen.status ?? null,
    flag: seen.flag ?? null,
    detail: seen.detail ?? null,
    reason: seen.reason,
    backend: seen.backend ?? null,
    observedSource: seen.observedSource ?? null,
    hops: state.hops,
  };
}

/** What the client sees of an end, and which proxies have used up their retries on it. */
interface Seen {
  readonly end: End;
  readonly retried: readonly ProxyFrame[];
}

/**
 * What the client sees of an end that lies behind proxies: an answer travels back through them; a connection that fails or is closed
 * is what each of them in turn makes of it, until one answers (evaluate/proxies/envoy/upstream-failure.ts).
 * @param retried those behind them that have used up their retries
 */
function asClientSees(proxies: readonly ProxyFrame[], how: End, retried: readonly ProxyFrame[]): Seen {
  const nearest = proxies.at(-1);
  const loss = nearest === undefined ? null : lossOf(how);
  if (nearest === undefined || loss === null) return { end: how, retried };
  const failure = upstreamFailure(nearest, loss);
  const outer = proxies.slice(0, -1);
  // A TCP proxy that loses an established connection closes the other one as well.
  if (failure.status === null && failure.flag === null)
    return asClientSees(outer, nearest.tls ? withoutHandshake(how) : how, retried);
  const who = `the proxy of pod ${nearest.pod.namespace}/${nearest.pod.name}`;
  const flag = [nearest.flag, failure.flag].filter((one) => one !== null).join(',');
  const shown = flag === '' ? '' : ` (${flag})`;
  const what = failure.status === null ? `closes the client's connection${shown}` : `answers ${failure.status}${shown}`;
  const tried = failure.attempts > 1 ? ` after ${failure.attempts} attempts` : '';
  const end: End = {
    disposition: how.disposition === 'denied' ? 'denied' : 'failed',
    status: failure.status,
    flag: flag === '' ? null : flag,
    detail: failure.detail,
    backend: how.backend ?? null,
    reason: `${how.reason} So ${who} ${what}${tried}.`,
  };
  return asClientSees(outer, end, failure.attempts > 1 ? [...retried, nearest] : retried);
}

function withoutHandshake({ handshake: _, ...how }: End): End {
  return how;
}

/** How the end looks to the proxy before it; null: it is an answer, or nobody's failure. */
function lossOf(how: End): UpstreamLoss | null {
  if (how.disposition === 'failed' || how.disposition === 'denied')
    return (how.status ?? null) === null
      ? { kind: 'closed', handshake: how.handshake ?? null, heard: how.heard }
      : null;
  if (!CONNECTION_FAILURES.has(how.disposition)) return null;
  // A circle through proxies is nobody's refusal: all of them wait for each other.
  if (how.disposition === 'loop' && how.detail !== 'ttl-exceeded') return null;
  return { kind: 'connect', detail: how.detail ?? null };
}
