import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { debianPackage } from '../build/debian-packages.ts';
import { goProgram } from '../build/go-modules.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { writeKubeconfig } from '../control-plane/kubeconfig.ts';
import { imageFiles } from '../image/images.ts';
import type { Network, NodePlace } from '../network.ts';
import { progress } from '../progress.ts';
import type { LabRecord } from '../record.ts';
import { nodeObject } from '../topology/pod-objects.ts';
import { cniConfiguration, containerdConfiguration, kubeletConfiguration, kubeletFlags } from './configuration.ts';

const CGROUPS = '/sys/fs/cgroup';

/** Starts containerd and kubelet for each node, and waits until all are Ready. @param furtherImages files of them */
export async function startNodes(
  record: LabRecord,
  control: ControlPlane,
  network: Network,
  furtherImages: readonly string[],
): Promise<void> {
  progress('starts the nodes');
  await copyParts(record, furtherImages);
  const hierarchies = cgroupHierarchies();
  for (const hierarchy of hierarchies) makeCgroup(record, join(CGROUPS, hierarchy, record.name));
  for (const [at, node] of network.nodes.entries()) {
    // Pod ranges are the lab's own: no controller hands them out.
    const { status: _status, ...object } = nodeObject(node, at);
    await control.api.apply({ ...object, kind: 'Node', apiVersion: 'v1', metadata: { name: node.name } });
    const folder = await furnish(record, control, node, `zone-${at + 1}`);
    for (const hierarchy of hierarchies) makeCgroup(record, join(CGROUPS, hierarchy, record.name, node.name));
    start(record, node, folder, hierarchies);
  }
  for (const { name } of network.nodes) {
    await control.api.until(`node ${name} is Ready`, 90, async () => {
      const { status } = await control.api.get<{ status: { conditions?: { type: string; status: string }[] } }>(
        `/api/v1/nodes/${name}`,
      );
      return status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;
    });
  }
}

/** Programs and images that all nodes run, in one folder on the lab's tmpfs. */
async function copyParts(record: LabRecord, furtherImages: readonly string[]): Promise<void> {
  const [containerd, runc, plugins, kubelet, images] = await Promise.all([
    debianPackage('containerd'),
    debianPackage('runc'),
    debianPackage('containernetworking-plugins'),
    goProgram('kubelet'),
    imageFiles(),
  ]);
  const cni = join(plugins, 'usr/lib/cni');
  const programs = {
    containerd: join(containerd, 'usr/bin/containerd'),
    'containerd-shim-runc-v2': join(containerd, 'usr/bin/containerd-shim-runc-v2'),
    ctr: join(containerd, 'usr/bin/ctr'),
    runc: join(runc, 'usr/sbin/runc'),
    kubelet,
    ...Object.fromEntries(readdirSync(cni).map((name) => [`cni/${name}`, join(cni, name)])),
  };
  const folder = join(record.folder, 'nodes/parts');
  for (const name of ['bin/cni', 'images']) mkdirSync(join(folder, name), { recursive: true });
  for (const [name, file] of Object.entries(programs)) copyFileSync(file, join(folder, 'bin', name));
  for (const file of [...images, ...furtherImages])
    copyFileSync(file, join(folder, 'images', `${basename(join(file, '..'))}.tar`));
}

/** The folder that the node sees as /lab. */
async function furnish(record: LabRecord, control: ControlPlane, node: NodePlace, zone: string): Promise<string> {
  const folder = join(record.folder, 'nodes', node.name);
  for (const name of ['root', 'bin', 'images', 'etc/cni', 'log']) mkdirSync(join(folder, name), { recursive: true });
  const etc = (name: string, text: string): void => {
    writeFileSync(join(folder, 'etc', name), text);
  };
  etc(
    'hosts',
    `127.0.0.1 localhost\n::1 localhost\n${node.address.v4} ${node.name}\n${node.address.v6} ${node.name}\n`,
  );
  etc('resolv.conf', '');
  etc('kubelet.json', kubeletConfiguration());
  etc('kubelet-flags', kubeletFlags(node, zone));
  etc('containerd.toml', containerdConfiguration());
  etc('cni/10-lab.conflist', cniConfiguration(node));
  const [client, serving] = await Promise.all([
    control.authority.issue(`kubelet-${node.name}`, { subject: `/O=system:nodes/CN=system:node:${node.name}` }),
    control.authority.issue(`kubelet-${node.name}-serving`, {
      subject: `/O=system:nodes/CN=system:node:${node.name}`,
      serves: `DNS:${node.name},IP:${node.address.v4},IP:${node.address.v6}`,
    }),
  ]);
  copyFileSync(control.authority.certificate, join(folder, 'etc/ca.crt'));
  copyFileSync(serving.certificate, join(folder, 'etc/kubelet.crt'));
  copyFileSync(serving.key, join(folder, 'etc/kubelet.key'));
  const target = { server: control.innerServer, authority: control.authority.certificate };
  writeKubeconfig(join(folder, 'etc/kubelet.yaml'), target, node.name, client);
  return folder;
}

/** Joins the node's cgroups, then its namespaces: the cgroup namespace has its root where its maker stands. */
function start(record: LabRecord, node: NodePlace, folder: string, hierarchies: readonly string[]): void {
  const joins = hierarchies.map((name) => `echo $$ >${CGROUPS}/${name}/${record.name}/${node.name}/cgroup.procs`);
  const namespaces = 'unshare --mount --uts --ipc --cgroup --pid --fork --kill-child=SIGKILL';
  const init = join(import.meta.dirname, 'node-init.sh');
  const script = [...joins, `exec ${namespaces} sh ${init} ${node.name} ${folder}`].join('\n');
  record.start({ name: `node-${node.name}`, netns: node.netns, program: 'sh', parameters: ['-ec', script] });
}

/** Hierarchies of cgroup v1, one a controller. */
function cgroupHierarchies(): string[] {
  const names = readdirSync(CGROUPS).filter(
    (name) => name !== 'unified' && existsSync(join(CGROUPS, name, 'cgroup.procs')),
  );
  if (!names.includes('memory')) throw new Error('the nodes of the lab need the hierarchies of cgroup v1');
  return names;
}

/** A cpuset is empty until it is given processors. */
function makeCgroup(record: LabRecord, path: string): void {
  record.add({ kind: 'cgroup', path });
  mkdirSync(path);
  if (!existsSync(join(path, 'cpuset.cpus'))) return;
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    writeFileSync(join(path, file), readFileSync(join(path, '..', file)));
  }
  writeFileSync(join(path, 'cgroup.clone_children'), '1');
}
