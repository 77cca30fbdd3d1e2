import { request as requestPlain, type Agent } from 'node:http';
import { request as requestSecure } from 'node:https';
import { Cursor } from '../../model/json.ts';
import { CredentialError } from './credential-error.ts';
import type { ExecCredential } from './exec-credential.ts';
import type { AuthProviderEntry } from './kubeconfig-file.ts';
import { keepTokens } from './kept-tokens.ts';

/** A token must be valid for so much longer (client-go's expiryDelta). */
const MARGIN_MS = 10_000;
const DEADLINE_MS = 30_000;
const ANSWER_LIMIT = 1024 * 1024;
const LOG_IN = 'log in again';

/** How an issuer is reached: certificates that count for it, and the environment's proxy. */
export type IssuerAccess = (issuer: URL, authority: IssuerAuthority) => Promise<{ readonly agent: Agent }>;

/** Base64 of PEM, and a file; of neither the system's authorities count. */
export interface IssuerAuthority {
  readonly data: string | null;
  readonly file: string | null;
}

interface Posted {
  readonly status: number;
  readonly body: Cursor;
}

/**
 * The tokens of an OIDC issuer, as client-go handles them (plugin/pkg/client/auth/oidc/oidc.go): the id-token of the kubeconfig while it
 * is valid, else a new one for the refresh-token. A refresh-token that the issuer replaced is written back to the kubeconfig, since
 * the one before may be worth nothing from then on; nothing else is.
 */
export class OidcProvider {
  readonly #provider: AuthProviderEntry;
  readonly #access: IssuerAccess;
  readonly #signal: AbortSignal;
  #config: Readonly<Record<string, string>>;

  constructor(provider: AuthProviderEntry, access: IssuerAccess, signal: AbortSignal) {
    this.#provider = provider;
    this.#access = access;
    this.#signal = signal;
    this.#config = provider.config;
  }

  /** @throws CredentialError when there is no valid token and none can be had */
  async credential(): Promise<ExecCredential> {
    const idToken = this.#config['id-token'] ?? '';
    const expires = idToken === '' ? 0 : expiryOf(idToken);
    if (expires === null) throw new CredentialError('the id-token of the kubeconfig is no JWT with an expiry', LOG_IN);
    if (expires > Date.now() + MARGIN_MS) return credentialOf(idToken, expires);
    return await this.#refresh();
  }

  async #refresh(): Promise<ExecCredential> {
    const refreshToken = this.#config['refresh-token'] ?? '';
    if (refreshToken === '') {
      const problem = 'the id-token of the kubeconfig has expired, and it has no refresh-token for another one';
      throw new CredentialError(problem, LOG_IN);
    }
    const issuer = this.#required('idp-issuer-url');
    const endpoint = await this.#tokenEndpoint(issuer);
    const { status, body } = await this.#ask(issuer, endpoint, refreshToken);
    if (status !== 200) {
      const said = /^[\w.-]{1,60}$/.exec(body.at('error').string() ?? '')?.[0];
      const why = said === undefined ? `${status}` : `${status}: ${said}`;
      throw new CredentialError(`the OIDC issuer ${issuer} gives no new token (${why})`, LOG_IN);
    }
    const idToken = body.at('id_token').string() ?? '';
    const expires = expiryOf(idToken);
    if (expires === null) {
      throw new CredentialError(
        `the OIDC issuer ${issuer} gives no id_token for the refresh-token`,
        'log in again with the scope openid; the issuer may not give one for a refresh',
      );
    }
    const next = body.at('refresh_token').string() ?? '';
    const tokens = { 'id-token': idToken, 'refresh-token': next === '' ? refreshToken : next };
    if (tokens['refresh-token'] !== refreshToken) keepTokens(this.#provider, tokens);
    this.#config = { ...this.#config, ...tokens };
    return credentialOf(idToken, expires);
  }

