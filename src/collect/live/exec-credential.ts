import { spawn } from 'node:child_process';
import { Cursor } from '../../model/json.ts';
import { CredentialError } from './credential-error.ts';
import type { ClusterEntry, ExecEntry } from './kubeconfig-file.ts';
import type { Environment } from './kubeconfig.ts';
import { readCertificate } from './certificate-file.ts';

/** What a credential plugin gave. PEM texts; at least a token, or a certificate with its key. */
export interface ExecCredential {
  readonly token: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
  /** Milliseconds since the epoch; null: it does not say. */
  readonly expires: number | null;
}

/** API versions of the protocol; v1alpha1 left client-go in 1.24. */
const VERSIONS: ReadonlySet<string> = new Set([
  'client.authentication.k8s.io/v1',
  'client.authentication.k8s.io/v1beta1',
]);
/** A plugin that cannot ask a person should not need longer. */
const DEADLINE_MS = 60_000;
const OUTPUT_LIMIT = 1024 * 1024;

/**
 * Runs a credential plugin as client-go does (plugin/pkg/client/auth/exec/exec.go): KUBERNETES_EXEC_INFO tells it the cluster, when
 * it wants to know, and whether it may ask a person; its standard error is the person's.
 * @throws CredentialError when it is not there, fails, or answers something else than credentials
 */
export async function runExecPlugin(
  exec: ExecEntry,
  cluster: ClusterEntry,
  environment: Environment,
  hasTerminal: boolean,
  signal: AbortSignal,
): Promise<ExecCredential> {
  const { apiVersion } = exec;
  if (apiVersion === null || !VERSIONS.has(apiVersion)) {
    throw new CredentialError(
      `credential plugin ${exec.command} has apiVersion ${apiVersion ?? 'none'}`,
      `use one of ${[...VERSIONS].join(', ')} in the kubeconfig`,
    );
  }
  const interactive = mayAsk(exec, hasTerminal);
  const info = { apiVersion, kind: 'ExecCredential', spec: { ...clusterSpec(exec, cluster), interactive } };
  const own = Object.fromEntries(exec.env.map(({ name, value }) => [name, value]));
  const output = await run(
    exec,
    { ...environment, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    interactive,
    signal,
  );
  return readCredential(exec, output);
}

/** Whether the plugin gets standard input: `Never`, `IfAvailable` (the default of v1beta1) or `Always`. */
function mayAsk(exec: ExecEntry, hasTerminal: boolean): boolean {
  switch (exec.interactiveMode ?? (exec.apiVersion?.endsWith('/v1beta1') === true ? 'IfAvailable' : '')) {
    case 'Never':
      return false;
    case 'IfAvailable':
      return hasTerminal;
    case 'Always':
      if (hasTerminal) return true;
      throw new CredentialError(
        `credential plugin ${exec.command} has to ask a person, and standard input is no terminal`,
        'run the command in a terminal, or log in with the plugin first',
      );
    default:
      throw new CredentialError(
        `credential plugin ${exec.command} has interactiveMode ${exec.interactiveMode ?? 'none'}`,
        'set it to Never, IfAvailable or Always in the kubeconfig',
      );
  }
}

function clusterSpec(exec: ExecEntry, cluster: ClusterEntry): object {
  if (!exec.provideClusterInfo) return {};
  const authority =
    cluster.certificateAuthorityData ??
    (cluster.certificateAuthority === null ? null : readCertificate(cluster.certificateAuthority).toString('base64'));
  return {
    cluster: {
      server: cluster.server,
      ...(cluster.tlsServerName === null ? {} : { 'tls-server-name': cluster.tlsServerName }),
      ...(cluster.insecureSkipTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
      ...(authority === null ? {} : { 'certificate-authority-data': authority }),
      ...(cluster.proxyUrl === null ? {} : { 'proxy-url': cluster.proxyUrl }),
      ...(cluster.disableCompression ? { 'disable-compression': true } : {}),
      config: cluster.execConfig,
    },
  };
}

async function run(exec: ExecEntry, environment: Environment, interactive: boolean, signal: AbortSignal) {
  const deadline = interactive ? [] : [AbortSignal.timeout(DEADLINE_MS)];
  const child = spawn(exec.command, exec.args, {
    env: { ...environment },
    stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
    signal: AbortSignal.any([signal, ...deadline]),
    windowsHide: true,
  });
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= OUTPUT_LIMIT) chunks.push(chunk);
    else child.kill();
  });
  return new Promise<string>((resolve, reject) => {
    child.once('error', (error) => reject(failure(exec, error, signal)));
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
      else {
        const remedy = 'run it by hand to see why';
        reject(
          new CredentialError(`credential plugin ${exec.command} failed with exit status ${code ?? 'none'}`, remedy),
        );
      }
    });
  });
}

function failure(exec: ExecEntry, error: Error, signal: AbortSignal): CredentialError {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT') {
    const hint = exec.installHint?.replace(CONTROL, ' ').trim() ?? '';
    return new CredentialError(
      `credential plugin ${exec.command} is not installed`,
      hint === '' ? 'install it, or put its folder into PATH' : hint,
    );
  }
  if (error.name === 'AbortError') {
    const why = signal.aborted ? 'was interrupted' : `did not answer within ${DEADLINE_MS / 1000} s`;
    return new CredentialError(`credential plugin ${exec.command} ${why}`, 'log in with it first');
  }
  return new CredentialError(
    `credential plugin ${exec.command} cannot be run: ${error.message}`,
    'correct it in the kubeconfig',
  );
}

/** A kubeconfig may come from others, and what it says goes to a terminal. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g;

function readCredential(exec: ExecEntry, output: string): ExecCredential {
  const wrong = (problem: string): CredentialError =>
    new CredentialError(`credential plugin ${exec.command} ${problem}`, 'run it by hand and look at what it prints');
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch {
    throw wrong('printed something else than JSON');
  }
  const root = new Cursor(exec.command, '', value);
  if (root.at('kind').string() !== 'ExecCredential' || root.at('apiVersion').string() !== exec.apiVersion) {
    throw wrong(`printed no ExecCredential of ${exec.apiVersion ?? ''}`);
  }
  const status = root.at('status');
  const [token, certificate, key] = ['token', 'clientCertificateData', 'clientKeyData'].map(
    (name) => status.at(name).string() || null,
  );
  if (!token && !certificate) throw wrong('printed neither a token nor a client certificate');
  if ((certificate === null) !== (key === null)) throw wrong('printed a certificate without its key');
  const expires = Date.parse(status.at('expirationTimestamp').string() ?? '');
  return {
    token: token ?? null,
    certificate: certificate ?? null,
    key: key ?? null,
    expires: Number.isNaN(expires) ? null : expires,
  };
}
