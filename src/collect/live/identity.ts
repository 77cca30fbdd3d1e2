import { Agent, type OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { CredentialError } from './credential-error.ts';
import { readCertificate } from './certificate-file.ts';
import { environmentProxy } from './environment-proxy.ts';
import { runExecPlugin, type ExecCredential } from './exec-credential.ts';
import type { AuthProviderEntry, UserEntry } from './kubeconfig-file.ts';
import type { Environment } from './kubeconfig.ts';
import { OidcProvider, type IssuerAccess } from './oidc-provider.ts';
import { NO_CLUSTER, NO_USER, type ConnectionTarget } from './target.ts';
import { trustedRoots } from './trusted-roots.ts';

const NAME = 'reach';
/** Time that a credential must still be valid to be used. */
const MARGIN_MS = 10_000;

/** What a request to the API server is made with. */
export interface Prepared {
  readonly headers: OutgoingHttpHeaders;
  /** Knows the certificates and proxies, and keeps connections. */
  readonly agent: Agent;
  /** `user:password` */
  readonly auth: string | undefined;
  /** Certificates and names for whoever makes connections without the agent. */
  readonly tls: RequestOptions;
}

/**
 * client-node's KubeConfig for one cluster and user, with what it lacks: data before files, plugins and OIDC as client-go has them, groups
 * and more of impersonation, the environment's proxies, the system's authorities, plain HTTP. Whatever takes a KubeConfig
 * (requests, exec, port-forward) asks as the right identity.
 */
export class Identity extends KubeConfig {
  readonly #target: ConnectionTarget;
  readonly #environment: Environment;
  readonly #hasTerminal: boolean;
  readonly #signal: AbortSignal;
  #oidc: OidcProvider | undefined;
  #credential: { readonly value: Promise<ExecCredential> } | undefined;
  #prepared: { readonly value: Promise<Prepared>; readonly credential: ExecCredential | null } | undefined;
  #authority: string | undefined;
  #secrets: readonly string[] = [];

  constructor(target: ConnectionTarget, environment: Environment, hasTerminal: boolean, signal: AbortSignal) {
    super();
    this.#target = target;
    this.#environment = environment;
    this.#hasTerminal = hasTerminal;
    this.#signal = signal;
  }

  /** Texts that must not be printed. */
  get secrets(): readonly string[] {
    return this.#secrets;
  }

  /** Whether asking for the credential again may give another one. */
  get renewable(): boolean {
    const { user } = this.#target;
    return user.token === null && (user.exec !== null || user.tokenFile !== null);
  }

  /** Forgets the credential, which the server did not accept. */
  renew(): void {
    this.#credential = undefined;
    this.close();
  }

  /** Ends idle connections, which would keep the process alive. */
  close(): void {
    void this.#prepared?.value.then(
      ({ agent }) => agent.destroy(),
      () => {},
    );
    this.#prepared = undefined;
  }

  /**
   * What every request is made with, worked out once for each credential.
   * @throws CredentialError when the identity of the kubeconfig cannot be used
   */
  async prepared(): Promise<Prepared> {
    // Over plain HTTP client-go sends no credentials (client_config.go, ClientConfig).
    const secure = this.#target.server.protocol === 'https:';
    const credential = secure ? await this.#usableCredential() : null;
    if (this.#prepared?.credential !== credential) this.close();
    this.#prepared ??= { value: this.#prepare(credential, secure), credential };
    return this.#prepared.value;
  }

  /** What client-node calls before it opens a WebSocket. */
  override async applyToHTTPSOptions(options: RequestOptions): Promise<void> {
    const { tls, headers, agent, auth } = await this.prepared();
    Object.assign(options, tls, { agent, auth, headers: Object.assign(options.headers ?? {}, headers) });
  }

  async #prepare(credential: ExecCredential | null, secure: boolean): Promise<Prepared> {
    this.#configure(credential, secure);
    const headers: OutgoingHttpHeaders = {};
    const options: RequestOptions = { headers };
    try {
      await super.applyToHTTPSOptions(options);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new CredentialError(`the identity of the kubeconfig cannot be used: ${message}`, 'log in again', {
        cause: error,
      });
    }
    const { agent } = options;
    if (!(agent instanceof Agent)) throw new Error('client-node made no agent');
    // Its agents (plain, of a proxy, SOCKS) close each connection after one request, unless told otherwise.
    Object.assign(agent, { keepAlive: true });
    Object.assign(headers, this.#impersonation());
    const { headers: _headers, agent: _agent, auth, ...tls } = options;
    return { headers, agent, auth: auth ?? undefined, tls };
  }

  async #usableCredential(): Promise<ExecCredential | null> {
    const get = this.#credentialSource();
    if (get === null) return null;
    const run = () => ({ value: get() });
    this.#credential ??= run();
    const credential = await this.#credential.value;
    if (credential.expires === null || credential.expires > Date.now() + MARGIN_MS) return credential;
    this.#credential = run();
    return this.#credential.value;
  }

  /** Where credentials come from that expire: a plugin, or an OIDC issuer. A token that stands in the kubeconfig wins. */
  #credentialSource(): (() => Promise<ExecCredential>) | null {
    const { user, cluster } = this.#target;
    const { exec, authProvider } = user;
    if (user.token !== null) return null;
    if (exec !== null) return () => runExecPlugin(exec, cluster, this.#environment, this.#hasTerminal, this.#signal);
    if (authProvider === null || user.tokenFile !== null) return null;
    const oidc = (this.#oidc ??= this.#openOidc(authProvider));
    return () => oidc.credential();
  }

  /** kubectl 1.26 removed the providers of single clouds for their credential plugins; OIDC is what is left. */
  #openOidc(provider: AuthProviderEntry): OidcProvider {
    if (provider.name !== 'oidc') {
      throw new CredentialError(
        `the auth provider ${provider.name} of the kubeconfig was removed from Kubernetes`,
        'log in again with a credential plugin (exec) in its place',
      );
    }
    const access: IssuerAccess = async (server, { data, file }) => {
      const cluster = { ...NO_CLUSTER, certificateAuthorityData: data, certificateAuthority: file };
      const target = { ...this.#target, server, cluster, user: NO_USER };
      return await new Identity(target, this.#environment, false, this.#signal).prepared();
    };
    return new OidcProvider(provider, access, this.#signal);
  }

  #configure(credential: ExecCredential | null, secure: boolean): void {
    const { user, cluster, server } = this.#target;
    const token = secure ? (credential?.token ?? tokenOf(user)) : null;
    const password = secure ? user.password : null;
    this.#secrets = [token, password, user.token].filter((text): text is string => text !== null && text.length > 3);
    const proxyUrl = cluster.proxyUrl ?? environmentProxy(server, this.#environment);
    const authority = secure && !cluster.insecureSkipTlsVerify ? this.#trusted() : null;
    const certificate =
      base64(credential?.certificate ?? null) ?? dataOf(user.clientCertificateData, user.clientCertificate);
    const key = base64(credential?.key ?? null) ?? dataOf(user.clientKeyData, user.clientKey);
    this.loadFromOptions({
      clusters: [
        {
          name: NAME,
          server: server.href,
          // client-node speaks plain HTTP only to who says this; nothing is verified there anyway.
          skipTLSVerify: cluster.insecureSkipTlsVerify || !secure,
          ...(cluster.tlsServerName === null ? {} : { tlsServerName: cluster.tlsServerName }),
          ...(authority === null ? {} : { caData: authority }),
          ...(proxyUrl === null ? {} : { proxyUrl }),
        },
      ],
      users: [
        {
          name: NAME,
          ...(secure && certificate !== null ? { certData: certificate } : {}),
          ...(secure && key !== null ? { keyData: key } : {}),
          ...(token === null ? {} : { token }),
          ...(user.username === null || password === null ? {} : { username: user.username, password }),
        },
      ],
      contexts: [{ name: NAME, cluster: NAME, user: NAME }],
      currentContext: NAME,
    });
  }

  #trusted(): string {
    const { cluster } = this.#target;
    const own = dataOf(cluster.certificateAuthorityData, cluster.certificateAuthority);
    this.#authority ??= own ?? Buffer.from(trustedRoots(this.#environment).join('\n')).toString('base64');
    return this.#authority;
  }

  /** Headers of k8s.io/client-go/transport/round_trippers.go (impersonatingRoundTripper). */
  #impersonation(): Record<string, string | string[]> {
    const { user, uid, groups, extra } = this.#target.user.impersonate;
    const extras = Object.entries(extra).map(([key, values]): [string, string[]] => [
      `Impersonate-Extra-${encodeURIComponent(key)}`,
      [...values],
    ]);
    return {
      ...(user === null ? {} : { 'Impersonate-User': user }),
      ...(uid === null ? {} : { 'Impersonate-Uid': uid }),
      ...(groups.length === 0 ? {} : { 'Impersonate-Group': [...groups] }),
      ...Object.fromEntries(extras),
    };
  }
}

/** A token of the file counts when none stands in the kubeconfig itself. */
function tokenOf(user: UserEntry): string | null {
  if (user.token !== null || user.tokenFile === null) return user.token;
  return readCertificate(user.tokenFile).toString('utf8').trim();
}

/** Base64 of data or of a file; data wins (client_config.go: "CertificateAuthorityData overrides CertificateAuthority"). */
function dataOf(data: string | null, file: string | null): string | null {
  return data ?? (file === null ? null : readCertificate(file).toString('base64'));
}

function base64(text: string | null): string | null {
  return text === null ? null : Buffer.from(text).toString('base64');
}
