import type { Evidence } from '../../model/evidence.ts';
import type { KubernetesObjects } from '../../model/kubernetes.ts';
import { answersBefore, type BeforeKubernetes } from './plugins.ts';
import { parseCorefile, type Directive, type ServerBlock } from './corefile.ts';

/** How CoreDNS's kubernetes plugin is set up (coredns/plugin/kubernetes, README). */
export interface KubernetesZone {
  /** Zones that it answers for, without closing dots. */
  readonly zones: readonly string[];
  /** Namespaces that it shows; null: all. */
  readonly namespaces: ReadonlySet<string> | null;
  /** null: not known. */
  readonly podsMode: 'disabled' | 'insecure' | 'verified' | null;
  readonly endpointPodNames: boolean;
  readonly noEndpoints: boolean;
  readonly ignoreEmptyService: boolean;
  /** Zones whose unknown names go on to the next plugin. */
  readonly fallthrough: readonly string[];
  /** Options that change answers in a way that is not evaluated. */
  readonly notEvaluated: readonly string[];
}

/** What the cluster's DNS server does with a name. */
export type Handling =
  /** the kubernetes plugin answers, for this zone */
  | { readonly kind: 'kubernetes'; readonly zone: string; readonly setup: KubernetesZone; readonly ipv4Only: boolean }
  /** an inline hosts entry answers */
  | { readonly kind: 'hosts'; readonly addresses: readonly string[] }
  /** it is forwarded */
  | { readonly kind: 'outside'; readonly reason: string | null }
  | { readonly kind: 'unknown'; readonly reason: string };

/** The cluster's DNS server as its configuration describes it. */
export interface ClusterDns {
  /** The cluster domain: first zone of the kubernetes plugin, or `cluster.local`. */
  readonly domain: string;
  /** Clauses about what was taken for granted. */
  readonly assumed: readonly string[];
  readonly evidence: readonly Evidence[];
  handle(name: string): Handling;
}

const DEFAULT_SETUP: KubernetesZone = {
  zones: ['cluster.local'],
  namespaces: null,
  podsMode: null,
  endpointPodNames: false,
  noEndpoints: false,
  ignoreEmptyService: false,
  fallthrough: [],
  notEvaluated: [],
};

/**
 * Reads the Corefile in ConfigMap kube-system/coredns, or in the only ConfigMap that has one with a kubernetes plugin. Files that it
 * imports are looked for in kube-system/coredns-custom, where AKS puts them. Without any, cluster.local is taken.
 */
export function readClusterDns(objects: Pick<KubernetesObjects, 'configMaps'>): ClusterDns {
  const found = objects.configMaps.filter((one) => /^\s*kubernetes(?:\s|$)/m.test(one.data['Corefile'] ?? ''));
  const map =
    found.find((one) => one.namespace === 'kube-system' && one.name === 'coredns') ??
    (found.length === 1 ? found[0] : undefined);
  if (map === undefined)
    return unconfigured('the configuration of the cluster DNS was not captured: cluster.local is taken for its domain');
  const custom = objects.configMaps.find((one) => one.namespace === 'kube-system' && one.name === 'coredns-custom');
  const corefile = parseCorefile(map.data['Corefile'] ?? '', (pattern) => {
    const ending = /^custom\/\*(\.\w+)$/.exec(pattern)?.[1];
    if (ending === undefined) return undefined;
    const names = Object.keys(custom?.data ?? {})
      .filter((name) => name.endsWith(ending))
      .toSorted();
    return names.map((name) => custom?.data[name] ?? '').join('\n');
  });
  const evidence = [map.cursor.at('data', 'Corefile').evidence()];
  const where = `Corefile of ConfigMap ${map.namespace}/${map.name}`;
  if (corefile === undefined)
    return { ...unconfigured(`the ${where} could not be read: cluster.local is taken for its domain`), evidence };
  const setups = new Map(corefile.servers.map((server) => [server, kubernetesZone(server)]));
  const domain = [...setups.values()].flatMap((setup) => setup?.zones ?? []).find((zone) => !isReverse(zone));
  const lost = corefile.missing.map((pattern) => `the ${where} imports ${pattern}, which was not captured`);
  return {
    domain: domain ?? 'cluster.local',
    assumed: domain === undefined ? [`the ${where} has no kubernetes zone: cluster.local is taken`] : [],
    evidence,
    handle: (name) =>
      lost[0] === undefined ? handle(corefile.servers, setups, name) : { kind: 'unknown', reason: lost[0] },
  };
}

