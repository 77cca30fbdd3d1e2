import path from 'node:path';
import { parse } from 'yaml';
import { Cursor } from '../../model/json.ts';
import { InputError } from '../input-error.ts';

/** A cluster as a kubeconfig names it; `null` stands for what it does not say. Paths are absolute. */
export interface ClusterEntry {
  readonly server: string | null;
  readonly tlsServerName: string | null;
  readonly insecureSkipTlsVerify: boolean;
  readonly certificateAuthority: string | null;
  /** Base64 of PEM, as in the file; it wins over the path. */
  readonly certificateAuthorityData: string | null;
  readonly proxyUrl: string | null;
  readonly disableCompression: boolean;
  /** Extension `client.authentication.k8s.io/exec`, for plugins that ask for it. */
  readonly execConfig: unknown;
}

/** A credential plugin (client.authentication.k8s.io). */
export interface ExecEntry {
  readonly apiVersion: string | null;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly installHint: string | null;
  readonly provideClusterInfo: boolean;
  readonly interactiveMode: string | null;
}

export interface UserEntry {
  readonly clientCertificate: string | null;
  readonly clientCertificateData: string | null;
  readonly clientKey: string | null;
  readonly clientKeyData: string | null;
  readonly token: string | null;
  readonly tokenFile: string | null;
  readonly impersonate: Impersonation;
  readonly username: string | null;
  readonly password: string | null;
  readonly authProvider: AuthProviderEntry | null;
  readonly exec: ExecEntry | null;
}

/** An auth provider, and the user of which file names it. */
export interface AuthProviderEntry {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  readonly file: string;
  readonly user: string;
}

export interface Impersonation {
  readonly user: string | null;
  readonly uid: string | null;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface ContextEntry {
  readonly cluster: string | null;
  readonly user: string | null;
  readonly namespace: string | null;
}

/** One kubeconfig file, or several merged. */
export interface Kubeconfig {
  readonly clusters: ReadonlyMap<string, ClusterEntry>;
  readonly users: ReadonlyMap<string, UserEntry>;
  readonly contexts: ReadonlyMap<string, ContextEntry>;
  readonly currentContext: string | null;
}

/**
 * Reads the text of one kubeconfig file. Relative paths are taken from the file's folder
 * (k8s.io/client-go/tools/clientcmd/loader.go, ResolveLocalPaths).
 * @throws InputError when it is no kubeconfig, or names something twice
 */
export function parseKubeconfig(file: string, text: string): Kubeconfig {
  const root = new Cursor(file, '', parseYaml(file, text));
  if (root.exists && !root.isObject()) throw notKubeconfig(file, 'it is no YAML mapping');
  const folder = path.dirname(path.resolve(file));
  const absolute = (cursor: Cursor): string | null => {
    const given = textOf(cursor);
    return given === null ? null : path.resolve(folder, given);
  };
  return {
    clusters: named(file, root.at('clusters'), 'cluster', (cluster) => clusterEntry(cluster, absolute)),
    users: named(file, root.at('users'), 'user', (user, name) => userEntry(user, absolute, { file, name })),
    contexts: named(file, root.at('contexts'), 'context', contextEntry),
    currentContext: textOf(root.at('current-context')),
  };
}

function parseYaml(file: string, text: string): unknown {
  try {
    const value: unknown = parse(text, { maxAliasCount: 100, logLevel: 'error' });
    return value ?? undefined;
  } catch (error) {
    // The first line alone: the rest quotes the file, which holds credentials.
    const [line = ''] = (error instanceof Error ? error.message : '').split('\n');
    throw notKubeconfig(file, `its YAML is broken: ${line.replace(/:$/, '')}`);
  }
}

function notKubeconfig(file: string, problem: string): InputError {
  return new InputError(file, `${file} is no kubeconfig: ${problem}`, 'Correct it, or name another with --kubeconfig.');
}

/** A list of `{name, <key>: {…}}`. A name that stands twice in one file is refused, as by kubectl (api/v1/conversion.go). */
function named<T>(
  file: string,
  list: Cursor,
  key: string,
  read: (cursor: Cursor, name: string) => T,
): ReadonlyMap<string, T> {
  const entries = new Map<string, T>();
  for (const item of list.items()) {
    const name = item.at('name').string();
    if (name === undefined) continue;
    if (entries.has(name)) throw notKubeconfig(file, `it names the ${key} "${name}" twice`);
    entries.set(name, read(item.at(key), name));
  }
  return entries;
}

function clusterEntry(cluster: Cursor, absolute: (cursor: Cursor) => string | null): ClusterEntry {
  const extension = cluster
    .at('extensions')
    .items()
    .find((one) => one.at('name').string() === 'client.authentication.k8s.io/exec');
  return {
    server: textOf(cluster.at('server')),
    tlsServerName: textOf(cluster.at('tls-server-name')),
    insecureSkipTlsVerify: cluster.at('insecure-skip-tls-verify').boolean() ?? false,
    certificateAuthority: absolute(cluster.at('certificate-authority')),
    certificateAuthorityData: textOf(cluster.at('certificate-authority-data')),
    proxyUrl: textOf(cluster.at('proxy-url')),
    disableCompression: cluster.at('disable-compression').boolean() ?? false,
    execConfig: extension?.at('extension').value ?? null,
  };
}

function userEntry(
  user: Cursor,
  absolute: (cursor: Cursor) => string | null,
  { file, name }: { readonly file: string; readonly name: string },
): UserEntry {
  const provider = user.at('auth-provider');
  return {
    clientCertificate: absolute(user.at('client-certificate')),
    clientCertificateData: textOf(user.at('client-certificate-data')),
    clientKey: absolute(user.at('client-key')),
    clientKeyData: textOf(user.at('client-key-data')),
    token: textOf(user.at('token')),
    tokenFile: absolute(user.at('tokenFile')),
    impersonate: {
      user: textOf(user.at('as')),
      uid: textOf(user.at('as-uid')),
      groups: user.at('as-groups').strings(),
      extra: Object.fromEntries(
        user
          .at('as-user-extra')
          .entries()
          .map(([key, values]) => [key, values.strings()]),
      ),
    },
    username: textOf(user.at('username')),
    password: textOf(user.at('password')),
    authProvider: provider.isObject()
      ? { name: provider.at('name').string() ?? '', config: provider.at('config').stringMap(), file, user: name }
      : null,
    exec: user.at('exec').isObject() ? execEntry(user.at('exec'), path.dirname(path.resolve(file))) : null,
  };
}

/** A command with a slash is taken from the file's folder; a bare one from PATH. */
function execEntry(exec: Cursor, folder: string): ExecEntry {
  const command = exec.at('command').string() ?? '';
  const isPath = command.includes('/') || command.includes(path.sep);
  return {
    apiVersion: textOf(exec.at('apiVersion')),
    command: isPath ? path.resolve(folder, command) : command,
    args: exec.at('args').strings(),
    env: exec
      .at('env')
      .items()
      .map((one) => ({ name: one.at('name').string() ?? '', value: one.at('value').string() ?? '' })),
    installHint: textOf(exec.at('installHint')),
    provideClusterInfo: exec.at('provideClusterInfo').boolean() ?? false,
    interactiveMode: textOf(exec.at('interactiveMode')),
  };
}

function contextEntry(context: Cursor): ContextEntry {
  return {
    cluster: textOf(context.at('cluster')),
    user: textOf(context.at('user')),
    namespace: textOf(context.at('namespace')),
  };
}

/** An empty text says as little as none. */
function textOf(cursor: Cursor): string | null {
  const text = cursor.string();
  return text === undefined || text === '' ? null : text;
}
