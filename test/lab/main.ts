import { parseArgs } from 'node:util';
import { DEBIAN_PACKAGES, debianPackage } from './build/debian-packages.ts';
import { fetchSources, GO_PROGRAMS, goProgram } from './build/go-modules.ts';
import { captureSample } from './capture/sample.ts';
import { defaultName, openLab, startLab, stopLab } from './lab.ts';
import { progress } from './progress.ts';
import { LabRecord, startedAt } from './record.ts';
import { BOOKINFO } from './topology/bookinfo.ts';
import { fillWithObjects } from './topology/many-objects.ts';
import { MESH_BASE } from './topology/mesh-base.ts';
import { MESH_FAULTS } from './topology/mesh-faults.ts';
import { MESH } from './topology/mesh.ts';
import { SERVICES } from './topology/services.ts';
import type { ClusterKind, ProxyMode, Topology } from './topology/topology.ts';

const TOPOLOGIES: Readonly<Record<string, Topology>> = {
  services: SERVICES,
  bookinfo: BOOKINFO,
  mesh: MESH,
  'mesh-base': MESH_BASE,
  'mesh-faults': MESH_FAULTS,
};

const USAGE = `npm run lab -- up [--topology services|bookinfo|mesh|mesh-base|mesh-faults] [--mode iptables|iptables-legacy|nftables] [--cluster kubelets|light|objects] [--fill SERVICES,PODS,NODES] [--name NAME]
npm run lab -- down [--name NAME]
npm run lab -- status
npm run lab -- build
npm run lab -- capture [--out FOLDER] [--name NAME]`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string' },
    topology: { type: 'string' },
    mode: { type: 'string' },
    cluster: { type: 'string' },
    out: { type: 'string' },
    fill: { type: 'string' },
  },
});
const name = values.name ?? defaultName();

switch (positionals[0]) {
  case 'up': {
    const proxyMode = (values.mode ?? 'iptables') as ProxyMode;
    const topology = TOPOLOGIES[values.topology ?? 'services'];
    if (topology === undefined)
      throw new Error(`no topology ${values.topology}: ${Object.keys(TOPOLOGIES).join(', ')}`);
    const lab = await startLab(topology, { name, proxyMode, cluster: (values.cluster ?? 'kubelets') as ClusterKind });
    const [services, pods, nodes] = (values.fill ?? '').split(',').map(Number);
    if (services !== undefined && pods !== undefined && nodes !== undefined) {
      await fillWithObjects(lab, { services, pods, nodes });
    }
    process.stdout.write(`export KUBECONFIG=${lab.kubeconfig}\n`);
    lab.api.close();
    break;
  }
  case 'build':
    void fetchLater();
    for (const program of GO_PROGRAMS) process.stdout.write(`${await goProgram(program)}\n`);
    for (const each of DEBIAN_PACKAGES) process.stdout.write(`${await debianPackage(each)}\n`);
    break;
  case 'down':
    await stopLab(name);
    break;
  case 'capture':
    await captureSample(name, values.out ?? 'samples/istio-bookinfo');
    break;
  case 'status':
    for (const lab of LabRecord.names()) await printStatus(lab);
    break;
  default:
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 2;
}

async function printStatus(labName: string): Promise<void> {
  const processes = new LabRecord(labName).belongings().filter((belonging) => belonging.kind === 'process');
  const ended = processes.filter(({ pid, started }) => startedAt(pid) !== started);
  process.stdout.write(`${labName}: ${processes.length - ended.length} of ${processes.length} processes run\n`);
  for (const { name: program } of ended) process.stdout.write(`  ended: ${program}\n`);
  try {
    const lab = openLab(labName);
    const version = await lab.api.get<{ gitVersion: string }>('/version');
    process.stdout.write(
      `  kube-apiserver ${version.gitVersion} at ${lab.state.server}\n  KUBECONFIG=${lab.kubeconfig}\n`,
    );
    lab.api.close();
  } catch (error) {
    progress(`kube-apiserver of ${labName} does not answer: ${String(error)}`);
  }
}

/** The sources of what is built last; one that cannot be had is told of when it is built. */
async function fetchLater(): Promise<void> {
  for (const program of ['coredns', 'istiod', 'istioctl'] as const) await fetchSources(program).catch(() => {});
}
