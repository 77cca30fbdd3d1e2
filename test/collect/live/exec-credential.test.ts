import { describe, expect, it } from 'vitest';
import { runExecPlugin } from '../../../src/collect/live/exec-credential.ts';
import type { ClusterEntry, ExecEntry } from '../../../src/collect/live/kubeconfig-file.ts';

const V1 = 'client.authentication.k8s.io/v1';
const BETA = 'client.authentication.k8s.io/v1beta1';

const CLUSTER: ClusterEntry = {
  server: 'https://api.example.com',
  certificateAuthority: null,
  certificateAuthorityData: 'Q0E=',
  insecureSkipTlsVerify: false,
  tlsServerName: 'api',
  proxyUrl: null,
  disableCompression: false,
  execConfig: { audience: 'lab' },
};

/** Runs a program as the plugin; it sees `info`, what KUBERNETES_EXEC_INFO tells. */
function plugin(program: string, more: Partial<ExecEntry> = {}, hasTerminal = false) {
  const exec: ExecEntry = {
    command: process.execPath,
    args: ['-e', `const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO); ${program}`],
    env: [{ name: 'OWN', value: 'own' }],
    apiVersion: V1,
    interactiveMode: 'Never',
    provideClusterInfo: false,
    installHint: null,
    ...more,
  };
  return runExecPlugin(exec, CLUSTER, { PATH: process.env['PATH'] ?? '' }, hasTerminal, new AbortController().signal);
}

/** Prints an ExecCredential with this status, an expression. */
const answers = (status: string): string =>
  `console.log(JSON.stringify({ apiVersion: info.apiVersion, kind: 'ExecCredential', status: ${status} }))`;
const told = answers('{ token: JSON.stringify({ spec: info.spec, own: process.env.OWN }) }');

describe('what the plugin is told', () => {
  it.each<readonly [string, Partial<ExecEntry>, boolean, boolean]>([
    ['Never', { interactiveMode: 'Never' }, true, false],
    ['IfAvailable without a terminal', { interactiveMode: 'IfAvailable' }, false, false],
    ['IfAvailable with one', { interactiveMode: 'IfAvailable' }, true, true],
    ['Always with one', { interactiveMode: 'Always' }, true, true],
    ['none in v1beta1, without a terminal', { interactiveMode: null, apiVersion: BETA }, false, false],
  ])('interactiveMode %s', async (_, more, hasTerminal, interactive) => {
    const { token } = await plugin(told, more, hasTerminal);
    expect(JSON.parse(token ?? '')).toEqual({ spec: { interactive }, own: 'own' });
  });

  it('the cluster, when it wants to know', async () => {
    const { token } = await plugin(told, { provideClusterInfo: true });
    expect(JSON.parse(token ?? '')).toMatchObject({
      spec: {
        interactive: false,
        cluster: {
          server: 'https://api.example.com',
          'tls-server-name': 'api',
          'certificate-authority-data': 'Q0E=',
          config: { audience: 'lab' },
        },
      },
    });
  });
});

it.each([
  ['a time', `{ token: 't', expirationTimestamp: '2030-01-02T03:04:05Z' }`, Date.UTC(2030, 0, 2, 3, 4, 5)],
  ['none', `{ token: 't' }`, null],
  ['no time', `{ token: 't', expirationTimestamp: 'soon' }`, null],
])('expiry: %s', async (_, status, expires) => {
  expect(await plugin(answers(status))).toEqual({ token: 't', certificate: null, key: null, expires });
});

it.each<readonly [string, string, Partial<ExecEntry>, string, string]>([
  ['not installed', '', { command: 'no-such-plugin-here' }, 'is not installed', 'put its folder into PATH'],
  [
    'not installed, with a hint that would move the cursor',
    '',
    { command: 'no-such-plugin-here', installHint: 'get it\u001b[2J from us\n' },
    'is not installed',
    'get it [2J from us',
  ],
  ['Always without a terminal', told, { interactiveMode: 'Always' }, 'has to ask a person', 'in a terminal'],
  ['no interactiveMode in v1', told, { interactiveMode: null }, 'interactiveMode none', 'Never, IfAvailable or Always'],
  ['v1alpha1', told, { apiVersion: 'client.authentication.k8s.io/v1alpha1' }, 'v1alpha1', BETA],
  ['it fails', 'process.exit(3)', {}, 'exit status 3', 'by hand'],
  ['no JSON', 'console.log("hello")', {}, 'something else than JSON', 'by hand'],
  ['another kind', 'console.log("{}")', {}, 'no ExecCredential', 'by hand'],
  ['nothing in it', answers('{}'), {}, 'neither a token nor', 'by hand'],
  ['no key', answers(`{ clientCertificateData: 'c' }`), {}, 'without its key', 'by hand'],
])('is refused: %s', async (_, program, more, problem, remedy) => {
  const outcome = plugin(program, more);
  await expect(outcome).rejects.toMatchObject({
    name: 'CredentialError',
    message: expect.stringContaining(problem) as string,
    remedy: expect.stringContaining(remedy) as string,
  });
});
