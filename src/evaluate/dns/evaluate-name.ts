/**
 * In: the objects of a cluster (indexed), the client, and a name as the client's program writes it. Out: what its resolver makes of
 * it, as branches. Must not ask a real resolver, or take a name outside the cluster to resolve or not to resolve.
 */
import { parseAddress } from '../../model/address.ts';
import type { Condition } from '../../model/branching.ts';
import type { NodeFact, PodFact } from '../../model/kubernetes.ts';
import type { NameOutcome, NameQuery } from '../../model/name-resolution.ts';
import { lookUpHosts } from './hosts-file.ts';
import { ask, type Asked } from './lookup.ts';
import type { NameIndex } from './name-index.ts';
import { candidates, podResolver, stopsAtNoData, type Library, type ResolverSetup } from './resolver.ts';

/** Who asks. */
export type NameClient =
  | { readonly kind: 'pod'; readonly pod: PodFact }
  | { readonly kind: 'node'; readonly node: Pick<NodeFact, 'name' | 'addresses'> };

/** The result of one way through the search list. */
interface Resolved {
  readonly asked: Asked;
  readonly queries: readonly NameQuery[];
  readonly reasons: readonly string[];
}

/**
 * Resolves a name as a pod's (or node's) C library would: an address stands for itself; /etc/hosts; then the search list at the DNS
 * server that its dnsPolicy names. When glibc and musl differ, when both address families are there, or a headless Service has
 * several addresses, there are branches; conditions are exhaustive and probabilities add up to 1 for each choice.
 */
export function evaluateName(index: NameIndex, client: NameClient, name: string): readonly NameOutcome[] {
  return resolve(index, client, name).map((one) => {
    const asksCluster = one.queries.some((query) => query.source === 'cluster-dns');
    return asksCluster ? { ...one, assumptions: index.dns.assumed } : one;
  });
}

function resolve(index: NameIndex, client: NameClient, name: string): readonly NameOutcome[] {
  const literal = parseAddress(name.replace(/^\[(.*)\]$/, '$1'));
  if (literal !== undefined) return [outcome({ result: 'address', address: literal.text, reasons: ['an address'] })];
  if (!isName(name)) return [outcome({ result: 'no-such-name', reasons: [`${name.slice(0, 80)} is no DNS name`] })];
  if (client.kind === 'node') return fromNode(index, client.node, name);
  const { pod } = client;
  const hosts = lookUpHosts(pod, index.dns.domain, name);
  if (hosts !== undefined) {
    const query: NameQuery = { name, source: 'hosts', answer: 'addresses', addresses: hosts.addresses, alias: null };
    const answers = hosts.addresses.map((ip) => ({ ip, evidence: null, pod: hosts.self ? pod : null }));
    const asked: Asked = {
      kind: 'addresses',
      answers,
      service: null,
      reasons: [hosts.reason],
      evidence: hosts.evidence,
    };
    return branches(pod, name, { asked, queries: [query], reasons: [] });
  }
  const setup = podResolver(pod, index.dns.domain, (address) => isDnsServer(index, address));
  const glibc = search(index, setup, name, 'glibc');
  const musl = search(index, setup, name, 'musl');
  if (fingerprint(glibc) === fingerprint(musl)) return branches(pod, name, glibc);
  return [
    ...branches(pod, name, glibc, [resolvesWith(name, 'glibc')]),
    ...branches(pod, name, musl, [resolvesWith(name, 'musl')]),
  ];
}

function resolvesWith(name: string, value: Library): Condition {
  return { key: `resolver:${name}`, value, subject: { kind: 'resolver', name } };
}

/** A node's resolver asks servers that the snapshot does not know. */
function fromNode(index: NameIndex, node: Pick<NodeFact, 'name' | 'addresses'>, name: string): NameOutcome[] {
  const asked = name.toLowerCase().replace(/\.$/, '');
  if (asked === 'localhost') {
    const query: NameQuery = {
      name: asked,
      source: 'hosts',
      answer: 'addresses',
      addresses: ['127.0.0.1', '::1'],
      alias: null,
    };
    const answers = ['127.0.0.1', '::1'].map((ip) => ({ ip, evidence: null, pod: null }));
    return branches(null, asked, {
      asked: { kind: 'addresses', answers, service: null, reasons: ['localhost in /etc/hosts'], evidence: [] },
      queries: [query],
      reasons: [],
    });
  }
  const reason = index.isNode(asked)
    ? `${asked} is a node of the cluster, but its address comes from a name server outside`
    : `node ${node.name} asks its own name server, which the snapshot does not know`;
  return [outcome({ result: 'outside', queries: [outsideQuery(asked)], reasons: [reason] })];
}

