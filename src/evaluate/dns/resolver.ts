import type { Evidence } from '../../model/evidence.ts';
import type { PodFact } from '../../model/kubernetes.ts';

/** How a client's resolver is set up: what its /etc/resolv.conf holds, as far as the API objects tell. */
export interface ResolverSetup {
  /** `cluster`: the cluster's DNS server is asked; `outside`: some server that the snapshot does not know. */
  readonly server: 'cluster' | 'outside';
  readonly search: readonly string[];
  readonly ndots: number;
  /** Clauses that name the fields which led here, and what was taken for granted. */
  readonly reasons: readonly string[];
  readonly evidence: readonly Evidence[];
}

/** validation.MaxDNSSearchPaths and MaxDNSSearchListChars */
const SEARCH_PATHS = 32;
const SEARCH_CHARACTERS = 2048;

/**
 * What the kubelet writes into a pod's resolv.conf (pkg/kubelet/network/dns/dns.go, GetPodDNS). The search domains of the node's
 * own resolv.conf, which follow the cluster's, are not in any API object and are taken to be none.
 *
 * @param isClusterServer whether an address is the cluster DNS's own
 */
export function podResolver(
  pod: PodFact,
  domain: string,
  isClusterServer: (address: string) => boolean,
): ResolverSetup {
  const { dnsPolicy, dnsConfig } = pod;
  const cluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !pod.hostNetwork);
  const evidence =
    dnsConfig.searches.length + dnsConfig.options.length + dnsConfig.nameservers.length > 0
      ? [pod.cursor.at('spec', 'dnsConfig').evidence()]
      : [];
  const own = dnsConfig.searches.map((one) => one.toLowerCase().replace(/\.$/, ''));
  const searchOf = (first: readonly string[]): string[] => limit([...new Set([...first, ...own])]);
  if (cluster) {
    const first = [`${pod.namespace}.svc.${domain}`, `svc.${domain}`, domain];
    return { server: 'cluster', search: searchOf(first), ndots: ndots(pod, 5), reasons: [], evidence };
  }
  if (dnsPolicy === 'None') {
    const asks = dnsConfig.nameservers.some(isClusterServer);
    const reason = asks
      ? 'dnsPolicy is None, and dnsConfig names the cluster DNS'
      : 'dnsPolicy is None: its name servers are not the cluster DNS';
    return {
      server: asks ? 'cluster' : 'outside',
      search: searchOf([]),
      ndots: ndots(pod, 1),
      reasons: [reason],
      evidence,
    };
  }
  const why = dnsPolicy === 'ClusterFirst' ? 'hostNetwork with dnsPolicy ClusterFirst' : `dnsPolicy ${dnsPolicy}`;
  const policy = pod.cursor.at('spec', 'dnsPolicy');
  return {
    server: 'outside',
    search: searchOf([]),
    ndots: ndots(pod, 1),
    reasons: [`${why}: the node's own resolver is asked, which does not know cluster names`],
    evidence: [...evidence, ...(policy.exists ? [policy.evidence()] : [])],
  };
}

function ndots(pod: PodFact, usual: number): number {
  const option = pod.dnsConfig.options.findLast((one) => one.name === 'ndots');
  const value = Number(option?.value ?? usual);
  // resolv.conf(5): values above 15 count as 15
  return Number.isInteger(value) && value >= 0 ? Math.min(value, 15) : usual;
}

function limit(search: readonly string[]): string[] {
  const kept = search.slice(0, SEARCH_PATHS).filter((one) => one.length <= 253);
  while (kept.join(' ').length > SEARCH_CHARACTERS) kept.pop();
  return kept;
}

/** A C library's way through the search list. */
export type Library = 'glibc' | 'musl';

/** A name to ask for, and whether its failure lets the next one be asked. */
export interface Candidate {
  readonly name: string;
  /** The search domain that was put behind; null: as it is. */
  readonly domain: string | null;
}

/**
 * The names that a resolver asks for, in order, until one has an address.
 *
 * glibc (resolv/res_query.c, __res_context_search): with at least ndots dots the name itself comes first and the search list after
 * it, else the search list and then the name. musl (src/network/lookup_name.c, name_from_dns_search): with at least ndots dots the
 * name alone. A name with a closing dot is asked for as it is.
 */
export function candidates(
  name: string,
  setup: Pick<ResolverSetup, 'search' | 'ndots'>,
  library: Library,
): Candidate[] {
  const self: Candidate = { name: name.replace(/\.$/, ''), domain: null };
  if (name.endsWith('.')) return [self];
  const searched = setup.search.filter((one) => one !== '').map((domain) => ({ name: `${name}.${domain}`, domain }));
  const enough = name.split('.').length - 1 >= setup.ndots;
  if (enough) return library === 'musl' ? [self] : [self, ...searched];
  return [...searched, self];
}

/**
 * Whether a name that exists without address ends the search: in musl it does (EAI_NODATA), glibc goes on and reports it in the
 * end.
 */
export function stopsAtNoData(library: Library): boolean {
  return library === 'musl';
}
