import { parseArgs } from 'node:util';
import { type ClusterKind, defaultName, openLab, startLab, stopLab } from './lab.ts';
import { progress } from './progress.ts';
import { LabRecord, startedAt } from './record.ts';
import { SERVICES } from './topology/services.ts';
import type { ProxyMode } from './topology/topology.ts';

const USAGE = `npm run lab -- up [--mode iptables|iptables-legacy|nftables] [--cluster kubelets|light|objects] [--name NAME]
npm run lab -- down [--name NAME]
npm run lab -- status`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { name: { type: 'string' }, mode: { type: 'string' }, cluster: { type: 'string' } },
});
const name = values.name ?? defaultName();

switch (positionals[0]) {
  case 'up': {
    const proxyMode = (values.mode ?? 'iptables') as ProxyMode;
    const lab = await startLab(SERVICES, { name, proxyMode, cluster: (values.cluster ?? 'kubelets') as ClusterKind });
    process.stdout.write(`export KUBECONFIG=${lab.kubeconfig}\n`);
    lab.api.close();
    break;
  }
  case 'down':
    await stopLab(name);
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
