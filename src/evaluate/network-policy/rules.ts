import { contains, parseAddress, parsePrefix } from '../../model/address.ts';
import type { Cursor } from '../../model/json.ts';
import type { NamespaceFact, PodFact } from '../../model/kubernetes.ts';
import { matchSelector } from './label-selector.ts';
import { all, any, type Truth } from './three-valued.ts';

/** The other end of a connection. */
export type PolicyPeer =
  | { readonly kind: 'pod'; readonly pod: PodFact; readonly ip: string }
  /** a node of the cluster, by one of its addresses */
  | { readonly kind: 'node'; readonly name: string; readonly ip: string }
  /** anything else, by its address */
  | { readonly kind: 'ip'; readonly ip: string };

/** What a rule is held against. */
export interface Connection {
  readonly peer: PolicyPeer;
  /** The pod that is connected to, whose container ports named ports mean; null: it is no pod. */
  readonly destination: PodFact | null;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** Port of the destination pod, after the Service's translation. */
  readonly port: number;
  /** Labels of a namespace; undefined: not known. */
  readonly namespaceLabels: (name: string) => NamespaceFact['labels'] | undefined;
}

/**
 * Whether a rule of spec.ingress or spec.egress takes in a connection: one of its peers and one of its ports, where none means all
 * (k8s.io/api networking/v1, NetworkPolicyIngressRule and NetworkPolicyEgressRule).
 */
export function matchRule(rule: Cursor, side: 'from' | 'to', namespace: string, connection: Connection): Truth {
  if (!rule.isObject()) return null;
  return all([
    oneOf(rule.at(side), (peer) => matchPeer(peer, namespace, connection)),
    oneOf(rule.at('ports'), (port) => matchPort(port, connection)),
  ]);
}

function oneOf(list: Cursor, match: (one: Cursor) => Truth): Truth {
  if (!list.exists) return true;
  if (!Array.isArray(list.value)) return null;
  const items = list.items();
  return items.length === 0 ? true : any(items.map(match));
}

function matchPeer(peer: Cursor, namespace: string, { peer: other, namespaceLabels }: Connection): Truth {
  if (!peer.isObject()) return null;
  const block = peer.at('ipBlock');
  if (block.exists) {
    const inside = matchBlock(block, other.ip);
    // whether a block of addresses takes in pods differs between implementations
    return inside === true && other.kind === 'pod' ? null : inside;
  }
  const [pods, namespaces] = [peer.at('podSelector'), peer.at('namespaceSelector')];
  if (!pods.exists && !namespaces.exists) return null;
  if (other.kind !== 'pod') return false;
  const labels = namespaceLabels(other.pod.namespace);
  const inNamespace = !namespaces.exists
    ? other.pod.namespace === namespace
    : labels === undefined
      ? withoutLabels(namespaces)
      : matchSelector(namespaces, labels);
  const matched = all([inNamespace, pods.exists ? matchSelector(pods, other.pod.labels) : true]);
  // a pod in the node's network namespace may look like the node: then no selector takes it in
  return matched === true && other.pod.hostNetwork ? null : matched;
}

/** A selector of everything needs no labels; of another nothing can be said without them. */
function withoutLabels(selector: Cursor): Truth {
  const members = selector.entries().filter(([, value]) => Object.keys(value.value ?? {}).length > 0);
  return selector.isObject() && members.length === 0 ? true : null;
}

function matchBlock(block: Cursor, ip: string): Truth {
  const address = parseAddress(ip);
  const within = (text: string | undefined): Truth => {
    const range = text === undefined || !text.includes('/') ? undefined : parsePrefix(text);
    return range === undefined || address === undefined ? null : contains(range, address);
  };
  const except = block.at('except');
  if (except.exists && !Array.isArray(except.value)) return null;
  const left = any(except.items().map((one) => within(one.string())));
  return all([within(block.at('cidr').string()), left === null ? null : !left]);
}

function matchPort(entry: Cursor, { protocol, port, destination }: Connection): Truth {
  if (!entry.isObject()) return null;
  const wanted = entry.at('protocol');
  if (wanted.exists && !['TCP', 'UDP', 'SCTP'].includes(wanted.string() ?? '')) return null;
  if ((wanted.string() ?? 'TCP') !== protocol) return false;
  const number = entry.at('port');
  if (!number.exists) return true;
  if (typeof number.value === 'number') return matchNumber(number.value, entry.at('endPort'), port);
  const name = number.string();
  if (name === undefined) return null;
  // a name means a container port of the destination; without a pod there is nothing that it could mean
  if (destination === null) return null;
  const ports = destination.containers.flatMap((container) =>
    container.init && !container.sidecar ? [] : container.ports,
  );
  return ports.some((one) => one.name === name && one.protocol === protocol && one.containerPort === port);
}

function matchNumber(first: number, end: Cursor, port: number): Truth {
  if (!end.exists) return port === first;
  return typeof end.value === 'number' && end.value >= first ? port >= first && port <= end.value : null;
}
