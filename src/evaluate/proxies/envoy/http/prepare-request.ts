import { parseAddress } from '../../../../model/address.ts';
import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { HttpRequest } from '../../../../model/request.ts';
import type { ConnectionContext } from '../context.ts';
import type { AcceptedSocket } from '../listener/accepted-socket.ts';
import { memoised } from '../memo.ts';
import { enumName, field, fields, isTrue, unknown } from '../proto-json.ts';
import { minorVersion } from '../runtime.ts';
import { isUnknown } from '../truth.ts';
import { stripPort, stripTrailingDot } from './host.ts';
import { normalisePath } from './path.ts';
import type { PathOptions } from './path.ts';
import { requestView } from './request-view.ts';
import type { RequestView } from './request-view.ts';

/** A request ready for routing, or how the connection manager refuses it. */
export type Prepared =
  | { readonly kind: 'ready'; readonly request: RequestView; readonly remoteAddress: string | Unknown }
  | { readonly kind: 'refused'; readonly request: RequestView; readonly status: 307 | 400; readonly path: string }
  /** by the codec */
  | ({ readonly kind: 'rejected'; readonly request: RequestView } & CodecRejection)
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
  http: HttpRequest,
  { tls, socket, config }: Pick<ConnectionContext, 'tls' | 'socket' | 'config'>,
): Prepared {
  const doubt = doubtfulRequest(hcm, http);
  if (doubt !== null) return { kind: 'unknown', unknown: doubt };
  const options = pathOptions(hcm);
  if (isUnknown(options)) return { kind: 'unknown', unknown: options };
  const rejection = codecRejection(hcm, http);
  if (isUnknown(rejection)) return { kind: 'unknown', unknown: rejection };
  if (rejection !== null) {
    if (http.version === 'h2')
      return { kind: 'unknown', unknown: unknown('how the codec refuses it over HTTP/2 is not known') };
    const peer = { address: socket.remoteAddress, version: minorVersion(config.bootstrap) };
    // It is answered before anything asks whether it is gRPC.
    const request = { ...requestView(hcm, http, tls, http.path, http.authority, peer), grpc: false };
    return { kind: 'rejected', request, ...rejection };
  }
  const connect = http.method === 'CONNECT';
  const authority = normaliseAuthority(hcm, http.authority, socket.localPort);
  const result = connect ? CONNECT_PATH : normalisePath(http.path, options);
  const path = result.action === 'reject' ? http.path : result.path;
  const request = requestView(hcm, http, tls, path, authority, {
    address: socket.remoteAddress,
    version: minorVersion(config.bootstrap),
  });
  if (result.action === 'reject') return { kind: 'refused', request, status: 400, path };
  if (result.action === 'redirect') return { kind: 'refused', request, status: 307, path };
  return { kind: 'ready', request, remoteAddress: remoteAddress(hcm, http, socket) };
}

function doubtfulRequest(hcm: Cursor, http: HttpRequest): Unknown | null {
  const codec = enumName(field(hcm, 'codec_type'), ['AUTO', 'HTTP1', 'HTTP2', 'HTTP3']) ?? 'AUTO';
  const mismatch = http.version === 'h2' ? codec === 'HTTP1' : codec === 'HTTP2';
  if (codec === 'HTTP3' || mismatch) return unknown(`the listener speaks ${codec} alone`, field(hcm, 'codec_type'));
  if (field(hcm, 'typed_header_validation_config').exists) return unknown('an extension validates the headers');
  if (http.version === 'http/1.1' && !METHODS.has(http.method))
    return unknown(`whether the codec takes the method ${http.method} is not known`);
  const underscores = fields(hcm, 'common_http_protocol_options', 'headers_with_underscores_action');
  if (!UNDERSCORES_JUDGED.has(underscoresAction(hcm)) && http.headers.some(withUnderscore)) {
    return unknown('a header has an underscore in its name, which the listener drops', underscores);
  }
  if (http.method === 'CONNECT') return doubtfulConnect(http);
  if (http.authority === '') return unknown('the request names no host');
  if (!http.path.startsWith('/') || /[^\x21-\x7e]/.test(http.path))
    return unknown(`the path ${JSON.stringify(http.path)} is not one that is evaluated`);
  return null;
}

const withUnderscore = ([name]: readonly [string, string]): boolean => name.includes('_');

const underscoresAction = memoised((hcm): string => {
  const action = fields(hcm, 'common_http_protocol_options', 'headers_with_underscores_action');
  return enumName(action, ['ALLOW', 'REJECT_REQUEST', 'DROP_HEADER']) ?? 'ALLOW';
});

/** What a listener does to headers with underscores in their names, as far as it is evaluated. */
const UNDERSCORES_JUDGED = new Set(['ALLOW', 'REJECT_REQUEST']);

/** A CONNECT has no path: its target is the authority (ServerConnectionImpl::handlePath, source/common/http/http1/codec_impl.cc). */
const CONNECT_PATH = { action: 'accept', path: '' } as const;

function doubtfulConnect({ version, authority }: HttpRequest): Unknown | null {
  if (version === 'h2') return unknown('CONNECT over HTTP/2 is not evaluated');
  return parseTarget(authority) ? null : unknown('the target of CONNECT is not HOST:PORT');
}

const parseTarget = (authority: string): boolean => /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+):[1-9]\d{0,4}$/i.test(authority);

const DEFAULT_HEADERS_KB = 60;
const DEFAULT_HEADERS = 100;

