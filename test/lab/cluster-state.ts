import type { ApiClient } from './control-plane/api-client.ts';
import { attempt } from './execute.ts';
import type { Network } from './network.ts';
import { progress } from './progress.ts';
import type { ProxyMode, Topology } from './topology/topology.ts';

/** Lets the pods leave that shall be terminating, and waits until slices and the rules of every node say what the topology says. */
export async function settleCluster(
  api: ApiClient,
  network: Network,
  topology: Topology,
  mode: ProxyMode,
): Promise<void> {
  const leaving = topology.pods.filter(({ terminating }) => terminating === true);
  for (const { name, namespace } of leaving) await api.call('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`);
  await endpointsAreWritten(api, topology);
  progress(`waits for kube-proxy (${mode})`);
  for (const { netns, name } of network.nodes) {
    await api.until(`kube-proxy on ${name} programs every Service`, 60, nodeIsProgrammed(netns, mode, topology));
  }
}

/** Every pod that a Service selects is named by a slice. */
export async function endpointsAreWritten(api: ApiClient, topology: Topology): Promise<void> {
  const selected = new Set(
    topology.objects.map(({ spec }) => (spec as { selector?: { app?: string } } | undefined)?.selector?.app),
  );
  await api.until('EndpointSlices of all pods', 30, async () => {
    const slices = await api.list<{ endpoints?: { targetRef?: { name: string } }[] | null }>(
      '/apis/discovery.k8s.io/v1/endpointslices',
    );
    const named = new Set(slices.flatMap(({ endpoints }) => endpoints?.map(({ targetRef }) => targetRef?.name)));
    const wanted = topology.pods.filter(({ labels }) => labels?.['app'] !== undefined && selected.has(labels['app']));
    return wanted.every(({ name }) => named.has(name));
  });
}

/** Milliseconds without a change after which the rules count as written: kube-proxy writes them a few times after its start. */
const REST = 2000;

/** kube-proxy has written rules for each ClusterIP of the topology (IPv4), and they have come to rest. To be asked again and again. */
function nodeIsProgrammed(netns: string, mode: ProxyMode, topology: Topology): () => Promise<boolean> {
  const addresses = topology.objects.flatMap(({ spec }) => {
    const address = (spec as { clusterIP?: string } | undefined)?.clusterIP;
    return address === undefined || !address.startsWith('10.') ? [] : [address];
  });
  let before = '';
  let since = Date.now();
  return async () => {
    const dump =
      mode === 'nftables'
        ? await attempt('nft', ['list', 'ruleset'], { netns })
        : await attempt(mode === 'iptables' ? 'iptables-nft-save' : 'iptables-legacy-save', [], { netns });
    const rules = withoutCounters(dump.stdout.toString());
    if (rules !== before) [before, since] = [rules, Date.now()];
    return addresses.every((address) => rules.includes(address)) && Date.now() - since >= REST;
  };
}

/** Rules without what packets change: counters, times, and lines about the dump itself. */
function withoutCounters(rules: string): string {
  return rules.replaceAll(/\[\d+:\d+\]|packets \d+ bytes \d+|expires \w+|^#.*$/gm, '');
}
