// Measures what one explain asks of a large cluster, against its budget: a real API server with 10,000 Services and 50,000 pods.
// Linux, as root; the lab's programs are built when they are not there yet.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startLab } from '../test/lab/lab.ts';
import { fillWithObjects } from '../test/lab/topology/many-objects.ts';
import { SERVICES } from '../test/lab/topology/services.ts';

const SIZE = { services: 10_000, pods: 50_000, nodes: 1000 };
const BUDGET = { requests: 12, bytes: 5_000_000 };
const QUESTIONS = [
  ['svc-4242-7d9f8b6c5d-00gd6', 'svc/svc-77', '-n', 'scale-0', '--from-namespace', 'scale-42'],
  ['svc-77-7d9f8b6c5d-000ap', 'http://svc-78/', '-n', 'scale-0'],
];

const program = fileURLToPath(new URL('../dist/kubectl-reach.cjs', import.meta.url));
const lab = await startLab(SERVICES, { name: 'bench', cluster: 'objects' });
let failed = false;
try {
  await fillWithObjects(lab, SIZE);
  for (const question of QUESTIONS) {
    const start = performance.now();
    const run = spawnSync(process.execPath, [program, 'explain', ...question, '-v', '--kubeconfig', lab.kubeconfig], {
      encoding: 'utf8',
      env: { ...process.env, NODE_EXTRA_CA_CERTS: '' },
      maxBuffer: 100_000_000,
    });
    const seconds = ((performance.now() - start) / 1000).toFixed(2);
    const [, requests = '', rounds = '', bytes = ''] =
      /(\d+) times in (\d+) rounds, (\d+) bytes/.exec(run.stderr) ?? [];
    const over = requests === '' || Number(requests) > BUDGET.requests || Number(bytes) > BUDGET.bytes;
    failed ||= over;
    const [line = ''] = (run.stdout || run.stderr).split('\n');
    console.log(
      `${question.slice(0, 2).join(' → ')}: ${requests} requests (at most ${BUDGET.requests}) in ${rounds} rounds, ${bytes} bytes (at most ${BUDGET.bytes}), ${seconds} s, exit status ${run.status}${over ? '  OVER BUDGET' : ''}`,
    );
    console.log(`  ${line}`);
  }
} finally {
  await lab.stop();
}
process.exitCode = failed ? 1 : 0;