const headerLimits = memoised((hcm) => ({
  bytes: 1024 * (field(hcm, 'max_request_headers_kb').number() ?? DEFAULT_HEADERS_KB),
  count: field(field(hcm, 'common_http_protocol_options'), 'max_headers_count').number() ?? DEFAULT_HEADERS,
}));

/**
 * Why the HTTP/1 codec refuses a request: it counts the path and the names and values of all headers, refuses underscores in names where
 * it is told to, and takes no body of CONNECT (ConnectionImpl::checkMaxHeadersSize, completeCurrentHeader, onHeadersCompleteImpl and
 * ServerConnectionImpl::checkHeaderNameForUnderscores, source/common/http/http1/codec_impl.cc).
 */
function codecRejection(hcm: Cursor, http: HttpRequest): CodecRejection | Unknown | null {
  const large = largeHeaders(hcm, http);
  const underscore = underscoresAction(hcm) === 'REJECT_REQUEST' && http.headers.some(withUnderscore);
  if (underscore && large !== null) return unknown('which of two faults the codec meets first is not evaluated');
  if (large !== null) return large;
  const options = field(hcm, 'common_http_protocol_options');
  if (underscore)
    return {
      status: 400,
      detail: 'http1.unexpected_underscore',
      reason: 'a header has an underscore in its name',
      cites: [field(options, 'headers_with_underscores_action')],
    };
  const body = ([name, value]: readonly [string, string]): boolean =>
    name === 'transfer-encoding' || (name === 'content-length' && value !== '0');
  return http.method === 'CONNECT' && http.headers.some(body)
    ? { status: 400, detail: 'http1.body_disallowed', reason: 'a CONNECT has no body', cites: [] }
    : null;
}

function largeHeaders(hcm: Cursor, { path, headers, authority }: HttpRequest): CodecRejection | null {
  const limits = headerLimits(hcm);
  const own = path.length + 'host'.length + authority.length;
  const bytes = headers.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), own);
  const refused = {
    status: 431,
    reason: 'the headers are larger or more than the listener takes',
    cites: [field(hcm, 'max_request_headers_kb'), field(hcm, 'common_http_protocol_options')],
  } as const;
  if (bytes > limits.bytes) return { ...refused, detail: 'http1.headers_too_large' };
  return headers.length + 1 > limits.count ? { ...refused, detail: 'http1.too_many_headers' } : null;
}

const ESCAPED_SLASHES = [
  'IMPLEMENTATION_SPECIFIC_DEFAULT',
  'KEEP_UNCHANGED',
  'REJECT_REQUEST',
  'UNESCAPE_AND_REDIRECT',
  'UNESCAPE_AND_FORWARD',
];

const pathOptions = memoised((hcm): PathOptions | Unknown => {
  const extended = field(hcm, 'path_normalization_options');
  if (extended.exists) return unknown('path_normalization_options is not evaluated', extended);
  const action =
    enumName(field(hcm, 'path_with_escaped_slashes_action'), ESCAPED_SLASHES) ?? 'IMPLEMENTATION_SPECIFIC_DEFAULT';
  const escapedSlashes = action === 'IMPLEMENTATION_SPECIFIC_DEFAULT' ? 'KEEP_UNCHANGED' : action;
  if (
    escapedSlashes !== 'KEEP_UNCHANGED' &&
    escapedSlashes !== 'REJECT_REQUEST' &&
    escapedSlashes !== 'UNESCAPE_AND_REDIRECT' &&
    escapedSlashes !== 'UNESCAPE_AND_FORWARD'
  ) {
    return unknown('the action for escaped slashes is not understood', field(hcm, 'path_with_escaped_slashes_action'));
  }
  return { normalize: isTrue(hcm, 'normalize_path'), mergeSlashes: isTrue(hcm, 'merge_slashes'), escapedSlashes };
});

/** Trailing dot first, then the port (ConnectionManagerUtility::maybeNormalizeHost). */
function normaliseAuthority(hcm: Cursor, authority: string, localPort: number): string {
  const dotless = isTrue(hcm, 'strip_trailing_host_dot') ? stripTrailingDot(authority) : authority;
  if (isTrue(hcm, 'strip_any_host_port')) return stripPort(dotless);
  return isTrue(hcm, 'strip_matching_host_port') ? stripPort(dotless, localPort) : dotless;
}

/** The downstream address: the peer's with use_remote_address; else the last valid address of x-forwarded-for, if there is one. */
function remoteAddress(hcm: Cursor, http: HttpRequest, socket: AcceptedSocket): string | Unknown {
  const hops = field(hcm, 'xff_num_trusted_hops').number() ?? 0;
  if (field(hcm, 'original_ip_detection_extensions').items().length > 0)
    return unknown('an extension detects the client address');
  if (http.unknownHeaders?.includes('x-forwarded-for') === true && !(isTrue(hcm, 'use_remote_address') && hops === 0)) {
    return unknown('a proxy before this one sets the header x-forwarded-for');
  }
  if (isTrue(hcm, 'use_remote_address') && hops === 0) return socket.remoteAddress;
  const values = http.headers.filter(([name]) => name === 'x-forwarded-for').map(([, value]) => value);
  if (values.length === 0) return socket.remoteAddress;
  if (hops > 0 || values.length > 1)
    return unknown('the client address follows x-forwarded-for', field(hcm, 'xff_num_trusted_hops'));
  const last = (values[0] ?? '').split(',').at(-1)?.trim() ?? '';
  return parseAddress(last)?.text ?? socket.remoteAddress;
}
