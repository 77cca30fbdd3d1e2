/** What the HTTP/1 codec makes of the headers that concern the connection alone. In: a request as it is sent. Out: a refusal, or names. */
import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { HttpRequest } from '../../../../model/request.ts';
import { field, isTrue, unknown } from '../proto-json.ts';
import { rejected } from './codec-refusal.ts';
import type { CodecRefusal } from './codec-refusal.ts';
import { SentHttp, sentHeader, VERSION, WHOLE } from './sent-request.ts';
import type { RequestQuestion, SentRequest } from './sent-request.ts';

type Headers = HttpRequest['headers'];

const OF_CONNECTION: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection']);

/** Whether a header has a say in any of this; most requests have none. */
export const isOfConnection = ([name]: Headers[number]): boolean => OF_CONNECTION.has(name);

const valuesOf = (headers: Headers, name: string): string[] =>
  headers.filter(([other]) => other === name).map(([, value]) => value);

/** Digits that surely fit into 64 bits. */
const SURE_DIGITS = 18;

/**
 * Why the length of a body is not one: it is given once, in digits. Where the body comes in chunks nobody reads it
 * (quiche::BalsaFrame::ProcessContentLengthLine).
 */
export function lengthRefusal(http: HttpRequest): CodecRefusal | Unknown | null {
  const [length, ...more] = valuesOf(http.headers, 'content-length');
  if (length === undefined) return null;
  if (valuesOf(http.headers, 'transfer-encoding').length > 0)
    return more.length === 0 && isLength(length) ? null : unknown('which length of the body counts is not evaluated');
  if (more.length > 0) return rejected(400, 'http1.codec_error', 'it has several content-length');
  if (!isLength(length))
    return rejected(400, 'http1.codec_error', `the content-length ${JSON.stringify(length)} is no number`);
  return length.length > SURE_DIGITS ? unknown('whether the codec takes so large a content-length is not known') : null;
}

const isLength = (text: string): boolean => /^\d+$/.test(text);

/**
 * Why the codec does not read a body that comes encoded: beside a length, unless chunks may have one, or in another encoding than chunks,
 * or that of a CONNECT (ConnectionImpl::onHeadersCompleteImpl, source/common/http/http1/codec_impl.cc).
 */
export function encodingRefusal(hcm: Cursor, http: HttpRequest): CodecRefusal | null {
  const encodings = valuesOf(http.headers, 'transfer-encoding');
  const [encoding] = encodings;
  if (encoding === undefined) return null;
  const chunked = encodings.length === 1 && encoding.toLowerCase() === 'chunked';
  const options = field(hcm, 'http_protocol_options');
  if (valuesOf(http.headers, 'content-length').length > 0 && !(chunked && isTrue(options, 'allow_chunked_length')))
    return rejected(
      400,
      'http1.content_length_and_chunked_not_allowed',
      'it has both content-length and transfer-encoding',
      options,
    );
  return chunked && http.method !== 'CONNECT'
    ? null
    : rejected(501, 'http1.invalid_transfer_encoding', `the codec does not read the transfer-encoding ${encoding}`);
}

const TOKENS_OF_CONNECTION: ReadonlySet<string> = new Set([
  'close',
  'http2-settings',
  'keep-alive',
  'upgrade',
  'connection',
]);
/** Which nobody may have taken away (Utility::sanitizeConnectionHeader). */
const NEVER_NAMED: ReadonlySet<string> = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);
/** On which more than a value depends. */
const FRAMING: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding']);
const MOST_TOKENS = 9;
const LONGEST_TE = 255;

/** What a request says of its connection. */
interface Connection {
  /** In lower case. */
  readonly tokens: readonly string[];
  /** The protocol that it asks to change to, in lower case; null: none. */
  readonly upgrade: string | null;
}

function connectionOf(http: HttpRequest): Connection {
  const tokens = valuesOf(http.headers, 'connection')
    .join(',')
    .toLowerCase()
    .split(',')
    .filter((token) => token !== '')
    .map((token) => token.trim());
  const upgrade = tokens.includes('upgrade') ? valuesOf(http.headers, 'upgrade').join(',').toLowerCase() : '';
  return { tokens, upgrade: upgrade === '' ? null : upgrade };
}

/** Why headers that Connection names are not taken away; an upgrade is not looked at (ServerConnectionImpl::onHeadersCompleteBase). */
export function namedRefusal(hcm: Cursor, http: HttpRequest): CodecRefusal | Unknown | null {
  const { tokens, upgrade } = connectionOf(http);
  const ignored = field(field(hcm, 'http_protocol_options'), 'ignore_http_11_upgrade');
  if (upgrade !== null && upgrade !== H2C)
    return ignored.items().length > 0 ? unknown('which upgrades are ignored is not evaluated', ignored) : null;
  if (http.method === 'CONNECT') return null;
  const te = valuesOf(http.headers, 'te').join(',');
  const forbidden =
    tokens.length > MOST_TOKENS
      ? 'too many headers'
      : (tokens.find((token) => NEVER_NAMED.has(token) || token.startsWith(':')) ??
        (tokens.includes('te') && te.length > LONGEST_TE ? 'te' : undefined));
  if (forbidden !== undefined)
    return rejected(400, 'http1.connection_header_rejected', `the header connection names ${forbidden}`);
  const framing = tokens.find((token) => FRAMING.has(token));
  return framing === undefined
    ? null
    : unknown(`what becomes of a request that takes away ${framing} is not evaluated`);
}

/** An upgrade to HTTP/2, of which HTTP/1 knows nothing. */
const H2C = 'h2c';

/** The names of headers that the codec takes away, joined by commas. */
const TAKEN_AWAY: RequestQuestion<string> = { ask: ({ http }) => takenAway(http).join(',') };

function takenAway(http: HttpRequest): readonly string[] {
  const { tokens, upgrade } = connectionOf(http);
  if (http.method === 'CONNECT' || (upgrade !== null && upgrade !== H2C)) return [];
  const named = tokens.filter(
    (token) => !TOKENS_OF_CONNECTION.has(token) && (token !== 'te' || !hasTrailers(http.headers)),
  );
  return upgrade === H2C ? [...named, 'upgrade', 'http2-settings'] : named;
}

/** Whether TE asks for trailers, the one thing of it that a proxy passes on (ConnectionManagerUtility::sanitizeTEHeader). */
export const hasTrailers = (headers: Headers): boolean =>
  valuesOf(headers, 'te').some((value) => value.split(',').some((token) => token.trim().toLowerCase() === 'trailers'));

/**
 * The request without the headers that its Connection names, which concern the connection alone, and without an upgrade to HTTP/2
 * (ConnectionImpl::onHeadersCompleteImpl, Utility::sanitizeConnectionHeader).
 */
export function withoutNamed(sent: SentRequest): SentRequest {
  if (sent.tell(sentHeader('connection')) === null || sent.tell(VERSION) !== 'http/1.1') return sent;
  const taken = sent.tell(TAKEN_AWAY);
  if (taken === '') return sent;
  const names = new Set(taken.split(','));
  const http = sent.tell(WHOLE);
  return new SentHttp({ ...http, headers: http.headers.filter(([name]) => !names.has(name)) });
}
