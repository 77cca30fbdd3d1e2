import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { holdsRedacted } from '../../../../model/redaction.ts';
import type { HttpRequest, TlsHello } from '../../../../model/request.ts';
import type { AcceptedSocket } from '../listener/accepted-socket.ts';
import type { EachCounts, HeaderView } from '../match/header-match.ts';
import { field, isTrue, unknown } from '../proto-json.ts';
import type { Struct } from '../struct.ts';
import type { Truth } from '../truth.ts';
import { clientCertificate, forwardedFor, forwardedProto, isInternal } from './forwarded-headers.ts';
import type { Peer } from './forwarded-headers.ts';
import { keepsApart, valuesAmong } from './header-values.ts';
import { hostSearch, normaliseAuthority } from './host-search.ts';
import { earlyChanges } from './manager-doubts.ts';
import { managerOptions } from './manager-options.ts';
import { withoutQuery } from './path.ts';
import {
  AUTHORITY,
  hidesHeader,
  METHOD,
  passes,
  PATH,
  PLAIN_PATH,
  sentHeader,
  timesSent,
  WHOLE,
} from './sent-request.ts';
import type { PathTest, SentRequest } from './sent-request.ts';
import type { VirtualHostMatch } from './virtual-host.ts';

/** A request after the connection manager has prepared it for routing and filters. */
export interface RequestView {
  readonly original: HttpRequest;
  readonly method: string;
  /** Normalised, with the query; `''` where there is none. */
  readonly path: string;
  /** CONNECT over HTTP/1.1 has an authority alone. */
  readonly hasPath: boolean;
  /** After ports and dots were stripped. */
  readonly authority: string;
  /** `x-forwarded-proto`, which counts as the scheme (require_tls, redirects). */
  readonly scheme: string | Unknown;
  /** Whether Envoy takes the request for an internal one (`x-envoy-internal`). */
  readonly internal: boolean | Unknown;
  readonly grpc: boolean;
  /**
   * The protocol to which an HTTP/1.1 request asks to change, in lower case, `connect` for a CONNECT that asks for none (FilterManager::createFilterChain);
   * null: no change.
   */
  readonly upgrade: string | null;
  /** The minor version of Envoy 1 that judges it; undefined: the dump does not tell. */
  readonly envoyMinor: number | undefined;
  readonly headers: HeaderView;
  /** Dynamic metadata under a name, where filters have run before the route is looked for; null: none has. */
  readonly metadata: ((filter: string) => Struct | Unknown | null) | null;
  /** Of HTTP/2, with a header that the codec has dropped and, for all that is known, a body: see `unsureWhenAnswered`. */
  readonly tellsOfDropped: boolean;
  /** The path is as it was sent, and in no way special (PLAIN_PATH). */
  readonly plainPath: boolean;
  /** What a test says of the path without query and fragment. */
  testPath(test: PathTest): Truth;
  /** The virtual host of a route configuration that takes the authority; undefined: none does. */
  virtualHostIn(routeConfig: Cursor): VirtualHostMatch | undefined;
}

/** Headers that only an internal request keeps (cleanInternalHeaders, source/common/http/conn_manager_utility.cc). */
const INTERNAL_HEADERS: ReadonlySet<string> = new Set([
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-is-timeout-retry',
]);

/** Headers that a proxy at the edge removes from what is not internal, and some of which a manager sets (add_user_agent). */
const AT_EDGE: ReadonlySet<string> = new Set([
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
]);

/** Headers of the connection, which HCM rewrites or removes. */
export const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Headers that HCM sets in ways that depend on more than the request. */
const SET_BY_PROXY = new Set([
  'x-request-id',
  'x-envoy-external-address',
  'via',
  'x-envoy-original-path',
  'x-envoy-peer-metadata',
  'x-envoy-peer-metadata-id',
]);

/** Prepares the view. */
export function requestView(from: Preparation): RequestView {
  return new PreparedRequest(from);
}

/** What is known of a request once it is prepared. */
interface Preparation {
  readonly hcm: Cursor;
  readonly sent: SentRequest;
  readonly tls: TlsHello | null;
  /** What normalisation made of it; null: it is as it was sent. */
  readonly path: string | null;
  readonly socket: Pick<AcceptedSocket, 'localPort'>;
  readonly peer: Peer;
  readonly tellsOfDropped: boolean;
}

/** Most of what may be asked of a request is not: it is found out when somebody asks. */
class PreparedRequest implements RequestView, HeaderView {
  readonly metadata = null;
  readonly #from: Preparation;
  readonly #sent: SentRequest;

  constructor(from: Preparation) {
    this.#from = from;
    this.#sent = from.sent;
  }

  get original(): HttpRequest {
    return this.#sent.tell(WHOLE);
  }

  get method(): string {
    return this.#sent.tell(METHOD);
  }

  get path(): string {
    return this.#from.path ?? this.#sent.tell(PATH);
  }

  get plainPath(): boolean {
    return this.#from.path === null && this.#sent.tell(PLAIN_PATH);
  }

  get hasPath(): boolean {
    return this.method !== 'CONNECT';
  }

