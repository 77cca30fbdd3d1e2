import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { HttpContext } from '../http/http-context.ts';
import { localReply } from '../http/http-context.ts';
import { matchHeaders } from '../match/header-match.ts';
import { memoised } from '../memo.ts';
import { field, seconds, typedMessage, unknown, unknownField } from '../proto-json.ts';
import { fractionProbability, readFraction } from '../runtime.ts';
import { isUnknown } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { branch, step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import { foreignOverride, overrideOf } from './filter.ts';
import type { HttpFilter, RunHttpFilter } from './filter.ts';

const TYPE = 'envoy.extensions.filters.http.fault.v3.HTTPFault';
const KNOWN = new Set([
  '@type',
  'delay',
  'abort',
  'upstream_cluster',
  'headers',
  'downstream_nodes',
  'response_rate_limit',
  'delay_percent_runtime',
  'abort_percent_runtime',
  'delay_duration_runtime',
  'abort_http_status_runtime',
  'max_active_faults_runtime',
  'response_rate_limit_percent_runtime',
  'abort_grpc_status_runtime',
  'disable_downstream_cluster_stats',
  'filter_metadata',
]);

/**
 * envoy.filters.http.fault (source/extensions/filters/http/fault/fault_filter.cc): a delay and an abort are drawn independently of
 * each other, each with its percentage; a delayed request carries the flag DI, an aborted one FI and `fault filter abort`.
 * Percentages are branches. A limit of the response rate only slows the answer.
 */
export const runFault: RunHttpFilter = (context, filter, walk, next) => {
  const override = overrideOf(filter, TYPE);
  if (override === 'mismatch') return undetermined(walk, foreignOverride(filter));
  if (override === null && isIdle(filter.config)) return next(walk);
  const config = typedMessage(override ?? filter.config);
  if (isIdle(config)) return next(walk);
  const applies = unknownField(config, KNOWN) ?? matchFault(config, context);
  if (isUnknown(applies)) return undetermined(walk, applies);
  if (!applies) return next(walk);
  const overridden = overriddenFault(config, context);
  if (overridden !== null) return undetermined(walk, overridden);
  return delay(context, filter, config, walk, (delayed) => abort(context, filter, config, delayed, next));
};

const isIdle = memoised((config): boolean => !field(config, 'delay').exists && !field(config, 'abort').exists);

/** Restrictions of a fault: the cluster that the route goes to, the sending node, request headers. */
function matchFault(config: Cursor, context: HttpContext): Truth {
  const cluster = field(config, 'upstream_cluster').string() ?? '';
  if (cluster !== '') {
    const chosen = context.choice.cluster?.cluster;
    if (context.choice.route === null || chosen === undefined) return false;
    if (chosen !== cluster) return false;
  }
  const nodes = field(config, 'downstream_nodes').strings();
  if (nodes.length > 0) {
    const node = context.request.headers.get('x-envoy-downstream-service-node');
    if (isUnknown(node)) return node;
    if (node === null || !nodes.includes(node)) return false;
  }
  return matchHeaders(field(config, 'headers').items(), context.request.headers);
}

/** What else than percentages runtime may say of faults, with the field that names the key and the key where none does. */
const RUNTIME_KEYS: readonly (readonly [field: string, key: string])[] = [
  ['delay_duration_runtime', 'fault.http.delay.fixed_duration_ms'],
  ['abort_http_status_runtime', 'fault.http.abort.http_status'],
  ['abort_grpc_status_runtime', 'fault.http.abort.grpc_status'],
  ['max_active_faults_runtime', 'fault.http.max_active_faults'],
];

/** Keys of the runtime may also stand below the name of the cluster that asks (FaultFilter::maybeSetDownstreamCluster and others). */
function overriddenFault(config: Cursor, { connection, request }: HttpContext): Unknown | null {
  const { runtime } = connection;
  for (const [name, key] of RUNTIME_KEYS) {
    const own = field(config, name).string() ?? '';
    const shown = runtime.shown(own === '' ? key : own);
    if (shown !== null) return shown;
  }
  const cluster = request.headers.get(DOWNSTREAM_CLUSTER);
  return cluster !== null && runtime.showsBelow('fault.http')
    ? unknown(`the runtime may say something else for the cluster in ${DOWNSTREAM_CLUSTER}`)
    : null;
}

const DOWNSTREAM_CLUSTER = 'x-envoy-downstream-service-cluster';

type Continue = (walk: Walk) => EnvoyOutcome[];

function delay(context: HttpContext, filter: HttpFilter, config: Cursor, walk: Walk, next: Continue): EnvoyOutcome[] {
  const fault = field(config, 'delay');
  if (!fault.exists) return next(walk);
  const duration = field(fault, 'header_delay').exists
    ? firstNumber(context, 'x-envoy-fault-delay-request')
    : (seconds(field(fault, 'fixed_delay')) ?? 0) * 1000;
  if (isUnknown(duration)) return undetermined(walk, duration);
  if (duration === null || duration <= 0) return next(walk);
  const probability = drawn(context, config, fault, 'delay_percent_runtime', 'fault.http.delay.fixed_delay_percent');
  if (isUnknown(probability)) return undetermined(walk, probability);
  const delayed = (from: Walk): EnvoyOutcome[] =>
    next(
      withStep(
        { ...from, flags: [...from.flags, 'DI'], delay: from.delay + duration / 1000 },
        step('http-filter', 'delayed', filter.name, {
          reasons: [`${duration} ms`, percentage(probability)],
          cites: [fault],
        }),
      ),
    );
  return split(walk, probability, delayed, next);
}

function abort(context: HttpContext, filter: HttpFilter, config: Cursor, walk: Walk, next: Continue): EnvoyOutcome[] {
  const fault = field(config, 'abort');
  if (!fault.exists) return next(walk);
  const asked = abortStatus(context, fault);
  if (isUnknown(asked)) return undetermined(walk, asked);
  if (asked === null) return next(walk);
  const { status, grpcStatus } = asked;
  const probability = drawn(context, config, fault, 'abort_percent_runtime', 'fault.http.abort.abort_percent');
  if (isUnknown(probability)) return undetermined(walk, probability);
  const aborted = (from: Walk): EnvoyOutcome[] =>
    localReply(
      context,
      withStep(
        from,
        step('http-filter', 'aborted', filter.name, { reasons: [percentage(probability)], cites: [fault] }),
      ),
      {
        status,
        flag: 'FI',
        detail: 'fault_filter_abort',
        body: field(fault, 'response_body').string() ?? 'fault filter abort',
        ...(grpcStatus !== null && { grpcStatus }),
      },
    );
  return split(walk, probability, aborted, next);
}

const UINT64 = 1n << 64n;

/** What an abort answers with. */
interface AbortStatus {
  readonly status: number;
  /** null: none is told. */
  readonly grpcStatus: number | null;
}

/**
 * The status of an abort; null: there is none that Envoy takes. Of headers that of gRPC counts where there is no other
 * (FaultFilter::abortStatus and HeaderAbortProvider).
 */
function abortStatus(context: HttpContext, fault: Cursor): AbortStatus | null | Unknown {
  const byHeader = field(fault, 'header_abort').exists;
  const ofGrpc = field(fault, 'grpc_status').number();
  if (!byHeader && ofGrpc !== undefined) return { status: 200, grpcStatus: ofGrpc };
  const status = byHeader
    ? firstNumber(context, 'x-envoy-fault-abort-request')
    : (field(fault, 'http_status').number() ?? 0);
  if (isUnknown(status)) return status;
  if (status !== null && status >= 200 && status <= 599) return { status, grpcStatus: null };
  const grpcStatus = byHeader ? firstNumber(context, 'x-envoy-fault-abort-grpc-request') : null;
  return isUnknown(grpcStatus) || grpcStatus === null ? grpcStatus : { status: 200, grpcStatus };
}

function split(walk: Walk, probability: number, hit: Continue, miss: Continue): EnvoyOutcome[] {
  if (probability <= 0) return miss(walk);
  if (probability >= 1) return hit(walk);
  return [...hit(branch(walk, probability)), ...miss(branch(walk, 1 - probability))];
}

/**
 * A fault's percentage, unless runtime may override it; where the fault itself comes from a header, another header may lower its
 * numerator (HeaderPercentageProvider, source/extensions/filters/common/fault/fault_config.cc).
 */
function drawn(
  context: HttpContext,
  config: Cursor,
  fault: Cursor,
  runtimeField: string,
  runtimeKey: string,
): number | Unknown {
  const header = runtimeField.startsWith('delay')
    ? 'x-envoy-fault-delay-request-percentage'
    : 'x-envoy-fault-abort-request-percentage';
  const controlled = field(fault, 'header_delay').exists || field(fault, 'header_abort').exists;
  const lowered = controlled ? firstNumber(context, header) : null;
  if (isUnknown(lowered)) return lowered;
  const key = field(config, runtimeField).string() ?? runtimeKey;
  const overridden = context.connection.runtime.overridden(key);
  if (overridden !== null) return overridden;
  const { numerator, denominator } = readFraction(field(fault, 'percentage'));
  return fractionProbability({ numerator: Math.min(numerator, lowered ?? numerator), denominator });
}

/** The number in the first header of a name; null: there is none, or it is no number, which counts as none. */
function firstNumber(context: HttpContext, name: string): number | null | Unknown {
  const value = context.request.headers.get(name);
  if (value === null || isUnknown(value)) return value;
  const first = context.request.original.headers.find(([other]) => other === name)?.[1] ?? value;
  return /^\d{1,20}$/.test(first) && BigInt(first) < UINT64 ? Number(first) : null;
}

function percentage(probability: number): string {
  return `${Number((probability * 100).toPrecision(6))} % of requests`;
}
