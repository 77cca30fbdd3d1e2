// Writes what `nft -j list ruleset` prints on a node of a large cluster: the bundled sample's, with the chains, rules and elements of many
// more Services in kube-proxy's table. Shape: kubernetes pkg/proxy/nftables/proxier.go (syncProxyRules).
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { clusterAddress, numbered, podAddress, serviceName } from './kube-proxy-ruleset.mjs';

const SAMPLE = new URL('../samples/kube-proxy-nftables/clusters/lab/nodes/node1/nft-ruleset.json', import.meta.url);
const ENDPOINTS = 5;
const FIRST_HANDLE = 20_000;

/**
 * @param {number} services how many Services. 5,000 make some 4.6 MB
 * @returns {{ text: string, clusterIp: string }} the listing, and the address of a Service in its middle (port 80)
 */
export function kubeProxyNftables(services) {
  const { nftables } = JSON.parse(readFileSync(fileURLToPath(SAMPLE), 'utf8'));
  /** @param {'set' | 'map'} kind @param {string} name */
  const elements = (kind, name) =>
    nftables.find((/** @type {any} */ object) => object[kind]?.name === name && object[kind].family === 'ip')[kind]
      .elem;
  const own = { family: 'ip', table: 'kube-proxy' };
  for (const service of numbered(services)) {
    const chain = `service-${String(service).padStart(8, '0')}-scale/${serviceName(service)}/tcp/http`;
    const address = clusterAddress(service);
    const pods = numbered(ENDPOINTS).map((endpoint) => podAddress(service * ENDPOINTS + endpoint));
    const handle = FIRST_HANDLE + service * 2;
    elements('set', 'cluster-ips').push(address);
    elements('map', 'service-ips').push([{ concat: [address, 'tcp', 80] }, { goto: { target: chain } }]);
    elements('set', 'hairpin-connections').push(...pods.map((pod) => ({ concat: [pod, pod, 'tcp', 8080] })));
    const choice = {
      key: { numgen: { mode: 'random', mod: ENDPOINTS, offset: 0 } },
      data: { set: pods.map((pod, at) => [at, { concat: [pod, 8080] }]) },
    };
    const expr = [
      { match: { op: '==', left: { meta: { key: 'l4proto' } }, right: 'tcp' } },
      { dnat: { family: 'ip', addr: { map: choice } } },
    ];
    nftables.push({ chain: { ...own, name: chain, handle } }, { rule: { ...own, chain, handle: handle + 1, expr } });
  }
  // nft prints a space behind each comma and colon that stands between two values.
  const text = JSON.stringify({ nftables }).replaceAll(/([,:])(?=[[{"\d])/g, '$1 ');
  return { text, clusterIp: clusterAddress(services >> 1) };
}