  testPath(test: PathTest): Truth {
    const { path } = this.#from;
    return path === null ? this.#sent.tell(passes(test)) : test(withoutQuery(path));
  }

  get authority(): string {
    const { hcm, socket } = this.#from;
    return normaliseAuthority(managerOptions(hcm), this.#sent.tell(AUTHORITY), socket);
  }

  virtualHostIn(routeConfig: Cursor): VirtualHostMatch | undefined {
    const { hcm, socket } = this.#from;
    return this.#sent.findHost(hostSearch(hcm, routeConfig), socket);
  }

  get scheme(): string | Unknown {
    return forwardedProto(this.#from.hcm, this.#sent, this.#from.tls);
  }

  get internal(): boolean | Unknown {
    return this.#sent.tell(hidesHeader('x-forwarded-for'))
      ? unknown('a proxy before this one sets the header x-forwarded-for')
      : isInternal(this.#from.hcm, this.#sent, this.#from.peer);
  }

  /** Grpc::Common::isGrpcRequestHeaders (source/common/grpc/common.cc) asks for a path first. */
  get grpc(): boolean {
    return this.hasPath && /^application\/grpc(\+|$)/.test(this.#sent.tell(sentHeader('content-type')) ?? '');
  }

  get upgrade(): string | null {
    return upgradeAsked(this.#sent) ?? (this.method === 'CONNECT' ? 'connect' : null);
  }

  get tellsOfDropped(): boolean {
    return this.#from.tellsOfDropped;
  }

  get envoyMinor(): number | undefined {
    return this.#from.peer.version;
  }

  get headers(): HeaderView {
    return this;
  }

  get(name: string): string | null | Unknown {
    return notRedacted(name, this.compared(name));
  }

  compared(name: string): string | null | Unknown {
    const { hcm, tls } = this.#from;
    switch (name) {
      case ':method':
        return this.method;
      case ':path':
        return this.hasPath ? this.path : null;
      case ':authority':
      case 'host':
        return this.authority;
      case ':scheme':
        return isTrue(field(hcm, 'scheme_header_transformation'), 'match_upstream')
          ? unknown('the scheme is rewritten')
          : this.scheme;
      case 'x-forwarded-proto':
        return this.scheme;
      default:
        return this.#sentHeader(hcm, tls, name);
    }
  }

  several(name: string): readonly string[] | null {
    return this.#sent.tell(timesSent(name)) < 2 ? null : valuesAmong(this.original.headers, name, this.compared(name));
  }

  eachCounts(name: string, { minor, key }: EachCounts): boolean {
    const { version, runtime } = this.#from.peer;
    return version !== undefined && version >= minor && keepsApart(name) && runtime.overridden(key) === null;
  }

  #sentHeader(hcm: Cursor, tls: TlsHello | null, name: string): string | null | Unknown {
    if (this.#sent.tell(hidesHeader(name))) return unknown(`a proxy before this one sets the header ${name}`);
    const value = this.#sent.tell(sentHeader(name));
    if (earlyChanges(hcm)?.has(name) !== false)
      return unknown(`the header ${name} may be changed by an extension`, field(hcm, EARLY_MUTATIONS));
    if (name === 'x-envoy-internal') {
      const { internal } = this;
      return typeof internal === 'boolean' ? (internal ? 'true' : null) : internal;
    }
    if (name === 'x-forwarded-for') return forwardedFor(hcm, value);
    if (name === 'x-forwarded-client-cert') return clientCertificate(hcm, value, tls);
    const sets = SET_BY_PROXY.has(name) || (name === 'x-forwarded-port' && isTrue(hcm, 'append_x_forwarded_port'));
    if (sets) return unknown(`the proxy sets the header ${name}`);
    if (AT_EDGE.has(name) && (value !== null || isTrue(hcm, 'add_user_agent')))
      return unknown(`the proxy may remove or set the header ${name}`);
    if (INTERNAL_HEADERS.has(name) && value !== null) return this.#ifInternal(value);
    if (CONNECTION_HEADERS.has(name) && value !== null) return unknown(`the proxy may remove the header ${name}`);
    if (name === 'user-agent' && isTrue(hcm, 'add_user_agent'))
      return unknown('the proxy may set the header user-agent');
    return value;
  }

  #ifInternal(value: string): string | null | Unknown {
    const { internal } = this;
    return typeof internal === 'boolean' ? (internal ? value : null) : internal;
  }
}

const EARLY_MUTATIONS = 'early_header_mutation_extensions';

/** `Connection: upgrade` with `Upgrade: websocket` (Utility::isUpgrade, source/common/http/utility.cc). */
function upgradeAsked(sent: SentRequest): string | null {
  const connection = sent.tell(sentHeader('connection'));
  if (connection === null || !/(^|[,\s])upgrade([,\s]|$)/i.test(connection)) return null;
  return sent.tell(sentHeader('upgrade'))?.toLowerCase() ?? null;
}

/** What was taken out of a snapshot says nothing to whoever wants to read it. */
function notRedacted(name: string, value: string | null | Unknown): string | null | Unknown {
  const hidden = typeof value === 'string' && holdsRedacted(value);
  return hidden ? unknown(`the value of the header ${name} was taken out of the snapshot`) : value;
}
