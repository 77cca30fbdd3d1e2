import { parseAddress, parseEndpoint, type Address } from '../../model/address.ts';
import { TOKEN } from '../../model/request.ts';
import type { HttpRequest, TlsHello } from '../../model/request.ts';
import { isMessage } from '../../model/protobuf-message.ts';
import { QuestionError } from '../question/question-input.ts';

/** A request as a person describes it, by the names of the flags; members beside these are given back with the answer. */
export interface RequestDescription {
  readonly listener?: unknown;
  readonly address?: unknown;
  readonly host?: unknown;
  readonly path?: unknown;
  readonly method?: unknown;
  readonly headers?: unknown;
  readonly tls?: unknown;
  readonly sni?: unknown;
  readonly alpn?: unknown;
  readonly identity?: unknown;
  readonly source?: unknown;
  readonly proxied?: unknown;
}

/** An IP address and port. */
interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

/** A request that can be evaluated, once it is known where it arrives. */
export interface RequestLine {
  readonly listener: string | null;
  /** What the client asks for. */
  readonly destination: Endpoint | null;
  /** null: a client on the proxy's machine. */
  readonly source: Address | null;
  readonly sourcePort: number | null;
  /** What a PROXY protocol header says; `destination` null: the address that is asked. null: none is sent. */
  readonly proxied: {
    readonly version: 1 | 2;
    readonly source: Endpoint;
    readonly destination: Endpoint | null;
  } | null;
  /** Whether it names no host: then that is the address that is asked, and empty here. */
  readonly hostless: boolean;
  readonly http: HttpRequest;
  readonly tls: TlsHello | null;
}

/** How a member of a description is called where it is complained about: as in JSON, or as the flag that it came from. */
export type Spelling = (member: string) => string;

export const asMember: Spelling = (member) => member;
/** Of descriptions that flags make. */
export const asFlag: Spelling = (member) => `--${member}`;

/** What is wrong with a description: one clause. */
class DescriptionError extends Error {
  readonly clause: (spell: Spelling) => string;

  constructor(clause: string | ((spell: Spelling) => string)) {
    const spelled = typeof clause === 'string' ? () => clause : clause;
    super(spelled(asMember));
    this.clause = spelled;
  }
}

/** The one pseudo-header that is no member of its own: of a CONNECT that asks for another protocol (RFC 8441). */
const PROTOCOL = ':protocol';
const isHeaderName = (name: string): boolean => TOKEN.test(name) || name.toLowerCase() === PROTOCOL;

/**
 * Reads a description of a request: `listener` or `address`, the rest optional. TLS is spoken when `sni`, `alpn` or `identity` has
 * a value, or `tls` is true.
 * @returns a clause that says what is wrong with it
 */
export function readRequestLine(value: unknown, spell: Spelling = asMember): RequestLine | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'a request is a JSON object';
  return orClause(spell, () => requestLine(value));
}

function orClause<T>(spell: Spelling, read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    return clauseOf(error, spell);
  }
}

/** @throws what is no failure of a description */
function clauseOf(error: unknown, spell: Spelling): string {
  if (error instanceof DescriptionError) return error.clause(spell);
  throw error;
}

/**
 * The HTTP part of a description alone, of a client that speaks no TLS; the rest of it is like that of one that was read.
 * @param authority of a request that names no host
 */
export function readPlainHttp(
  description: RequestDescription,
  authority: string,
  spell: Spelling,
): HttpRequest | string {
  try {
    return httpPart(description, null, authority).http;
  } catch (error) {
    return clauseOf(error, spell);
  }
}

function requestLine(description: RequestDescription): RequestLine {
  const listener = text('listener', description.listener);
  const destination = endpoint(text('address', description.address));
  if (listener === null && destination === null)
    throw new DescriptionError((spell) => `${spell('listener')} or ${spell('address')} is missing`);
  const { source, sourcePort } = client(text('source', description.source));
  const tls = hello(description);
  const { http, hostless } = httpPart(description, tls, '');
  const proxied = proxyHeader(text('proxied', description.proxied));
  return { listener, destination, source, sourcePort, proxied, hostless, http, tls };
}

/** @param authority of a request that names no host */
function httpPart(
  description: RequestDescription,
  tls: TlsHello | null,
  authority: string,
): Pick<RequestLine, 'http' | 'hostless'> {
  const method = text('method', description.method) ?? 'GET';
  if (!TOKEN.test(method))
    throw new DescriptionError((spell) => `${spell('method')} is none: ${JSON.stringify(method)}`);
  const path = text('path', description.path) ?? '/';
  const { headers, parts } = headerList(description.headers);
  const host = text('host', description.host) ?? parts?.get('host') ?? null;
  if (host !== (parts?.get('host') ?? host)) throw new DescriptionError('the host is given twice');
  const scheme = tls === null ? 'http' : 'https';
  const version = tls?.alpn.includes('h2') === true ? 'h2' : 'http/1.1';
  const http: HttpRequest = { method, path, authority: host ?? authority, headers, scheme, version };
  const protocol = parts?.get(PROTOCOL);
  return { http: protocol === undefined ? http : { ...http, protocol }, hostless: host === null };
}