/** Whether a name is the zone or lies in it. */
export function inZone(name: string, zone: string): boolean {
  return zone === '' || name === zone || name.endsWith(`.${zone}`);
}

function unconfigured(assumption: string): ClusterDns {
  return {
    domain: 'cluster.local',
    assumed: [assumption],
    evidence: [],
    handle: (name) =>
      inZone(name, 'cluster.local')
        ? { kind: 'kubernetes', zone: 'cluster.local', setup: DEFAULT_SETUP, ipv4Only: false }
        : { kind: 'outside', reason: null },
  };
}

/** The server block with the longest zone answers (coredns/core/dnsserver/server.go, ServeDNS); then its plugins in their order. */
function handle(
  servers: readonly ServerBlock[],
  setups: ReadonlyMap<ServerBlock, KubernetesZone | undefined>,
  name: string,
): Handling {
  const server = longest(servers, (one) => one.zones, name);
  if (server === undefined) return { kind: 'outside', reason: 'no server block of the Corefile is for it' };
  const setup = setups.get(server.item);
  const before: BeforeKubernetes = answersBefore(server.item, server.zone, name);
  if (before.kind !== 'nothing') return before;
  const zone = setup === undefined ? undefined : longest([setup], (one) => one.zones, name)?.zone;
  if (setup !== undefined && zone !== undefined) return { kind: 'kubernetes', zone, setup, ipv4Only: before.ipv4Only };
  const label = server.zone === '' ? null : `server block ${server.zone} of the Corefile`;
  return { kind: 'outside', reason: label };
}

function longest<T>(
  items: readonly T[],
  zonesOf: (item: T) => readonly string[],
  name: string,
): { item: T; zone: string } | undefined {
  let best: { item: T; zone: string } | undefined;
  for (const item of items) {
    for (const zone of zonesOf(item)) {
      if (inZone(name, zone) && (best === undefined || zone.length > best.zone.length)) best = { item, zone };
    }
  }
  return best;
}

function kubernetesZone(server: ServerBlock): KubernetesZone | undefined {
  const plugin = server.directives.find((one) => one.name === 'kubernetes');
  if (plugin === undefined) return undefined;
  const zones = plugin.args.length > 0 ? plugin.args.map(bare) : server.zones;
  const option = (name: string): Directive | undefined => plugin.options.find((one) => one.name === name);
  const mode = option('pods')?.args[0];
  const through = option('fallthrough');
  const odd = ['labels', 'namespace_labels', 'multicluster', 'zonal', 'endpoint', 'kubeconfig'].filter(
    (name) => option(name) !== undefined,
  );
  return {
    zones,
    namespaces: option('namespaces') === undefined ? null : new Set(option('namespaces')?.args),
    podsMode: mode === 'insecure' || mode === 'verified' ? mode : 'disabled',
    endpointPodNames: option('endpoint_pod_names') !== undefined,
    noEndpoints: option('noendpoints') !== undefined,
    ignoreEmptyService: option('ignore')?.args[0] === 'empty_service',
    fallthrough: through === undefined ? [] : through.args.length === 0 ? [''] : through.args.map(bare),
    notEvaluated: odd,
  };
}

function bare(zone: string): string {
  return zone.toLowerCase().replace(/\.$/, '');
}

function isReverse(zone: string): boolean {
  return zone.endsWith('in-addr.arpa') || zone.endsWith('ip6.arpa') || zone.includes('/');
}
