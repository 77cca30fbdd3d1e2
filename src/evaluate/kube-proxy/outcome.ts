import type { Condition } from '../../model/branching.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { Flow } from '../../model/flow.ts';
import type { IntendedOutcome, ServiceAddressKind } from '../../model/kube-proxy.ts';
import type { ProxiedEndpoint } from './endpoints.ts';
import type { KubeProxyInput } from './kube-proxy-input.ts';
import { isLocalAddress } from './node.ts';
import { portName, type ProxiedPort } from './service-port.ts';

/** What a packet met: a Service port at one of its addresses. */
export interface Met {
  readonly proxied: ProxiedPort;
  readonly kind: ServiceAddressKind;
  /** Clauses so far. */
  readonly reasons: readonly string[];
  /** Fields that decided so far. */
  readonly evidence: readonly Evidence[];
}

/** The packet is nobody's, or left alone. */
export function pass(
  reasons: readonly string[],
  evidence: readonly Evidence[] = [],
  met: Met | null = null,
): IntendedOutcome[] {
  return [{ ...ended('pass', met), reasons, evidence }];
}

/** The packet is answered with ICMP port unreachable, or dropped. */
export function refuse(
  action: 'reject' | 'drop',
  reason: string,
  met: Met | null,
  evidence: readonly Evidence[] = [],
): IntendedOutcome[] {
  return [
    {
      ...ended(action, met),
      reasons: [...(met?.reasons ?? []), reason],
      evidence: [...(met?.evidence ?? []), ...evidence],
    },
  ];
}

/** It depends on something that is not known. */
export function undetermined(reason: string, met: Met | null, evidence: readonly Evidence[] = []): IntendedOutcome[] {
  const cited = [...(met?.evidence ?? []), ...evidence];
  return [
    {
      ...ended('undetermined', met),
      reasons: [...(met?.reasons ?? []), reason],
      evidence: cited,
      unknown: { reason, evidence: cited },
    },
  ];
}

function ended(action: IntendedOutcome['action'], met: Met | null): IntendedOutcome {
  return {
    probability: 1,
    conditions: [],
    action,
    service: met?.proxied.service ?? null,
    port: met?.proxied.port ?? null,
    addressKind: met?.kind ?? null,
    slice: null,
    endpoint: null,
    destination: null,
    masquerade: false,
    reasons: met?.reasons ?? [],
    evidence: met?.evidence ?? [],
  };
}

/** How one endpoint of several is picked. */
export interface Balancing {
  /** Whether the source address is replaced, for each endpoint; null: not known. */
  masquerade(endpoint: ProxiedEndpoint): boolean | null;
  /** Conditions under which an endpoint is picked instead of a probability; null: each is as likely as the others. */
  readonly choice: ((endpoint: ProxiedEndpoint) => Condition) | null;
}

/**
 * The packet goes to one of the endpoints, each with the same probability. With session affinity there is one more branch for
 * each endpoint: the client was there before. The branches for every state of the client add up to 1 (law 3).
 *
 * kube-proxy only marks what is to be masqueraded; the source is replaced in postrouting, which a packet from the wire to an address of
 * the node itself never visits (net/ipv4/ip_input.c, ip_local_deliver).
 */
export function balance(
  { node }: KubeProxyInput,
  met: Met,
  flow: Flow,
  endpoints: readonly ProxiedEndpoint[],
  how: Balancing,
): IntendedOutcome[] {
  const { affinitySeconds } = met.proxied.service;
  const to = (
    one: ProxiedEndpoint,
    probability: number,
    conditions: readonly Condition[],
    reasons: readonly string[],
  ): IntendedOutcome => {
    const marked = how.masquerade(one);
    const stays = flow.inInterface !== null && isLocalAddress(node, one.ip);
    const kept = stays && marked !== false ? [`${one.ip} is the node's own, where the source is never replaced`] : [];
    return {
      probability,
      conditions,
      action: 'dnat',
      service: met.proxied.service,
      port: met.proxied.port,
      addressKind: met.kind,
      slice: one.slice,
      endpoint: one.endpoint,
      destination: { ip: one.ip, port: one.port },
      masquerade: stays ? false : marked,
      reasons: [...met.reasons, ...reasons, ...kept],
      // Written down when somebody cites it: a ledger asks for thousands of endpoints, and cites none.
      get evidence() {
        return [...met.evidence, one.endpoint.cursor.evidence()];
      },
    };
  };
  const fresh = (conditions: readonly Condition[]): IntendedOutcome[] =>
    endpoints.map((one) =>
      how.choice === null
        ? to(one, 1 / endpoints.length, conditions, [])
        : to(one, 1, [...conditions, ...(endpoints.length > 1 ? [how.choice(one)] : [])], []),
    );
  if (affinitySeconds === null || endpoints.length < 2) return fresh([]);
  const service = portName(met.proxied.service, met.proxied.port);
  const affinity = (value: string): Condition => ({
    key: `affinity:${service}:${flow.source}`,
    value,
    subject: { kind: 'affinity', service, client: flow.source },
  });
  const kept = `sessionAffinity is ClientIP: a client stays for ${affinitySeconds} s`;
  return [...endpoints.map((one) => to(one, 1, [affinity(one.text)], [kept])), ...fresh([affinity('none')])];
}