  async #tokenEndpoint(issuer: string): Promise<string> {
    const { status, body } = await this.#send(
      issuer,
      `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
      null,
    );
    const endpoint = body.at('token_endpoint').string();
    if (status === 200 && endpoint !== undefined) return endpoint;
    throw new CredentialError(
      `the OIDC issuer ${issuer} does not tell where tokens are had (${status})`,
      'check idp-issuer-url in the kubeconfig',
    );
  }

  /** The client's secret goes into the header, and into the form where the issuer refuses that (golang.org/x/oauth2, AuthStyleAutoDetect). */
  async #ask(issuer: string, endpoint: string, refreshToken: string): Promise<Posted> {
    const [client, secret] = [this.#required('client-id'), this.#config['client-secret'] ?? ''];
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    const basic = Buffer.from(`${encodeURIComponent(client)}:${encodeURIComponent(secret)}`).toString('base64');
    const first = await this.#send(issuer, endpoint, form, `Basic ${basic}`);
    if (first.status === 200) return first;
    return await this.#send(issuer, endpoint, {
      ...form,
      client_id: client,
      ...(secret === '' ? {} : { client_secret: secret }),
    });
  }

  #required(key: string): string {
    const value = this.#config[key] ?? '';
    if (value !== '') return value;
    throw new CredentialError(`auth provider oidc of the kubeconfig has no ${key}`, 'add it, or log in again');
  }

  /** @param form null: GET */
  async #send(
    issuer: string,
    address: string,
    form: Readonly<Record<string, string>> | null,
    authorization?: string,
  ): Promise<Posted> {
    if (!/^https?:$/.test(URL.canParse(address) ? new URL(address).protocol : '')) {
      throw new CredentialError('the OIDC issuer of the kubeconfig has no http(s) URL', 'check idp-issuer-url');
    }
    const url = new URL(address);
    const text = form === null ? null : new URLSearchParams(form).toString();
    const authority = {
      data: this.#config['idp-certificate-authority-data'] || null,
      file: this.#config['idp-certificate-authority'] || null,
    };
    try {
      const { agent } = await this.#access(url, authority);
      return await this.#exchange(url, agent, text, authorization).finally(() => agent.destroy());
    } catch (error) {
      if (this.#signal.aborted || error instanceof CredentialError) throw error;
      const code = error instanceof Error ? ('code' in error && String(error.code)) || error.message : '';
      throw new CredentialError(
        `the OIDC issuer ${issuer} cannot be asked for a new token (${code})`,
        'check the network and the issuer’s certificate (idp-certificate-authority), or log in again',
        { cause: error },
      );
    }
  }

  async #exchange(url: URL, agent: Agent, text: string | null, authorization?: string): Promise<Posted> {
    const request = (url.protocol === 'https:' ? requestSecure : requestPlain)(url, {
      method: text === null ? 'GET' : 'POST',
      agent,
      signal: AbortSignal.any([this.#signal, AbortSignal.timeout(DEADLINE_MS)]),
      headers: {
        accept: 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
        ...(text === null
          ? {}
          : {
              'content-type': 'application/x-www-form-urlencoded',
              'content-length': Buffer.byteLength(text),
            }),
      },
    });
    return await new Promise<Posted>((resolve, reject) => {
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('error', reject);
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > ANSWER_LIMIT) response.destroy(new Error('its answer is too long'));
          else chunks.push(chunk);
        });
        response.on('end', () => {
          const body = new Cursor('', '', jsonOf(Buffer.concat(chunks).toString('utf8')));
          resolve({ status: response.statusCode ?? 0, body });
        });
      });
      request.end(text ?? undefined);
    });
  }
}

function credentialOf(token: string, expires: number): ExecCredential {
  return { token, certificate: null, key: null, expires };
}

/** Milliseconds since the epoch; null: it is no JWT, or does not say. Nobody here checks its signature: the API server does. */
function expiryOf(token: string): number | null {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return null;
  const claims = new Cursor('', '', jsonOf(Buffer.from(payload, 'base64url').toString('utf8')));
  const seconds = claims.at('exp').number();
  return seconds === undefined ? null : seconds * 1000;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
