import type { Artefact, Gap, Parsed } from '../model/artefact.ts';
import type { CiliumServices } from '../model/cilium.ts';
import type { NetnsFacts, NodeFacts, Reading } from '../model/facts.ts';
import type { KubeProxyConfig } from '../model/kube-proxy.ts';
import { parseKubeProxyConfig } from '../parse/kube-proxy/kube-proxy-config.ts';
import { parseCiliumServices } from '../parse/cilium/service-list.ts';
import { parseLoadBalancerList } from '../parse/cilium/load-balancer-list.ts';
import { captureRemedy, CILIUM_FILES, nodeFolder, nodePlace, type NetnsPlace } from './layout.ts';
import { once, type Reader } from './reader.ts';

/** Ports of kube-proxy's own HTTP servers. */
const METRICS = 'http://127.0.0.1:10249';
/** Chains of table nat that kube-proxy makes in its iptables mode alone (pkg/proxy/iptables/proxier.go), and in its ipvs mode alone. */
const IPTABLES_MODE = 'KUBE-NODEPORTS';
const IPVS_MODE = 'KUBE-NODE-PORT';

/** Facts of one node. */
export function nodeFacts(reader: Reader, cluster: string, name: string, netns: NetnsFacts): NodeFacts {
  return {
    name,
    netns,
    kubeProxy: once(() => reader.noted(readKubeProxy(reader, cluster, name, netns))),
    cilium: once(() => readCilium(reader, nodePlace(cluster, name))),
  };
}

/** The maps are what counts for packets; the agent tells them from its memory, with the states of backends. */
function readCilium(reader: Reader, place: NetnsPlace): Reading<CiliumServices> {
  const read = (file: string, parse: (artefact: Artefact) => Parsed<CiliumServices>): Reading<CiliumServices> => {
    const remedy = captureRemedy(place, file);
    return reader.read(`${place.folder}${file}`, remedy, parse, ({ all }) => all.length === 0);
  };
  const services = read(CILIUM_FILES.services, parseCiliumServices);
  // A running node is asked for the maps where its agent gave no list.
  const isAsked = services.value === undefined || reader.has(`${place.folder}${CILIUM_FILES.loadBalancer}`);
  const maps = isAsked ? read(CILIUM_FILES.loadBalancer, parseLoadBalancerList) : services;
  return maps.value === undefined ? services : maps;
}

function readKubeProxy(reader: Reader, cluster: string, node: string, netns: NetnsFacts): Reading<KubeProxyConfig> {
  const folder = `${nodeFolder(cluster, node)}kube-proxy/`;
  const configz = reader.artefact(`${folder}configz`);
  const proxyMode = reader.artefact(`${folder}proxyMode`);
  const absent = (file: string): readonly Gap[] =>
    reader.absence(`${folder}${file}`, `run \`curl -s ${METRICS}/${file} > ${folder}${file}\` on ${node}`);
  const { value, gaps } = parseKubeProxyConfig({ configz, proxyMode });
  const missing = [
    ...(configz === undefined ? absent('configz') : []),
    ...(proxyMode === undefined ? absent('proxyMode') : []),
  ];
  const artefact = `${folder}configz`;
  const all = [...gaps, ...missing];
  if (value.mode !== null) return { value, gaps: all, artefact };
  const inferred = modeOfRules(netns);
  const seen = inferred === undefined ? value : { ...value, ...inferred, captured: true };
  return { value: seen, gaps: all, artefact };
}

/** The mode that chains of the node tell, when kube-proxy itself was not asked. */
function modeOfRules(netns: NetnsFacts): Pick<KubeProxyConfig, 'mode' | 'evidence'> | undefined {
  for (const ruleset of netns.iptables(4).value ?? []) {
    const iptables = ruleset.chain('nat', IPTABLES_MODE);
    const ipvs = ruleset.chain('nat', IPVS_MODE);
    if (iptables !== undefined && ipvs === undefined) return { mode: 'iptables', evidence: [iptables.evidence] };
    if (ipvs !== undefined && iptables === undefined) return { mode: 'ipvs', evidence: [ipvs.evidence] };
  }
  return undefined;
}
