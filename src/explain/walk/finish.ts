import type { Branch, Disposition } from '../../model/explanation.ts';
import type { Weighted } from '../../model/branching.ts';
import { conditionsText } from '../sentences/conditions.ts';
import type { End, ProxyFrame, WalkState } from './state.ts';

/** Ends of a connection that a proxy in front of it turns into an error of its own. */
const CONNECTION_FAILURES: ReadonlySet<Disposition> = new Set(['refused', 'dropped', 'unroutable', 'loop']);

/** The branch that a state and its end make. */
export function finishBranch(state: WalkState, how: End): Branch & Weighted {
  const seen = asClientSees(state.proxies, how);
  return {
    probability: state.probability,
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

/**
 * What the client sees of an end that lies behind proxies. A proxy that cannot connect upstream answers an HTTP request with 503
 * and flag UF, and URX as well when its retries are used up; of a TCP connection it closes the downstream side. An HTTP proxy
 * whose upstream connection is closed that way answers 503 with flag UC.
 * Source: Envoy source/common/router/router.cc (onUpstreamReset, onUpstreamAbort), source/common/tcp_proxy/tcp_proxy.cc.
 */
function asClientSees(proxies: readonly ProxyFrame[], how: End): End {
  const nearest = proxies.at(-1);
  if (nearest === undefined) return how;
  if (how.disposition === 'failed' || how.disposition === 'denied') return passedOn(proxies, how);
  if (!CONNECTION_FAILURES.has(how.disposition)) return how;
  // A circle through proxies is nobody's refusal: all of them wait for each other.
  if (how.disposition === 'loop' && how.detail !== 'ttl-exceeded') return how;
  const proxy = `the proxy of pod ${nearest.pod.namespace}/${nearest.pod.name}`;
  const flag = nearest.retries > 0 ? 'UF,URX' : 'UF';
  const tried = nearest.retries > 0 ? ` after ${nearest.retries + 1} attempts` : '';
  const base = { disposition: 'failed' as const, flag, detail: how.detail ?? null, backend: how.backend ?? null };
  if (nearest.http) {
    const reason = `${how.reason} So ${proxy} answers 503 (${flag})${tried}.`;
    return passedOn(proxies.slice(0, -1), { ...base, status: 503, reason });
  }
  const reason = `${how.reason} So ${proxy} closes the client's connection (${flag})${tried}.`;
  return passedOn(proxies.slice(0, -1), { ...base, status: null, reason });
}

/** An answer travels back through the outer proxies; a closed connection becomes a 503 at the first that speaks HTTP. */
function passedOn(outer: readonly ProxyFrame[], how: End): End {
  if ((how.status ?? null) !== null) return how;
  const http = outer.findLast((frame) => frame.http);
  if (http === undefined) return how;
  const reason = `${how.reason} The proxy of pod ${http.pod.namespace}/${http.pod.name} answers its client 503 (UC).`;
  return { ...how, status: 503, flag: 'UC', reason };
}
