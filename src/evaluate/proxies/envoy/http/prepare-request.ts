import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ConnectionContext } from '../context.ts';
import { field, unknown } from '../proto-json.ts';
import { minorVersion } from '../runtime.ts';
import { isUnknown } from '../truth.ts';
import { refusedByCodec, withoutUnderscores } from './codec.ts';
import type { CodecRefusal, SettledProtocol } from './codec-refusal.ts';
import { detectAddress, mayRefuseAddress, remoteAddress } from './client-address.ts';
import { withoutNamed } from './http1-framing.ts';
import { managerDoubt } from './manager-doubts.ts';
import { managerOptions } from './manager-options.ts';
import { normalisePath } from './path.ts';
import type { PathOptions, PathResult } from './path.ts';
import { requestView } from './request-view.ts';
import type { RequestView } from './request-view.ts';
import { AUTHORITY, METHOD, NAMES_HOST, PATH, PLAIN_PATH, sentHeader, VERSION } from './sent-request.ts';
import type { SentRequest } from './sent-request.ts';
import { readExtendedConnect } from './upgrade.ts';

/** A request ready for routing, or how the connection manager refuses it. */
export type Prepared =
  | { readonly kind: 'ready'; readonly request: RequestView; readonly remoteAddress: string | Unknown }
  | Refused
  | CodecRefusal
  | { readonly kind: 'unknown'; readonly unknown: Unknown };

/** An answer of the connection manager's own. */
interface Refused {
  readonly kind: 'refused';
  readonly request: RequestView;
  readonly status: number;
  readonly detail: string;
  /** One clause. */
  readonly reason: string;
  /** What of the connection manager makes it so. */
  readonly cites: readonly Cursor[];
}

/** What a connection manager does to a request before it looks for a route (ConnectionManagerImpl::ActiveStream::decodeHeaders). */
export function prepareRequest(
  hcm: Cursor,
  sent: SentRequest,
  { tls, socket, config, runtime }: Pick<ConnectionContext, 'tls' | 'socket' | 'config' | 'runtime'>,
  settled: SettledProtocol | null = null,
): Prepared {
  const options = managerOptions(hcm);
  const envoyMinor = minorVersion(config.bootstrap);
  const refusal = sent.tell(refusedByCodec({ hcm, options, runtime, envoyMinor, settled }));
  if (isUnknown(refusal)) return { kind: 'unknown', unknown: refusal };
  if (refusal !== null) return refusal;
  const uncertain = managerDoubt(hcm)(config.bootstrap, runtime);
  if (uncertain !== null) return { kind: 'unknown', unknown: uncertain };
  const kept = withoutNamed(withoutUnderscores(options, sent));
  const http = readExtendedConnect(kept);
  if (isUnknown(http)) return { kind: 'unknown', unknown: http };
  const doubt = doubtfulRequest(http);
  if (doubt !== null) return { kind: 'unknown', unknown: doubt };
  if (isUnknown(options.path)) return { kind: 'unknown', unknown: options.path };
  const peer = { address: socket.remoteAddress, version: envoyMinor, runtime };
  const tellsOfDropped = kept !== sent && mayHaveBody(kept);
  const view = (path: string | null): RequestView =>
    requestView({ hcm, sent: http, tls, path, socket, peer, tellsOfDropped });
  const fragment = runtime.shown(FRAGMENT_KEY);
  // Of a plain path, which has no fragment, nobody needs to know more.
  if (fragment !== null && !http.tell(PLAIN_PATH) && http.tell(PATH).includes('#'))
    return { kind: 'unknown', unknown: fragment };
  const result = pathOf(http, options.path);
  if (result !== null && result.action !== 'accept') return refusedPath(hcm, view, http, result);
  const request = view(result === null ? null : result.path);
  const detected = detectAddress(hcm, options, http);
  if (mayRefuseAddress(hcm, detected))
    return { kind: 'unknown', unknown: unknown('an extension may refuse the request', detected.cite) };
  if (detected.refusedWith !== null) {
    const reason = 'no extension detects the address of the client';
    const detail = 'rejecting_because_detection_failed';
    return { kind: 'refused', request, status: detected.refusedWith, detail, reason, cites: [detected.cite] };
  }
  return { kind: 'ready', request, remoteAddress: remoteAddress(hcm, options, detected, http, socket) };
}

const FRAGMENT_KEY = 'envoy.reloadable_features.http_reject_path_with_fragment';

function refusedPath(
  hcm: Cursor,
  view: (path: string) => RequestView,
  http: SentRequest,
  result: Exclude<PathResult, { action: 'accept' }>,
): Refused {
  const cites = [field(hcm, 'path_with_escaped_slashes_action'), field(hcm, 'normalize_path')];
  const shared = { kind: 'refused', detail: 'path_normalization_failed', cites } as const;
  if (result.action === 'reject')
    return { ...shared, request: view(http.tell(PATH)), status: 400, reason: 'the path is refused' };
  const { path } = result;
  return { ...shared, request: view(path), status: 307, reason: `escaped slashes: redirected to ${path}` };
}

/** Over HTTP/2, where no header need announce one. */
function mayHaveBody(http: SentRequest): boolean {
  return http.tell(VERSION) === 'h2' && http.tell(sentHeader('content-length')) !== '0';
}

/** What becomes of the path of a request; null: it stays as it is. */
function pathOf(http: SentRequest, options: PathOptions): PathResult | null {
  if (http.tell(METHOD) === 'CONNECT') return CONNECT_PATH;
  return http.tell(PLAIN_PATH) ? null : normalisePath(http.tell(PATH), options);
}

function doubtfulRequest(http: SentRequest): Unknown | null {
  if (http.tell(METHOD) === 'CONNECT')
    return parseTarget(http.tell(AUTHORITY)) ? null : unknown('the target of CONNECT is not HOST:PORT');
  if (!http.tell(NAMES_HOST)) return unknown('the request names no host');
  return http.tell(PLAIN_PATH) ? null : doubtfulPath(http.tell(PATH));
}

function doubtfulPath(path: string): Unknown | null {
  return !path.startsWith('/') || /[^\x21-\x7e]/.test(path)
    ? unknown(`the path ${JSON.stringify(path)} is not one that is evaluated`)
    : null;
}

/** A CONNECT has no path: its target is the authority (ServerConnectionImpl::handlePath, source/common/http/http1/codec_impl.cc). */
const CONNECT_PATH = { action: 'accept', path: '' } as const;

const parseTarget = (authority: string): boolean => /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+):[1-9]\d{0,4}$/i.test(authority);
