import type { Step } from '../../model/explanation.ts';
import type { Flow } from '../../model/flow.ts';
import type { RouteDecision } from '../../model/routing.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import { addressText } from './names.ts';

/** The routing decision as a step. */
export function routeStep(view: ClusterView | undefined, route: RouteDecision, flow: Flow): Step {
  const to = addressText(view, flow.destination);
  return {
    kind: 'route',
    action: route.kind,
    text: routeText(view, route, to),
    evidence: route.evidence,
    ...(route.assumptions === undefined || route.assumptions.length === 0 ? {} : { assumptions: route.assumptions }),
  };
}

function routeText(view: ClusterView | undefined, route: RouteDecision, to: string): string {
  switch (route.kind) {
    case 'local':
      return `${to} is an address of this network namespace: the packet goes to its sockets`;
    case 'forward': {
      const through = route.gateway === null ? 'on the link' : `through ${addressText(view, route.gateway)}`;
      return `${to} is routed ${through}${route.device === null ? '' : ` by ${route.device}`}`;
    }
    case 'unreachable':
    case 'prohibit':
    case 'blackhole':
      return route.reason ?? `a route of type ${route.kind} covers ${to}`;
    case 'no-route':
      return route.reason ?? `no route leads to ${to}`;
    case 'broadcast':
    case 'multicast':
      return `${to} is a ${route.kind} address`;
    case 'unknown':
      return `the route to ${to} is not known: ${route.reason ?? 'no routes were captured'}`;
  }
}

/** Sentence and errno or symptom of a routing decision that ends the packet. */
export function unroutableReason(route: RouteDecision | null): { readonly reason: string; readonly detail: string } {
  if (route === null) return { reason: 'the packet cannot be routed.', detail: 'ENETUNREACH' };
  const reason = `${routeText(undefined, route, 'the destination')}.`;
  switch (route.kind) {
    case 'blackhole':
      return { reason, detail: 'timeout' };
    case 'prohibit':
      return { reason, detail: 'EACCES' };
    case 'unreachable':
      return { reason, detail: 'EHOSTUNREACH' };
    default:
      return { reason, detail: 'ENETUNREACH' };
  }
}
