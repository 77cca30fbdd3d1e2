import type { RouteDecision, RouteQuery } from '../../../src/model/routing.ts';
import type { Answer } from './namespace.ts';

/** What became of one question. `sourceUnknown`: all agrees, but we do not say which source the kernel picks. */
export type Comparison = 'agrees' | 'sourceUnknown' | 'unknown' | { readonly disagreement: string };

/** Our kinds for what the kernel answers in words (errno of RTM_GETROUTE). */
const ERRORS: Readonly<Record<string, readonly RouteDecision['kind'][]>> = {
  // A rule of action unreachable says ENETUNREACH, a route of that type EHOSTUNREACH; so does a machine that does not forward.
  'Network is unreachable': ['no-route', 'unreachable'],
  'No route to host': ['unreachable', 'blackhole'],
  'Permission denied': ['prohibit'],
  'Invalid argument': ['blackhole'],
  'Invalid cross-device link': ['blackhole'],
};
const KINDS: Readonly<Record<string, RouteDecision['kind']>> = {
  unicast: 'forward',
  local: 'local',
  anycast: 'local',
  broadcast: 'broadcast',
  multicast: 'multicast',
};

/** Holds our decisions against the kernel's answer, which is one of them. */
export function compare(decisions: readonly RouteDecision[], answer: Answer, query: RouteQuery): Comparison {
  const received = typeof query.inInterface === 'string';
  if (decisions.some((decision) => decision.kind === 'unknown')) return 'unknown';
  const total = decisions.reduce((sum, decision) => sum + decision.probability, 0);
  if (Math.abs(total - 1) > 1e-9) return { disagreement: `our probabilities add up to ${total}` };
  if (answer.kind === 'error') {
    const kinds = ERRORS[Object.keys(ERRORS).find((text) => answer.text.endsWith(text)) ?? ''] ?? [];
    return decisions.some(({ kind }) => kinds.includes(kind)) ? 'agrees' : differs(decisions, answer);
  }
  const { entry } = answer;
  const kind = KINDS[entryType(entry)];
  const via = entry['via'] as { host?: string } | undefined;
  const gateway = entry['gateway'] ?? via?.host ?? null;
  const alike = decisions.filter((one) => {
    // The kernel marks the route of a multicast packet with the type of the address (IPv4), or not at all (IPv6).
    if (one.kind === 'multicast' && (kind === 'multicast' || kind === 'forward')) return true;
    if (one.kind === 'broadcast' && kind === 'broadcast')
      return one.device === null || received || one.device === entry['dev'];
    return one.kind === kind && one.gateway === gateway && one.device === entry['dev'];
  });
  if (alike.length === 0) return differs(decisions, answer);
  // With a source in the question, prefsrc is what IPv6 would have picked without it.
  const source = query.source === null ? entry['prefsrc'] : undefined;
  if (received || source === undefined || alike.some((one) => one.preferredSource === source)) return 'agrees';
  return alike.some((one) => one.preferredSource === null) ? 'sourceUnknown' : differs(decisions, answer);
}

/** The type that iproute2 prints; it leaves unicast out. */
export function entryType(entry: Readonly<Record<string, unknown>>): string {
  const { type } = entry;
  return typeof type === 'string' ? type : 'unicast';
}

function differs(decisions: readonly RouteDecision[], answer: Answer): Comparison {
  const ours = decisions.map(({ kind, device, gateway, preferredSource, reason }) => ({
    kind,
    device,
    gateway,
    preferredSource,
    reason,
  }));
  return { disagreement: `ours ${JSON.stringify(ours)}, the kernel's ${JSON.stringify(answer)}` };
}
