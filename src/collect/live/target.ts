import { existsSync, readFileSync, statSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import path from 'node:path';
import { InputError } from '../input-error.ts';
import type { ConnectionFlags } from './connection-flags.ts';
import type { ClusterEntry, ContextEntry, Kubeconfig, UserEntry } from './kubeconfig-file.ts';
import { defaultFiles, loadKubeconfig, type Environment } from './kubeconfig.ts';

/** The API server to ask, and as whom. */
export interface ConnectionTarget {
  /** Name of the cluster in artefacts: letters, digits, `.`, `_`, `-`. */
  readonly clusterName: string;
  readonly server: URL;
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
  /** Namespace of the context, or `-n`; null: none is set, which means `default`. */
  readonly namespace: string | null;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const IN_CLUSTER = 'in-cluster';

export const NO_CLUSTER: ClusterEntry = {
  server: null,
  tlsServerName: null,
  insecureSkipTlsVerify: false,
  certificateAuthority: null,
  certificateAuthorityData: null,
  proxyUrl: null,
  disableCompression: false,
  execConfig: null,
};
export const NO_USER: UserEntry = {
  clientCertificate: null,
  clientCertificateData: null,
  clientKey: null,
  clientKeyData: null,
  token: null,
  tokenFile: null,
  impersonate: { user: null, uid: null, groups: [], extra: {} },
  username: null,
  password: null,
  authProvider: null,
  exec: null,
};

/**
 * Chooses the cluster and the identity as kubectl does: the context of `--context` or `current-context`, each of its parts
 * overridden by flags; inside a pod without any kubeconfig, its service account
 * (k8s.io/client-go/tools/clientcmd/client_config.go, DirectClientConfig and inClusterClientConfig).
 * @param root what stands before the paths of a pod's service account; tests give a folder
 * @throws InputError when no cluster is configured, or what a flag names does not exist
 */
export function chooseTarget(flags: ConnectionFlags, environment: Environment, root = ''): ConnectionTarget {
  const config = loadKubeconfig(flags.kubeconfig, environment);
  const context = contextOf(config, flags);
  const clusterName = flags.cluster ?? context?.cluster ?? null;
  const named = clusterName === null ? undefined : config.clusters.get(clusterName);
  if (clusterName !== null && named === undefined && (flags.cluster !== null || flags.server === null)) {
    throw unknownName('cluster', clusterName, config.clusters);
  }
  // A context may name a user that is nowhere: kubectl then asks as nobody.
  const user = config.users.get(flags.user ?? context?.user ?? '') ?? NO_USER;
  if (flags.user !== null && user === NO_USER) throw unknownName('user', flags.user, config.users);
  const pod = named === undefined && flags.server === null ? inCluster(environment, root) : null;
  const cluster = overriddenCluster(named ?? pod?.cluster ?? NO_CLUSTER, flags);
  if (cluster.server === null) throw noCluster(flags, environment, config, clusterName);
  return {
    clusterName: artefactName(flags.clusterName ?? clusterName ?? (pod === null ? 'cluster' : IN_CLUSTER), flags),
    server: serverUrl(cluster, cluster.server),
    cluster,
    user: overriddenUser(pod?.user ?? user, flags),
    namespace: flags.namespace ?? context?.namespace ?? pod?.namespace ?? null,
  };
}

function contextOf(config: Kubeconfig, flags: ConnectionFlags): ContextEntry | undefined {
  const name = flags.context ?? config.currentContext;
  if (name === null) return undefined;
  const context = config.contexts.get(name);
  if (context === undefined) throw unknownName('context', name, config.contexts);
  return context;
}

/** A CA replaces the permission to skip verification and the other way round; a server replaces the name expected of another. */
function overriddenCluster(cluster: ClusterEntry, flags: ConnectionFlags): ClusterEntry {
  const trust = flags.insecureSkipTlsVerify || flags.certificateAuthority !== null;
  const name = flags.tlsServerName !== null || flags.server !== null;
  return {
    ...cluster,
    ...(flags.server === null ? {} : { server: flags.server }),
    ...(name ? { tlsServerName: flags.tlsServerName } : {}),
    ...(trust
      ? {
          insecureSkipTlsVerify: flags.insecureSkipTlsVerify,
          certificateAuthority: flags.certificateAuthority === null ? null : path.resolve(flags.certificateAuthority),
          certificateAuthorityData: null,
        }
      : {}),
  };
}

/** A token of the command line stands for all other credentials that say who asks. */
function overriddenUser(user: UserEntry, flags: ConnectionFlags): UserEntry {
  const { impersonate } = user;
  const others = { tokenFile: null, exec: null, authProvider: null, username: null, password: null };
  const token = flags.token === null ? {} : { ...others, token: flags.token };
  return {
    ...user,
    ...token,
    impersonate: {
      user: flags.as ?? impersonate.user,
      uid: flags.asUid ?? impersonate.uid,
      groups: flags.asGroups.length > 0 ? flags.asGroups : impersonate.groups,
      extra: impersonate.extra,
    },
  };
}

/** The API server of the cluster that this process runs in, as its service account; null outside of a pod. */
function inCluster(
  environment: Environment,
  root: string,
): { readonly cluster: ClusterEntry; readonly user: UserEntry; readonly namespace: string | null } | null {
  const folder = `${root}${SERVICE_ACCOUNT}`;
  const [host, port] = [environment['KUBERNETES_SERVICE_HOST'] ?? '', environment['KUBERNETES_SERVICE_PORT'] ?? ''];
  const tokenFile = `${folder}/token`;
  if (host === '' || port === '' || statSync(tokenFile, { throwIfNoEntry: false })?.isFile() !== true) return null;
  const [authority, own] = [`${folder}/ca.crt`, `${folder}/namespace`];
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return {
    cluster: { ...NO_CLUSTER, server, certificateAuthority: existsSync(authority) ? authority : null },
    user: { ...NO_USER, tokenFile },
    namespace: existsSync(own) ? readFileSync(own, 'utf8').trim() : null,
  };
}

/** A server without a scheme is asked over TLS when anything about TLS is configured (client-go/rest/url_utils.go, DefaultServerURL). */
function serverUrl(cluster: ClusterEntry, server: string): URL {
  const tls =
    cluster.insecureSkipTlsVerify || cluster.certificateAuthority !== null || cluster.certificateAuthorityData !== null;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(server) ? server : `${tls ? 'https' : 'http'}://${server}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new InputError(
      server,
      'the address of the API server is no http(s) URL',
      'Correct it in the kubeconfig or --server.',
    );
  }
  return url;
}

/** A cluster's name as a folder's name: what has another meaning in a path (an ARN's colons and slashes) becomes `_`. */
function artefactName(name: string, flags: ConnectionFlags): string {
  const clean = name.replace(/[^A-Za-z0-9._-]+/g, '_');
  if (/^\.*$/.test(clean) || (flags.clusterName !== null && clean !== name)) {
    throw new InputError(
      name,
      `"${name}" cannot name a cluster`,
      'Use letters, digits, dots, dashes and underscores with --cluster-name.',
    );
  }
  return clean;
}

function unknownName(kind: string, name: string, known: ReadonlyMap<string, unknown>): InputError {
  const names = [...known.keys()].toSorted();
  const shown = names.slice(0, 10).join(', ') + (names.length > 10 ? ` and ${names.length - 10} more` : '');
  const remedy = names.length === 0 ? `The kubeconfig names no ${kind} at all.` : `Known: ${shown}.`;
  return new InputError(name, `the kubeconfig has no ${kind} "${name}"`, remedy);
}

function noCluster(
  flags: ConnectionFlags,
  environment: Environment,
  config: Kubeconfig,
  clusterName: string | null,
): InputError {
  const files = flags.kubeconfig === null ? defaultFiles(environment) : [flags.kubeconfig];
  const where = files.join(', ');
  if (clusterName !== null) {
    return new InputError(
      where,
      `cluster "${clusterName}" of the kubeconfig has no server`,
      'Add one, or give --server.',
    );
  }
  const contexts = [...config.contexts.keys()].toSorted();
  const remedy =
    contexts.length > 0
      ? `Choose one with --context: ${contexts.slice(0, 10).join(', ')}. Or name a snapshot with --snapshot PATH.`
      : `Looked for a kubeconfig at ${where}. Name one with --kubeconfig, or a snapshot with --snapshot PATH (a folder or a .tar.gz).`;
  return new InputError(where, 'no snapshot is given and no cluster is configured', remedy);
}
