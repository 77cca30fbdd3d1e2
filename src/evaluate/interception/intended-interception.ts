/**
 * In: a pod. Out: how its traffic is to be redirected to a proxy, from its istio-init container, from what istio-cni would read of
 * it, or from the mark of ambient mode. Used only where the pod's own rules were not captured. Must not look at any rule.
 */
import type { ContainerFact, PodFact } from '../../model/kubernetes.ts';
import { readCommandLine } from './command-line.ts';
import { DEFAULTS, type Interception } from './interception.ts';
import { readSettings, type Settings } from './settings.ts';

/**
 * What the pod's objects ask for; null when nothing is to be redirected: no sidecar and not ambient, a gateway, or interception
 * mode NONE.
 *
 * @param dnsServers name servers in the pod's resolv.conf, for DNS capture; null: not known
 */
export function intendedInterception(pod: PodFact, dnsServers: readonly string[] | null = null): Interception | null {
  const init = pod.containers.find((one) => one.init && one.name === 'istio-init');
  if (init !== undefined) return byInitContainer(pod, init, dnsServers);
  if (pod.annotations['ambient.istio.io/redirection'] === 'enabled') return ambient(pod);
  const proxy = pod.containers.find((one) => one.name === 'istio-proxy');
  return proxy === undefined ? null : byCni(pod, proxy);
}

function byInitContainer(pod: PodFact, init: ContainerFact, dnsServers: readonly string[] | null): Interception | null {
  const { settings, notUnderstood } = readCommandLine(init);
  const applies = !/^(?:1|t|true)$/i.test(settings.get('skip-rule-apply') ?? settings.get('cleanup-only') ?? '');
  if (!applies) return null;
  return readSettings(pod, settings, {
    writtenBy: 'istio-init',
    dnsServers,
    notUnderstood,
    evidence: [init.cursor.at('args').evidence()],
  });
}

/** Annotations that istio-cni reads, and its defaults (cni/pkg/plugin/sidecar_redirect.go, NewRedirect). */
const ANNOTATIONS: readonly (readonly [key: string, setting: string, otherwise: string])[] = [
  ['sidecar.istio.io/interceptionMode', 'istio-inbound-interception-mode', 'REDIRECT'],
  ['traffic.sidecar.istio.io/includeOutboundIPRanges', 'istio-service-cidr', '*'],
  ['traffic.sidecar.istio.io/excludeOutboundIPRanges', 'istio-service-exclude-cidr', ''],
  ['traffic.sidecar.istio.io/includeInboundPorts', 'istio-inbound-ports', '*'],
  ['traffic.sidecar.istio.io/excludeInboundPorts', 'istio-local-exclude-ports', '15020'],
  ['traffic.sidecar.istio.io/excludeOutboundPorts', 'istio-local-outbound-ports-exclude', '15020'],
  ['traffic.sidecar.istio.io/includeOutboundPorts', 'istio-outbound-ports', ''],
  ['traffic.sidecar.istio.io/excludeInterfaces', 'istio-exclude-interfaces', ''],
];

/**
 * A sidecar without istio-init: istio-cni redirects it when the injector has been there (cni/pkg/plugin/plugin.go, doAddRun). Then
 * the injector also left an istio-validation container; without that it is not known whether there is a CNI plugin at all.
 */
