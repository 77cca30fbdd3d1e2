import { attempt } from '../lab/execute.ts';
import type { Lab } from '../lab/lab.ts';
import { processOfPod } from '../lab/pod-process.ts';
import type { LoggingPod } from './access-log.ts';

/** What the admin interface of a pod's proxy answers, asked from inside the pod's network and not as the program asks. */
export async function proxyAdmin(lab: Lab, { namespace, pod }: LoggingPod, document: string): Promise<string> {
  const { metadata } = await lab.api.get<{ metadata: { uid: string } }>(`/api/v1/namespaces/${namespace}/pods/${pod}`);
  const pid = processOfPod(metadata.uid, ([program]) => program?.endsWith('envoy') === true);
  if (pid === undefined) throw new Error(`pod ${namespace}/${pod} does not run a proxy`);
  const url = `http://127.0.0.1:15000/${document}`;
  const { stdout } = await attempt('nsenter', ['--target', pid, '--net', 'curl', '-s', '--max-time', '10', url]);
  return stdout.toString();
}
