import { readFileSync } from 'node:fs';
import { attempt, type Ended } from '../lab/execute.ts';
import type { Lab } from '../lab/lab.ts';
import { processOfPod } from '../lab/pod-process.ts';
import { DEADLINE_MS } from './program-run.ts';

/** A kubeconfig of the lab: JSON, with one of everything. */
interface LabKubeconfig {
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
}

const readKubeconfig = (path: string): LabKubeconfig => JSON.parse(readFileSync(path, 'utf8')) as LabKubeconfig;

/** A kubeconfig whose user is a credential plugin that gives what another one holds, when it is told of the right cluster. */
export function pluginKubeconfig(lab: Lab, identity: string): string {
  const config = readKubeconfig(lab.kubeconfigOf(identity));
  const own = config.users[0].user;
  const pem = (key: string): string | undefined =>
    own[key] === undefined ? undefined : Buffer.from(own[key], 'base64').toString('utf8');
  const status = {
    token: own['token'],
    clientCertificateData: pem('client-certificate-data'),
    clientKeyData: pem('client-key-data'),
  };
  const program = [
    'const { apiVersion, spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);',
    "if (!spec.cluster['certificate-authority-data'] || spec.interactive) process.exit(7);",
    `const status = ${JSON.stringify(status)};`,
    "console.log(JSON.stringify({ apiVersion, kind: 'ExecCredential', status }));",
  ].join(' ');
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: ['-e', program],
    interactiveMode: 'Never',
    provideClusterInfo: true,
  };
  return JSON.stringify({ ...config, users: [{ ...config.users[0], user: { exec } }] });
}

const SECRETS = '/run/secrets/kubernetes.io/serviceaccount';
/** In a mount namespace of its own: another namespace's mounts cannot be bound, so the files of the service account are copied. */
const AS_IN_POD = [
  `mount -t tmpfs none /run && mkdir -p ${SECRETS} && cp "/proc/$1/root${SECRETS}/"* ${SECRETS}/ || exit 99`,
  "export $(tr '\\0' '\\n' < /proc/$1/environ | grep ^KUBERNETES_)",
  'shift',
  'exec "$@"',
].join('\n');

/** Runs the built program in the network of a pod of CoreDNS, with its environment and its service account, and no kubeconfig. */
export async function runInPod(lab: Lab, argv: readonly string[]): Promise<Ended> {
  const uids = await lab.kubectl(
    'get pods -n kube-system -l k8s-app=kube-dns -o jsonpath={.items[0].metadata.uid}'.split(' '),
  );
  const pid = processOfPod(uids.stdout.toString(), ([program]) => program === '/coredns');
  if (pid === undefined) throw new Error('no process of CoreDNS runs');
  const place = [`--net=/proc/${pid}/ns/net`, 'unshare', '-m', 'sh', '-c', AS_IN_POD, 'sh', pid];
  const program = [process.execPath, `${process.cwd()}/dist/kubectl-reach.cjs`, ...argv];
  const env = { HOME: '/proc/none', KUBECONFIG: '' };
  return await attempt('nsenter', [...place, ...program], { timeout: DEADLINE_MS, env });
}
