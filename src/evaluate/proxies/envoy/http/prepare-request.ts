import { parseAddress } from '../../../../model/address.ts';
import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ConnectionContext } from '../context.ts';
import type { AcceptedSocket } from '../listener/accepted-socket.ts';
import { field, unknown } from '../proto-json.ts';
import { minorVersion } from '../runtime.ts';
import { isUnknown } from '../truth.ts';
import { refusedByCodec, withoutUnderscores } from './codec.ts';
import type { CodecRefusal, SettledProtocol } from './codec-refusal.ts';
import { withoutNamed } from './http1-framing.ts';
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
  PATH,
  PLAIN_PATH,
  sentHeader,
  timesSent,
  VERSION,
} from './sent-request.ts';
import type { SentRequest } from './sent-request.ts';
import { readExtendedConnect } from './upgrade.ts';

/** A request ready for routing, or how the connection manager refuses it. */
export type Prepared =
  | { readonly kind: 'ready'; readonly request: RequestView; readonly remoteAddress: string | Unknown }
  | { readonly kind: 'refused'; readonly request: RequestView; readonly status: 307 | 400; readonly path: string }
  | CodecRefusal
  | { readonly kind: 'unknown'; readonly unknown: Unknown };

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
  const result = pathOf(http, options.path);
  if (result === null)
    return { kind: 'ready', request: view(null), remoteAddress: remoteAddress(hcm, options, http, socket) };
  const path = result.action === 'reject' ? http.tell(PATH) : result.path;
  const request = view(path);
  if (result.action === 'reject') return { kind: 'refused', request, status: 400, path };
  if (result.action === 'redirect') return { kind: 'refused', request, status: 307, path };
  return { kind: 'ready', request, remoteAddress: remoteAddress(hcm, options, http, socket) };
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