function byCni(pod: PodFact, proxy: ContainerFact): Interception | null {
  const status = pod.cursor.at('metadata', 'annotations', 'sidecar.istio.io/status');
  const variable = (name: string): string | null | undefined => proxy.env.find((one) => one.name === name)?.value;
  const isGateway = proxy.args[0] === 'proxy' && proxy.args[1] !== undefined && proxy.args[1] !== 'sidecar';
  const declined = [pod.labels['sidecar.istio.io/inject'] ?? pod.annotations['sidecar.istio.io/inject']].some((one) =>
    /^(?:0|f|false)$/i.test(one ?? ''),
  );
  const none =
    (pod.annotations['sidecar.istio.io/interceptionMode'] ?? variable('ISTIO_META_INTERCEPTION_MODE')) === 'NONE';
  const disabled = /^(?:1|t|true)$/i.test(variable('DISABLE_ENVOY') ?? '');
  if (isGateway || declined || none || disabled || !status.exists) return null;
  const settings = new Map<string, string>();
  for (const [key, setting, otherwise] of ANNOTATIONS) settings.set(setting, pod.annotations[key] ?? otherwise);
  const excluded = (settings.get('istio-local-exclude-ports') ?? '').trim().split(',');
  settings.set('istio-local-exclude-ports', [...new Set([...excluded, '15020', '15021', '15090'])].join(','));
  const virtual =
    pod.annotations['istio.io/reroute-virtual-interfaces'] ??
    pod.annotations['traffic.sidecar.istio.io/kubevirtInterfaces'];
  if (virtual !== undefined) settings.set('kube-virt-interfaces', virtual);
  settings.set('proxy-uid', owner(proxy.runAsUser));
  settings.set('proxy-gid', owner(proxy.runAsGroup));
  for (const [name, flags] of [
    ['ISTIO_META_DNS_CAPTURE', ['redirect-dns', 'capture-all-dns']],
    ['ISTIO_DUAL_STACK', ['dual-stack']],
  ] as const) {
    for (const flag of flags) settings.set(flag, variable(name) ?? '');
  }
  const validated = pod.containers.some((one) => one.init && one.name === 'istio-validation');
  return readSettings(pod, settings, {
    writtenBy: 'istio-cni',
    dnsServers: null,
    notUnderstood: [
      ...(validated
        ? []
        : ['neither istio-init nor istio-validation is among the init containers, so it is not known who redirects']),
      ...cniProblems(settings),
    ],
    evidence: [status.evidence(), ...ANNOTATIONS.flatMap(([key]) => cite(pod, key))],
  });
}

/** Root counts as not set. */
function owner(id: number | null): string {
  return id === null || id === 0 ? DEFAULTS.proxyUid : String(id);
}

/** istio-cni lets a pod with another mode fail (validateInterceptionMode). */
function cniProblems(settings: Settings): string[] {
  const mode = settings.get('istio-inbound-interception-mode') ?? '';
  return mode === 'REDIRECT' || mode === 'TPROXY' ? [] : [`sidecar.istio.io/interceptionMode: ${mode} is no mode`];
}

function cite(pod: PodFact, key: string) {
  const at = pod.cursor.at('metadata', 'annotations', key);
  return at.exists ? [at.evidence()] : [];
}

/**
 * Ambient mode: the CNI agent marks a pod that it has redirected, and reads these annotations of it
 * (cni/pkg/nodeagent/net.go, getPodLevelTrafficOverrides). Whether DNS is captured otherwise is a setting of the agent.
 */
function ambient(pod: PodFact): Interception {
  const keys = ['redirection', 'dns-capture', 'bypass-inbound-capture'].map((one) => `ambient.istio.io/${one}`);
  const flag = (name: string): string => (pod.annotations[`ambient.istio.io/${name}`] ?? '').toLowerCase();
  const settings = new Map([
    ['istio-service-cidr', '*'],
    ['istio-inbound-ports', flag('bypass-inbound-capture') === 'true' ? '' : '*'],
    ['kube-virt-interfaces', (pod.annotations['istio.io/reroute-virtual-interfaces'] ?? '').replaceAll(' ', '')],
  ]);
  const own = readSettings(pod, settings, {
    writtenBy: 'istio-cni-agent',
    dnsServers: null,
    notUnderstood: [],
    evidence: keys.flatMap((key) => cite(pod, key)),
  });
  const dns = flag('dns-capture');
  const dnsCapture = dns === 'true' ? 'all' : dns === 'false' ? 'off' : 'unknown';
  return { ...own, mode: 'AMBIENT', proxyUids: [], proxyGids: [], dnsCapture };
}
