import type { Evidence } from '../../model/evidence.ts';
import type { PodFact } from '../../model/kubernetes.ts';

/** What /etc/hosts says about a name. */
export interface HostsAnswer {
  readonly addresses: readonly string[];
  readonly reason: string;
  readonly evidence: readonly Evidence[];
  /** Set when the name is the pod's own. */
  readonly self: boolean;
}

/**
 * Looks a name up in the hosts file that the kubelet manages for a pod: localhost, its own hostname, hostAliases
 * (pkg/kubelet/kubelet_pods.go, managedHostsFileContent). The first line with the name and each further one add an address, as
 * glibc reads it. A hostNetwork pod has the node's file instead, of which only localhost and its hostAliases are known.
 *
 * @param domain the cluster domain
 */
export function lookUpHosts(pod: PodFact, domain: string, name: string): HostsAnswer | undefined {
  const asked = name.toLowerCase().replace(/\.$/, '');
  const found: HostsAnswer[] = [];
  if (asked === 'localhost')
    found.push({ addresses: ['127.0.0.1', '::1'], reason: 'localhost in /etc/hosts', evidence: [], self: false });
  if (!pod.hostNetwork && ownNames(pod, domain).includes(asked)) {
    const evidence = [pod.cursor.at('status', 'podIPs').evidence()];
    found.push({ addresses: pod.ips, reason: 'its own hostname in /etc/hosts', evidence, self: true });
  }
  for (const [at, alias] of pod.hostAliases.entries()) {
    if (!alias.hostnames.some((one) => one.toLowerCase() === asked)) continue;
    const evidence = [pod.cursor.at('spec', 'hostAliases', at).evidence()];
    found.push({ addresses: [alias.ip], reason: 'hostAliases in /etc/hosts', evidence, self: false });
  }
  const [first] = found;
  if (first === undefined) return undefined;
  return {
    addresses: [...new Set(found.flatMap((one) => one.addresses))],
    reason: [...new Set(found.map((one) => one.reason))].join(', '),
    evidence: found.flatMap((one) => one.evidence),
    self: first.self,
  };
}

/** GeneratePodHostNameAndDomain: hostnameOverride, or hostname or the pod's name, cut at 63 characters, and with its subdomain. */
function ownNames(pod: PodFact, domain: string): string[] {
  const override = pod.cursor.at('spec', 'hostnameOverride').string();
  if (override !== undefined) return [cut(override)];
  const name = cut(pod.hostname ?? pod.name);
  return pod.subdomain === null
    ? [name]
    : [name, `${name}.${pod.subdomain}.${pod.namespace}.svc.${domain}`.toLowerCase()];
}

function cut(name: string): string {
  return name
    .slice(0, 63)
    .replace(/[-.]{1,63}$/, '')
    .toLowerCase();
}
