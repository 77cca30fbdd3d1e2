import { attempt, execute } from '../execute.ts';
import { TOOLS_IMAGE } from '../image/images.ts';
import { startLab } from '../lab.ts';
import { progress } from '../progress.ts';
import { SAMPLE } from '../topology/sample.ts';

const PROGRAM = 'dist/kubectl-reach.cjs';

/**
 * Starts the mesh of the bundled sample, takes a snapshot of it by `kubectl reach snapshot`, and stops it.
 * @param folder where the snapshot stands then; one that is there is replaced
 */
export async function captureSample(name: string, folder: string): Promise<void> {
  // The built program: the sample is what its users get.
  await execute(process.execPath, ['scripts/ready.mjs', '--built']);
  const lab = await startLab(SAMPLE, { name });
  try {
    await lab.api.until('productpage meets each version of reviews', 60, async () => {
      const from = { pod: 'productpage-v1', namespace: 'bookinfo' };
      const results = await lab.probes({ from, to: 'http://reviews:9080/reviews/1' }, 30);
      return new Set(results.map(({ backend }) => backend)).size === 3;
    });
    // Pods that are made for it see what kube-proxy's do not: the network namespaces of other pods.
    const access = ['--node-access', 'debug-pod', '--debug-image', TOOLS_IMAGE];
    const words = ['snapshot', '-A', '--kubeconfig', lab.kubeconfig, ...access, '-o', `${folder}/`, '--force'];
    const { stdout, status, stderr } = await attempt(process.execPath, [PROGRAM, ...words]);
    if (status === 1 || status === 2) throw new Error(`kubectl reach snapshot: ${stderr}`);
    progress(stdout.toString().trim());
  } finally {
    await lab.stop();
  }
}
