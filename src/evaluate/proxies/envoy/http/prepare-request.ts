import { parseAddress } from '../../../../model/address.ts';
import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { HttpRequest } from '../../../../model/request.ts';
import type { ConnectionContext } from '../context.ts';
import type { AcceptedSocket } from '../listener/accepted-socket.ts';
import { field, fields, unknown } from '../proto-json.ts';
import { minorVersion } from '../runtime.ts';
import { isUnknown } from '../truth.ts';
import { managerOptions } from './manager-options.ts';
import type { ManagerOptions } from './manager-options.ts';
import { normalisePath } from './path.ts';
import type { PathOptions, PathResult } from './path.ts';
import { requestView } from './request-view.ts';
import type { RequestView } from './request-view.ts';
import {
  AUTHORITY,
  hidesHeader,
  METHOD,
  NAMES_HOST,
  oneForEach,
  PATH,
  PLAIN_PATH,
  sentHeader,
  timesSent,
  UNDERSCORED,
  VERSION,
} from './sent-request.ts';
import type { RequestQuestion, SentRequest } from './sent-request.ts';
import { readExtendedConnect } from './upgrade.ts';

/** A request ready for routing, or how the connection manager refuses it. */
export type Prepared =
  | { readonly kind: 'ready'; readonly request: RequestView; readonly remoteAddress: string | Unknown }
  | { readonly kind: 'refused'; readonly request: RequestView; readonly status: 307 | 400; readonly path: string }
  /** by the codec */
  | ({ readonly kind: 'rejected'; readonly request: RequestView } & CodecRejection)
  /** by the codec, without an answer */
  | { readonly kind: 'reset'; readonly detail: string; readonly reason: string; readonly cite: Cursor }
  | { readonly kind: 'unknown'; readonly unknown: Unknown };

/** What the codec answers. */
interface CodecRejection {
  readonly status: 400 | 431;
  readonly detail: string;
  /** One clause. */
  readonly reason: string;
  /** What of the connection manager makes it so. */
  readonly cites: readonly Cursor[];
}

/** Methods that Envoy's HTTP/1 codec takes unless it is told to allow others (source/common/http/http1/balsa_parser.cc). */
const METHODS = new Set(
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ACL BIND CHECKOUT COPY LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE M-SEARCH NOTIFY PROPFIND PROPPATCH PURGE REBIND REPORT SEARCH SOURCE SUBSCRIBE UNBIND UNLINK UNLOCK UNSUBSCRIBE'.split(
    ' ',
  ),
);

/** What a connection manager does to a request before it looks for a route (ConnectionManagerImpl::ActiveStream::decodeHeaders). */
export function prepareRequest(
  hcm: Cursor,
  sent: SentRequest,
  { tls, socket, config }: Pick<ConnectionContext, 'tls' | 'socket' | 'config'>,
): Prepared {
  const options = managerOptions(hcm);
  const http = readExtendedConnect(hcm, sent);
  if (http === 'reset') return noExtendedConnect(hcm);
  if (isUnknown(http)) return { kind: 'unknown', unknown: http };
  const doubt = doubtfulRequest(hcm, options, http);
  if (doubt !== null) return { kind: 'unknown', unknown: doubt };
  if (isUnknown(options.path)) return { kind: 'unknown', unknown: options.path };
  const rejection = codecRejection(hcm, options, http);
  if (isUnknown(rejection)) return { kind: 'unknown', unknown: rejection };
  const peer = { address: socket.remoteAddress, version: minorVersion(config.bootstrap) };
  const view = (path: string | null): RequestView => requestView({ hcm, sent: http, tls, path, socket, peer });
  if (rejection !== null) {
    if (http.tell(VERSION) === 'h2')
      return { kind: 'unknown', unknown: unknown('how the codec refuses it over HTTP/2 is not known') };
    return { kind: 'rejected', request: view(null), ...rejection };
  }
  const result = pathOf(http, options.path);
  if (result === null)
    return { kind: 'ready', request: view(null), remoteAddress: remoteAddress(hcm, options, http, socket) };
  const path = result.action === 'reject' ? http.tell(PATH) : result.path;
  const request = view(path);
  if (result.action === 'reject') return { kind: 'refused', request, status: 400, path };
  if (result.action === 'redirect') return { kind: 'refused', request, status: 307, path };
  return { kind: 'ready', request, remoteAddress: remoteAddress(hcm, options, http, socket) };
}

/** What becomes of the path of a request; null: it stays as it is. */
function pathOf(http: SentRequest, options: PathOptions): PathResult | null {
  if (http.tell(METHOD) === 'CONNECT') return CONNECT_PATH;
  return http.tell(PLAIN_PATH) ? null : normalisePath(http.tell(PATH), options);
}

function noExtendedConnect(hcm: Cursor): Prepared {
  const reason = 'a CONNECT with a protocol is not allowed';
  return { kind: 'reset', detail: 'http2.invalid.header.field', reason, cite: field(hcm, 'http2_protocol_options') };
}

