import { readFileSync } from 'node:fs';
import { indexServices } from '../../../src/evaluate/kube-proxy/service-index.ts';
import { proxyNode } from '../../../src/evaluate/kube-proxy/node.ts';
import type { KubeProxyInput } from '../../../src/evaluate/kube-proxy/kube-proxy-input.ts';
import { kubernetesObjects } from '../../../src/parse/kubernetes/kubernetes-objects.ts';
import { newFlow, type Flow } from '../../../src/model/flow.ts';
import type { KubeProxyConfig, KubeProxyMode } from '../../../src/model/kube-proxy.ts';
import type { KubernetesObjects } from '../../../src/model/kubernetes.ts';

/** One of the bundled clusters: its API objects, and the raw texts of a node. */
export interface Lab {
  readonly folder: string;
  readonly objects: KubernetesObjects;
  input(node: string, mode?: KubeProxyMode, config?: Partial<KubeProxyConfig>): KubeProxyInput;
  /** Addresses of a node's interfaces, straight from `ip -j address`. */
  addresses(node: string): string[];
  /** A node's iptables-save or ip6tables-save. */
  rules(node: string, family: 4 | 6): string;
}

/** As the configz of the lab's kube-proxies says (detectLocalMode ClusterCIDR 10.244.0.0/16,fd00:244::/32, localhostNodePorts). */
export const LAB_CONFIG: KubeProxyConfig = {
  captured: true,
  mode: 'iptables',
  clusterCIDRs: ['10.244.0.0/16', 'fd00:244::/32'],
  detectLocalMode: 'ClusterCIDR',
  bridgeInterface: null,
  interfaceNamePrefix: null,
  masqueradeAll: false,
  masqueradeBit: 14,
  localhostNodePorts: true,
  nodePortAddresses: [],
  hostnameOverride: null,
  evidence: [],
};

export function openLab(sample: 'kube-proxy-iptables' | 'kube-proxy-legacy'): Lab {
  const folder = new URL(`../../../samples/${sample}/clusters/lab/`, import.meta.url);
  const file = (path: string): Buffer => readFileSync(new URL(path, folder));
  const lists = {
    services: 'core/v1/services.json',
    endpointslices: 'discovery.k8s.io/v1/endpointslices.json',
    nodes: 'core/v1/nodes.json',
    pods: 'core/v1/pods.json',
    servicecidrs: 'networking.k8s.io/v1/servicecidrs.json',
  };
  const { objects } = kubernetesObjects(
    new Map(
      Object.entries(lists).map(([plural, path]) => [
        plural,
        [{ name: `resources/${path}`, capturedAt: null, bytes: file(`resources/${path}`) }],
      ]),
    ),
  );
  const index = indexServices(objects);
  const addresses = (node: string): string[] =>
    (JSON.parse(file(`nodes/${node}/ip-address.json`).toString()) as { addr_info: { local: string }[] }[]).flatMap(
      (link) => link.addr_info.map((one) => one.local),
    );
  return {
    folder: sample,
    objects,
    addresses,
    rules: (node, family) => {
      const name = `${family === 6 ? 'ip6tables' : 'iptables'}${sample === 'kube-proxy-legacy' ? '-legacy' : ''}-save.txt`;
      return file(`nodes/${node}/${name}`).toString('utf8');
    },
    input: (name, mode = 'iptables', config = {}) => {
      const fact = objects.nodes.find((node) => node.name === name);
      if (fact === undefined) throw new Error(`no node ${name}`);
      return {
        index,
        node: proxyNode(fact, addresses(name), objects.nodes),
        config: { ...LAB_CONFIG, ...config },
        mode,
        serviceCIDRs: objects.serviceCIDRs.map((one) => one.cidr),
      };
    },
  };
}

/** The first packet of a connection; made on the node itself when `inInterface` is null. */
export function packet(
  protocol: Flow['protocol'],
  source: string,
  destination: string,
  destinationPort: number,
  inInterface: string | null,
): Flow {
  const family = destination.includes(':') ? 6 : 4;
  return newFlow({ family, protocol, source, sourcePort: 40000, destination, destinationPort, inInterface });
}