/** Goes through the search list of one C library until a name has an address, or the answer cannot be known. */
function search(index: NameIndex, setup: ResolverSetup, name: string, library: Library): Resolved {
  const queries: NameQuery[] = [];
  const { reasons } = setup;
  let last: Asked = { kind: 'no-such-name', reasons: [], service: null, evidence: [] };
  for (const candidate of candidates(name.toLowerCase(), setup, library)) {
    if (candidate.name.length > 253) continue;
    const { asked, queries: made } =
      setup.server === 'cluster'
        ? ask(index, candidate.name)
        : { asked: { kind: 'outside', reason: null } as Asked, queries: [outsideQuery(candidate.name)] };
    queries.push(...made);
    const by = candidate.domain === null ? [] : [`search domain ${candidate.domain}`];
    if (asked.kind === 'addresses' || asked.kind === 'unknown') return { asked, queries, reasons: [...reasons, ...by] };
    if (asked.kind === 'outside') {
      // whether a name of a foreign search domain exists, nobody here knows: it may end the search
      const before = 'reasons' in last ? last.reasons : [];
      return { asked, queries, reasons: [...before, ...reasons, ...by, ...nodeNote(index, candidate.name)] };
    }
    last = telling(last, asked);
    if (asked.kind === 'no-data' && stopsAtNoData(library)) break;
  }
  return { asked: last, queries, reasons };
}

/** Of several failures the one that says most: a Service that exists but has no address, before a name that does not exist. */
function telling(before: Asked, now: Asked): Asked {
  if (before.kind !== 'no-such-name' && before.kind !== 'no-data') return now;
  if (now.kind !== 'no-such-name' && now.kind !== 'no-data') return now;
  return before.service !== null || (before.reasons.length > 0 && now.service === null) ? before : now;
}

function nodeNote(index: NameIndex, name: string): string[] {
  return index.isNode(name) ? [`${name} is a node of the cluster, but cluster DNS has no names of nodes`] : [];
}

/** Branches for the addresses that a client may take. */
function branches(
  pod: PodFact | null,
  name: string,
  resolved: Resolved,
  conditions: readonly Condition[] = [],
): NameOutcome[] {
  const { asked, queries } = resolved;
  if (asked.kind !== 'addresses') {
    const reasons = asked.kind === 'outside' || asked.kind === 'unknown' ? [asked.reason] : asked.reasons;
    return [
      outcome({
        conditions,
        result: asked.kind === 'no-data' ? 'no-such-name' : asked.kind,
        queries,
        service: 'service' in asked ? asked.service : null,
        reasons: [...reasons.flatMap((one) => one ?? []), ...resolved.reasons],
        evidence: 'evidence' in asked ? asked.evidence : [],
      }),
    ];
  }
  const usable = usableFamilies(pod, asked.answers);
  const families = [4, 6].map((family) => usable.answers.filter(({ ip }) => ip.includes(':') === (family === 6)));
  const both = families.every((list) => list.length > 0);
  return families.flatMap((list, at) =>
    list.map((answer) => {
      const value = at === 0 ? 'IPv4' : 'IPv6';
      const choice: Condition = { key: `address-family:${name}`, value, subject: { kind: 'address-family', name } };
      const any =
        list.length > 1 ? [`any of ${list.length} addresses: the server shuffles them and clients take the first`] : [];
      return outcome({
        probability: 1 / list.length,
        conditions: both ? [...conditions, choice] : conditions,
        result: 'address',
        address: answer.ip,
        queries,
        service: asked.service,
        pod: answer.pod,
        reasons: [...asked.reasons, ...any, ...usable.reasons, ...resolved.reasons],
        evidence: [...asked.evidence, ...(answer.evidence === null ? [] : [answer.evidence])],
      });
    }),
  );
}

/** A resolver leaves out addresses of a family that the client has none of itself (RFC 6724, AI_ADDRCONFIG), unless all are. */
function usableFamilies<T extends { readonly ip: string }>(
  pod: PodFact | null,
  answers: readonly T[],
): { answers: readonly T[]; reasons: readonly string[] } {
  if (pod === null || pod.ips.length === 0 || answers.every(({ ip }) => ip === '127.0.0.1' || ip === '::1'))
    return { answers, reasons: [] };
  const own = new Set(pod.ips.map((ip) => ip.includes(':')));
  const reachable = answers.filter(({ ip }) => own.has(ip.includes(':')));
  const missing = own.has(true) ? 'IPv4' : 'IPv6';
  if (reachable.length === answers.length) return { answers, reasons: [] };
  if (reachable.length === 0) return { answers, reasons: [`the pod has no ${missing} address to reach it from`] };
  return { answers: reachable, reasons: [`the pod has no ${missing} address`] };
}

function isDnsServer(index: NameIndex, address: string): boolean {
  const service = index.service('kube-system', 'kube-dns');
  return service?.clusterIPs.includes(parseAddress(address)?.text ?? '') === true;
}

/** Letters, digits, hyphens, underscores; labels of 1 to 63 characters. */
function isName(name: string): boolean {
  const labels = name.replace(/\.$/, '').split('.');
  return name.length <= 254 && labels.every((label) => /^[A-Za-z0-9_-]{1,63}$/.test(label));
}

function outsideQuery(name: string): NameQuery {
  return { name, source: 'outside', answer: 'unknown', addresses: [], alias: null };
}

/** What makes two ways through the search list the same. */
function fingerprint({ asked }: Resolved): string {
  if (asked.kind !== 'addresses') return asked.kind === 'no-data' ? 'no-such-name' : asked.kind;
  return asked.answers.map((one) => one.ip).join(' ');
}

function outcome(part: Partial<NameOutcome> & Pick<NameOutcome, 'result'>): NameOutcome {
  return {
    probability: 1,
    conditions: [],
    address: null,
    queries: [],
    service: null,
    pod: null,
    reasons: [],
    assumptions: [],
    evidence: [],
    ...part,
  };
}