function doubtfulRequest(hcm: Cursor, options: ManagerOptions, http: SentRequest): Unknown | null {
  const { codec, underscores } = options;
  const version = http.tell(VERSION);
  const method = http.tell(METHOD);
  const mismatch = version === 'h2' ? codec === 'HTTP1' : codec === 'HTTP2';
  if (codec === 'HTTP3' || mismatch) return unknown(`the listener speaks ${codec} alone`, field(hcm, 'codec_type'));
  if (options.validatesByExtension) return unknown('an extension validates the headers');
  if (version === 'http/1.1' && !METHODS.has(method))
    return unknown(`whether the codec takes the method ${method} is not known`);
  const judged = underscores === 'ALLOW' || underscores === 'REJECT_REQUEST';
  if (!judged && http.tell(UNDERSCORED))
    return unknown('a header has an underscore in its name, which the listener drops', underscoresAction(hcm));
  if (method === 'CONNECT')
    return parseTarget(http.tell(AUTHORITY)) ? null : unknown('the target of CONNECT is not HOST:PORT');
  if (!http.tell(NAMES_HOST)) return unknown('the request names no host');
  return http.tell(PLAIN_PATH) ? null : doubtfulPath(http.tell(PATH));
}

function doubtfulPath(path: string): Unknown | null {
  return !path.startsWith('/') || /[^\x21-\x7e]/.test(path)
    ? unknown(`the path ${JSON.stringify(path)} is not one that is evaluated`)
    : null;
}

const underscoresAction = (hcm: Cursor): Cursor =>
  fields(hcm, 'common_http_protocol_options', 'headers_with_underscores_action');

/** A CONNECT has no path: its target is the authority (ServerConnectionImpl::handlePath, source/common/http/http1/codec_impl.cc). */
const CONNECT_PATH = { action: 'accept', path: '' } as const;

const parseTarget = (authority: string): boolean => /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+):[1-9]\d{0,4}$/i.test(authority);

/**
 * Why the HTTP/1 codec refuses a request: it counts the path and the names and values of all headers, refuses underscores in names where
 * it is told to, and takes no body of CONNECT (ConnectionImpl::checkMaxHeadersSize, completeCurrentHeader, onHeadersCompleteImpl and
 * ServerConnectionImpl::checkHeaderNameForUnderscores, source/common/http/http1/codec_impl.cc).
 */
function codecRejection(hcm: Cursor, options: ManagerOptions, http: SentRequest): CodecRejection | Unknown | null {
  const large = http.tell(largeHeaders(options));
  const underscore = options.underscores === 'REJECT_REQUEST' && http.tell(UNDERSCORED);
  if (underscore && large !== null) return unknown('which of two faults the codec meets first is not evaluated');
  if (large !== null)
    return {
      status: 431,
      detail: large,
      reason: 'the headers are larger or more than the listener takes',
      cites: [field(hcm, 'max_request_headers_kb'), field(hcm, 'common_http_protocol_options')],
    };
  if (underscore)
    return {
      status: 400,
      detail: 'http1.unexpected_underscore',
      reason: 'a header has an underscore in its name',
      cites: [underscoresAction(hcm)],
    };
  return http.tell(METHOD) === 'CONNECT' && announcesBody(http)
    ? { status: 400, detail: 'http1.body_disallowed', reason: 'a CONNECT has no body', cites: [] }
    : null;
}

const announcesBody = (http: SentRequest): boolean =>
  http.tell(sentHeader('transfer-encoding')) !== null || (http.tell(sentHeader('content-length')) ?? '0') !== '0';

/** What a character of JavaScript's may take in UTF-8. */
const MOST_BYTES = 3;

const largeHeaders = oneForEach((options: ManagerOptions): RequestQuestion<string | null> => ({
  ask: ({ http }) => tooLarge(options, http),
}));

function tooLarge({ maxHeaderBytes, maxHeaders }: ManagerOptions, http: HttpRequest): string | null {
  const { path, headers, authority } = http;
  let bytes = path.length + 'host'.length + authority.length;
  let most = bytes;
  for (const [name, value] of headers) most += name.length + MOST_BYTES * value.length;
  if (most > maxHeaderBytes) {
    for (const [name, value] of headers) bytes += name.length + Buffer.byteLength(value);
    if (bytes > maxHeaderBytes) return 'http1.headers_too_large';
  }
  return headers.length + 1 > maxHeaders ? 'http1.too_many_headers' : null;
}

/** The downstream address: the peer's with use_remote_address; else the last valid address of x-forwarded-for, if there is one. */
function remoteAddress(
  hcm: Cursor,
  { trustedHops, usesRemoteAddress, detectsAddressByExtension }: ManagerOptions,
  http: SentRequest,
  socket: AcceptedSocket,
): string | Unknown {
  if (detectsAddressByExtension) return unknown('an extension detects the client address');
  const fromPeer = usesRemoteAddress && trustedHops === 0;
  if (!fromPeer && http.tell(hidesHeader(FORWARDED_FOR)))
    return unknown('a proxy before this one sets the header x-forwarded-for');
  if (fromPeer) return socket.remoteAddress;
  const value = http.tell(sentHeader(FORWARDED_FOR));
  if (value === null) return socket.remoteAddress;
  if (trustedHops > 0 || http.tell(timesSent(FORWARDED_FOR)) > 1)
    return unknown('the client address follows x-forwarded-for', field(hcm, 'xff_num_trusted_hops'));
  const last = value.split(',').at(-1)?.trim() ?? '';
  return parseAddress(last)?.text ?? socket.remoteAddress;
}

const FORWARDED_FOR = 'x-forwarded-for';
