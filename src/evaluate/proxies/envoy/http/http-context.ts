import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ConnectionContext } from '../context.ts';
import { fields, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { end, undetermined } from '../walk.ts';
import type { Walk } from '../walk.ts';
import type { ClusterChoice } from './cluster-choice.ts';
import { underscoresAction } from './codec-refusal.ts';
import { mapAnswer } from './local-reply-config.ts';
import { grpcStatusOf } from './status-code.ts';
import type { Constraint } from './random-value.ts';
import type { RequestView } from './request-view.ts';

/** The route that a request takes. */
export interface RouteChoice {
  readonly routeConfig: Cursor | null;
  readonly virtualHost: Cursor | null;
  /** null: none matches. */
  readonly route: Cursor | null;
  readonly constraints: readonly Constraint[];
  /** The virtual host demands TLS: the request is redirected whatever its routes say. */
  readonly tlsRedirect: boolean;
  /** Chosen before the filters, when they may depend on it; else null. */
  readonly cluster: ClusterChoice | null;
}

/** A request inside an HTTP connection manager. */
export interface HttpContext {
  readonly connection: ConnectionContext;
  readonly hcm: Cursor;
  readonly request: RequestView;
  /** The request as it was when its route was chosen, before filters changed it. */
  readonly routed: RequestView;
  /** The downstream address after x-forwarded-for. */
  readonly remoteAddress: string | Unknown;
  readonly choice: RouteChoice;
}

/** An answer that the proxy itself gives. */
export interface LocalReply {
  readonly status: number;
  readonly flag: string | null;
  readonly detail: string | null;
  readonly body: string | null;
  readonly denied?: boolean;
  /** To a gRPC request; absent: what the status stands for. */
  readonly grpcStatus?: number;
}

/** What of a request counts for answers to it. */
interface Answering {
  readonly connection: Pick<ConnectionContext, 'runtime'>;
  readonly hcm: Cursor;
  readonly request: Pick<RequestView, 'grpc' | 'tellsOfDropped'> & Partial<Pick<RequestView, 'headers'>>;
}

/**
 * Why it is not known how an answer of the proxy is logged; null: it is. One that comes before the end of the request resets its stream,
 * whose log entry then has DPE and the detail of a header that the codec has dropped (ConnectionManagerImpl::ActiveStream::onResetStream).
 */
export function unsureWhenAnswered({ hcm, request }: Omit<Answering, 'connection'>, status: number): Unknown | null {
  const reason = `whether the answer ${status} comes before the end of the request, which has a header that is dropped, is not known`;
  return request.tellsOfDropped ? unknown(reason, underscoresAction(hcm)) : null;
}

/**
 * Ends a request with a local reply. To a gRPC request the status is 200 and the error stands in grpc-status
 * (source/common/http/utility.cc, Utility::sendLocalReply).
 */
export function localReply(context: Answering, walk: Walk, reply: LocalReply): EnvoyOutcome[] {
  const { hcm, request, connection } = context;
  const flags = [...walk.flags, ...(reply.flag === null ? [] : reply.flag.split(','))];
  const { grpc, headers = null } = request;
  const mapped = mapAnswer(hcm, connection.runtime, { status: reply.status, flags, grpc, headers });
  if (isUnknown(mapped)) return undetermined(walk, mapped);
  const { status, body = reply.body } = mapped;
  const doubt = unsureWhenAnswered(context, status);
  if (doubt !== null) return undetermined(walk, doubt);
  const formatted = fields(hcm, 'local_reply_config', 'body_format').exists || request.grpc;
  return end(walk, {
    kind: 'reply',
    status: request.grpc ? 200 : status,
    grpcStatus: request.grpc ? (reply.grpcStatus ?? grpcStatusOf(reply.status)) : null,
    flag: flags.length === 0 ? null : flags.join(','),
    detail: reply.detail,
    body: formatted ? null : body,
    delaySeconds: walk.delay,
    denied: reply.denied ?? false,
  });
}