function hello(description: RequestDescription): TlsHello | null {
  const sni = text('sni', description.sni);
  const alpn = alpnList(description.alpn);
  const clientIdentity = text('identity', description.identity);
  const { tls } = description;
  if (tls !== undefined && tls !== null && typeof tls !== 'boolean')
    throw new DescriptionError((spell) => `${spell('tls')} is true or false`);
  const implied = sni !== null || alpn.length > 0 || clientIdentity !== null;
  if (implied && tls === false)
    throw new DescriptionError(
      (spell) => `${spell('sni')}, ${spell('alpn')} and ${spell('identity')} are of TLS, and ${spell('tls')} is false`,
    );
  return implied || tls === true ? { sni, alpn, clientIdentity } : null;
}

function alpnList(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return value.split(',').flatMap((name) => name.trim() || []);
  if (isTextList(value)) return value;
  throw new DescriptionError((spell) => `${spell('alpn')} is no list of texts`);
}

/** What is described as headers. */
interface DescribedHeaders {
  readonly headers: readonly [string, string][];
  /** Those that are parts of a request by themselves; null: there is none. */
  readonly parts: ReadonlyMap<string, string> | null;
}

const NO_HEADERS: DescribedHeaders = { headers: [], parts: null };

/** `{"name": "value"}`, with a list for a header that is sent several times. */
function headerList(value: unknown): DescribedHeaders {
  if (value === undefined || value === null) return NO_HEADERS;
  if (!isMessage(value)) throw new DescriptionError((spell) => `${spell('headers')} is no JSON object`);
  const headers: [string, string][] = [];
  let parts: Map<string, string> | null = null;
  const add = (name: string, sent: string): void => {
    const one = header(name, sent);
    const [spelled] = one;
    if (spelled !== 'host' && spelled !== PROTOCOL) {
      headers.push(one);
      return;
    }
    // Several of HTTP/1.1 are joined by Envoy, which no client means.
    if (parts?.has(spelled) === true) throw new DescriptionError(`the header ${spelled} is given twice`);
    parts = new Map([...(parts ?? []), one]);
  };
  for (const name of Object.keys(value)) {
    const given = value[name];
    if (typeof given === 'string') add(name, given);
    else if (isTextList(given)) for (const one of given) add(name, one);
    else throw new DescriptionError(`the header ${name} is no text`);
  }
  return { headers, parts };
}

/**
 * Turns `Name: value` texts, as of -H, into the `headers` of a description; undefined when there is none.
 * @throws QuestionError when a text is none
 */
export function readHeaders(lines: readonly string[]): Record<string, string | readonly string[]> | undefined {
  const values = new Map<string, readonly string[]>();
  for (const line of lines) {
    const [, name = '', value = ''] = /^(:?[^:]*):(.*)$/s.exec(line) ?? [];
    if (!isHeaderName(name.trim())) throw new QuestionError(`-H wants "Name: value", not ${JSON.stringify(line)}`);
    values.set(name.trim(), [...(values.get(name.trim()) ?? []), value.trim()]);
  }
  if (values.size === 0) return undefined;
  return Object.fromEntries([...values].map(([name, list]) => [name, list.length === 1 ? (list[0] ?? '') : list]));
}

/** Values without white space and control characters, which are sent as they are. */
const PLAIN_VALUE = /^[!-~]*$/;

function header(name: string, value: string): [string, string] {
  if (!isHeaderName(name)) throw new DescriptionError(`${JSON.stringify(name)} is no name of a header`);
  if (PLAIN_VALUE.test(value)) return [name.toLowerCase(), value];
  // oxlint-disable-next-line no-control-regex -- RFC 9110 forbids these three in a value
  if (/[\0\r\n]/.test(value)) throw new DescriptionError(`the header ${name} holds a line break`);
  return [name.toLowerCase(), value.replace(/^[ \t]+|[ \t]+$/g, '')];
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function endpoint(given: string | null): RequestLine['destination'] {
  if (given === null) return null;
  const parsed = parseEndpoint(given);
  if (parsed === undefined || parsed.port === 0)
    throw new DescriptionError((spell) => `${spell('address')} is no IP:PORT: ${JSON.stringify(given)}`);
  return parsed;
}

/** `IP:PORT` of the client, and behind a comma that of the address that it asked for; before both `v2 `, of version 2 of the protocol. */
function proxyHeader(given: string | null): RequestLine['proxied'] {
  if (given === null) return null;
  const [, number = '1', addresses = ''] = /^(?:v([12])\s+)?(.*)$/s.exec(given.trim()) ?? [];
  const parts = addresses.split(',');
  const [source, destination] = parts.map((part) => parseEndpoint(part.trim()));
  if (source === undefined || parts.length > 2 || (parts.length === 2 && destination === undefined))
    throw new DescriptionError(
      (spell) => `${spell('proxied')} is no IP:PORT or IP:PORT,IP:PORT: ${JSON.stringify(given)}`,
    );
  if (destination !== undefined && destination.address.family !== source.address.family)
    throw new DescriptionError((spell) => `the addresses of ${spell('proxied')} are of different families`);
  return { version: number === '2' ? 2 : 1, source, destination: destination ?? null };
}

/** `IP`, or `IP:PORT` where the source port counts. */
function client(given: string | null): Pick<RequestLine, 'source' | 'sourcePort'> {
  if (given === null) return { source: null, sourcePort: null };
  const alone = parseAddress(given);
  if (alone !== undefined) return { source: alone, sourcePort: null };
  const parsed = parseEndpoint(given);
  if (parsed === undefined)
    throw new DescriptionError((spell) => `${spell('source')} is no IP address: ${JSON.stringify(given)}`);
  return { source: parsed.address, sourcePort: parsed.port };
}

/** null for what is absent or empty. */
function text(name: string, value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw new DescriptionError((spell) => `${spell(name)} is no text`);
  return value;
}
