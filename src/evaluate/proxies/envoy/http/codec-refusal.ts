import type { HeardReset } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { field, fields, isTrue } from '../proto-json.ts';
import type { Runtime } from '../runtime.ts';
import type { ManagerOptions } from './manager-options.ts';

/** How the codec refuses a request, and why. */
export type CodecRefusal =
  | ({ readonly kind: 'rejected'; readonly status: RejectedStatus; readonly detail: string } & Grounds)
  /** without an answer that its client understands */
  | ({
      readonly kind: 'reset';
      readonly flag: 'DPE' | 'DR';
      readonly detail: string | null;
      readonly heard: HeardReset | null;
    } & Grounds);

type RejectedStatus = 400 | 431 | 501;

interface Grounds {
  /** One clause. */
  readonly reason: string;
  /** What of the connection manager makes it so. */
  readonly cites: readonly Cursor[];
}

/** An answer of the codec's own. @param cites what of the connection manager makes it so */
export function rejected(
  status: RejectedStatus,
  detail: string,
  reason: string,
  ...cites: readonly Cursor[]
): CodecRefusal {
  return { kind: 'rejected', status, detail, reason, cites };
}

/** What the codec knows of a connection. */
export interface CodecSettings {
  readonly hcm: Cursor;
  readonly options: ManagerOptions;
  readonly runtime: Runtime;
  /** The minor version of Envoy 1; undefined: the dump does not tell. */
  readonly envoyMinor: number | undefined;
  /** What both sides of TLS have settled on; null: nothing, or there is no TLS. */
  readonly settled: SettledProtocol | null;
}

/** The application protocol that TLS has settled on (ALPN). */
export interface SettledProtocol {
  readonly name: string;
  /** The client offered both versions of HTTP: it speaks the one that was taken. */
  readonly either: boolean;
}

/** Where the limits and the action for underscores stand. */
export const commonOptions = (hcm: Cursor): Cursor => field(hcm, 'common_http_protocol_options');

export const underscoresAction = (hcm: Cursor): Cursor =>
  fields(hcm, 'common_http_protocol_options', 'headers_with_underscores_action');

/** Whether the HTTP/1 codec takes methods that it does not know. */
export const takesAnyMethod = (hcm: Cursor): boolean =>
  isTrue(field(hcm, 'http_protocol_options'), 'allow_custom_methods');

/** Control characters, without the tabulator. */
// eslint-disable-next-line no-control-regex
export const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;

export const MANY_OF_ONE_NAME = 'whether headers of one name count as one is not evaluated';
export const MANY_UNKNOWN = 'how many headers the proxies before this one set is not known';

/** Methods that Envoy's HTTP/1 codec takes unless it is told to allow others (source/common/http/http1/balsa_parser.cc). */
export const HTTP1_METHODS: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ACL BIND CHECKOUT COPY LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE MSEARCH NOTIFY PROPFIND PROPPATCH PURGE REBIND REPORT SEARCH SOURCE SUBSCRIBE UNBIND UNLINK UNLOCK UNSUBSCRIBE'.split(
    ' ',
  ),
);

/** Whether the target of a CONNECT holds what neither a host nor the path behind one may (isUrlValid, source/common/http/http1/balsa_parser.cc). */
export function isUnreadableTarget(authority: string): boolean {
  return authority.includes('@@') || /[^\w!$%&'()*+,./:;=?@[\]~-]/.test(authority);
}
