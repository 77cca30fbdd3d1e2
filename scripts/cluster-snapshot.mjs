// Writes a snapshot of a large cluster: the bundled sample of two nodes, with many more Services, their EndpointSlices and pods, and the
// rules of all of them on one node, or on many. Objects are copies of the sample's, so that each is as large as the API server makes it.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterAddress, kubeProxyRuleset, numbered, podAddress, serviceName } from './kube-proxy-ruleset.mjs';

const SAMPLE = fileURLToPath(new URL('../samples/kube-proxy-iptables', import.meta.url));
const ENDPOINTS = 9;
/** Services that lead to the same pods, as those of an application with several ports do. */
const SERVICES_PER_APPLICATION = 3;
/** Above the addresses that the sample's nodes give out. */
const FIRST_POD = 1024;

/**
 * @param {string} folder where the snapshot is written
 * @param {number} services how many Services; each makes 30 rules, and three of them 9 pods
 * @param {number} captured how many nodes have rules: the sample's two, and workers
 * @returns {readonly string[]} its large files
 */
export function clusterSnapshot(folder, services, captured = 2) {
  cpSync(SAMPLE, folder, { recursive: true });
  const cluster = join(folder, 'clusters', 'lab');
  const resources = join(cluster, 'resources');
  const applications = Math.ceil(services / SERVICES_PER_APPLICATION);
  const { text } = kubeProxyRuleset(services, (service) => podsOf(service).map(({ address }) => address));
  const own = join(cluster, 'nodes', 'node1');
  // The sample's own Services are not in it, nor in the other listing of the same rules.
  rmSync(join(own, 'nft-ruleset.json'));
  writeFileSync(join(own, 'iptables-save.txt'), text);
  const workers = captured - 2;
  const nodes = numbered(Math.max(workers, Math.ceil((applications * ENDPOINTS) / 256)));
  addRoutes(join(own, 'ip-route.json'), nodes);
  for (const worker of numbered(workers)) copyNode(own, join(cluster, 'nodes', nodeName(worker)), worker);
  addTo(join(resources, 'core', 'v1', 'nodes.json'), 'node2', nodes, nodeObject);
  const pods = numbered(applications).flatMap((application) => podsOf(application * SERVICES_PER_APPLICATION));
  return [
    join(cluster, 'nodes', 'node1', 'iptables-save.txt'),
    addTo(join(resources, 'core', 'v1', 'services.json'), 'web', numbered(services), serviceObject),
    addTo(join(resources, 'discovery.k8s.io', 'v1', 'endpointslices.json'), 'web-', numbered(services), sliceObject),
    addTo(join(resources, 'core', 'v1', 'pods.json'), 'web-c', pods, podObject),
  ];
}

/**
 * All files of a folder.
 * @param {string} folder
 * @returns {readonly string[]}
 */
export function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** @param {number} service @returns {readonly { name: string, address: string, node: string }[]} */
function podsOf(service) {
  const application = Math.floor(service / SERVICES_PER_APPLICATION);
  return numbered(ENDPOINTS).map((at) => {
    const pod = application * ENDPOINTS + at;
    return { name: `app-${application}-${at}`, address: podAddress(FIRST_POD + pod), node: nodeName(pod >> 8) };
  });
}

/**
 * Another node with the same files, but for its own address and those of its pods.
 * @param {string} from the folder of node1
 * @param {string} to
 * @param {number} node
 */
function copyNode(from, to, node) {
  mkdirSync(to);
  for (const { name, parentPath } of readdirSync(from, { withFileTypes: true }).filter((entry) => entry.isFile())) {
    const text = readFileSync(join(parentPath, name), 'utf8');
    const own = text.replaceAll('10.10.0.11', nodeAddress(node));
    writeFileSync(join(to, name), own.replaceAll('10.244.1.', podRange(node).replace('0/24', '')));
  }
  cpSync(join(from, 'kube-proxy'), join(to, 'kube-proxy'), { recursive: true });
}

/** @param {string} file @param {readonly number[]} nodes */
function addRoutes(file, nodes) {
  const routes = JSON.parse(readFileSync(file, 'utf8'));
  const added = nodes.map((node) => ({
    dst: podRange(node),
    gateway: nodeAddress(node),
    dev: 'eth0',
    flags: ['onlink'],
  }));
  writeFileSync(file, JSON.stringify([...routes, ...added]));
}

/** @param {any} object @param {number} node */
function nodeObject({ metadata, spec, status }, node) {
  metadata.name = nodeName(node);
  metadata.uid = uid(4, node);
  spec.podCIDR = podRange(node);
  spec.podCIDRs = [spec.podCIDR];
  status.addresses = [{ type: 'InternalIP', address: nodeAddress(node) }];
}

/** @param {number} node */
const nodeName = (node) => `worker-${String(node).padStart(3, '0')}`;
/** @param {number} node */
const nodeAddress = (node) => `10.20.0.${node + 1}`;
/** @param {number} node */
const podRange = (node) => podAddress(FIRST_POD + node * 256).replace(/\d+$/, '0/24');

/**
 * Adds copies of one object to a List.
 * @template T
 * @param {string} file
 * @param {string} like how the name of that object begins
 * @param {readonly T[]} each
 * @param {(object: any, one: T) => void} change makes another one of a copy
 */
function addTo(file, like, each, change) {
  const list = JSON.parse(readFileSync(file, 'utf8'));
  const one = JSON.stringify(list.items.find((/** @type {any} */ item) => item.metadata.name.startsWith(like)));
  for (const each_ of each) {
    const copy = JSON.parse(one);
    copy.metadata.namespace = 'scale';
    change(copy, each_);
    list.items.push(copy);
  }
  writeFileSync(file, JSON.stringify(list));
  return file;
}

/** @param {any} object @param {number} service */
function serviceObject({ metadata, spec }, service) {
  metadata.name = serviceName(service);
  metadata.uid = uid(1, service);
  spec.clusterIP = clusterAddress(service);
  spec.clusterIPs = [spec.clusterIP];
  spec.ipFamilies = ['IPv4'];
  spec.ipFamilyPolicy = 'SingleStack';
  spec.selector = { app: `app-${Math.floor(service / SERVICES_PER_APPLICATION)}` };
  spec.ports = [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }];
}

/** @param {any} object @param {number} service */
function sliceObject(object, service) {
  object.metadata.name = `${serviceName(service)}-1`;
  object.metadata.uid = uid(2, service);
  object.metadata.labels['kubernetes.io/service-name'] = serviceName(service);
  object.ports = [{ name: 'http', protocol: 'TCP', port: 8080 }];
  object.addressType = 'IPv4';
  object.endpoints = podsOf(service).map(({ name, address, node }) => ({
    addresses: [address],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: node,
    targetRef: { kind: 'Pod', namespace: 'scale', name, uid: uid(3, Number(address.replaceAll('.', ''))) },
  }));
}

/** @param {any} object @param {{ name: string, address: string, node: string }} pod */
function podObject({ metadata, spec, status }, { name, address, node }) {
  spec.nodeName = node;
  metadata.name = name;
  metadata.uid = uid(3, Number(address.replaceAll('.', '')));
  metadata.labels = { ...metadata.labels, app: name.slice(0, name.lastIndexOf('-')) };
  spec.containers[0].ports = [{ name: 'http', containerPort: 8080, protocol: 'TCP' }];
  status.podIP = address;
  status.podIPs = [{ ip: address }];
}

/** @param {number} kind @param {number} number */
function uid(kind, number) {
  return `${kind.toString(16).padStart(8, '0')}-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}
