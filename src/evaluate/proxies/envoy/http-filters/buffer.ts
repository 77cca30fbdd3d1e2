import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import { localReply } from '../http/http-context.ts';
import type { HttpContext } from '../http/http-context.ts';
import { field, fields, isTrue, seconds, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import { foreignOverride, overrideOf } from './filter.ts';
import type { HttpFilter, RunHttpFilter } from './filter.ts';

const PER_ROUTE = 'envoy.extensions.filters.http.buffer.v3.BufferPerRoute';
const KNOWN = new Set(['@type', 'max_request_bytes']);

/**
 * envoy.filters.http.buffer (source/extensions/filters/http/buffer/buffer_filter.cc): waits for the whole body and answers 413 to one
 * that is larger than max_request_bytes. A request that announces no body passes. The codec reads no end of a request that asks for an
 * upgrade: nobody behind the filter hears of it.
 */
export const runBuffer: RunHttpFilter = (context, filter, walk, next) => {
  const perRoute = overrideOf(filter, PER_ROUTE);
  if (perRoute === 'mismatch') return undetermined(walk, foreignOverride(filter));
  if (perRoute !== null && isTrue(perRoute, 'disabled')) return next(walk);
  const config = perRoute === null ? filter.config : field(perRoute, 'buffer');
  const beyond = unknownField(config, KNOWN);
  if (beyond !== undefined) return undetermined(walk, beyond);
  const { headers, upgrade } = context.request;
  const length = headers.get('content-length');
  if (isUnknown(length)) return undetermined(walk, length);
  if (upgrade !== null) return holdUpgrade(context, filter, walk, length);
  const limit = field(config, 'max_request_bytes');
  const streamed = context.request.original.headers.some(([name]) => name === 'transfer-encoding');
  const bodiless = length === null && context.request.original.version === 'http/1.1' && !streamed;
  if (bodiless || length === '0') return next(walk);
  if (length === null || !/^\d{1,15}$/.test(length))
    return undetermined(walk, unknown('how long the body of the request is is not known', limit));
  if (Number(length) <= (limit.number() ?? 0)) return next(walk);
  // A body that arrives while a fault holds the request back is buffered already, and no longer counted.
  if (walk.flags.includes('DI'))
    return undetermined(
      walk,
      unknown('whether the body of a delayed request is counted depends on when it arrives', limit),
    );
  // One that comes in a single frame with the end of its stream passes, whatever its length.
  if (context.request.original.version === 'h2')
    return undetermined(walk, unknown('whether the body is counted depends on the frames that it comes in', limit));
  const reasons = [`${length} bytes are more than ${limit.number() ?? 0}`];
  const refused = withStep(walk, step('http-filter', 'replied', filter.name, { reasons, cites: [limit] }));
  return localReply(context, refused, {
    status: 413,
    flag: null,
    detail: 'request_payload_too_large',
    body: 'Payload Too Large',
  });
};

const IDLE_SECONDS = 300;

/**
 * What becomes of an upgrade whose client waits for an answer: the stream is idle until it is given up with 408 and the flag SI
 * (ConnectionManagerImpl::ActiveStream::onIdleTimeout); the route's idle_timeout counts before the manager's.
 */
function holdUpgrade(context: HttpContext, filter: HttpFilter, walk: Walk, length: string | null): EnvoyOutcome[] {
  const name = filter.entry.at('name');
  const { hcm, choice } = context;
  const action = choice.route === null ? null : field(choice.route, 'route');
  const others = [
    field(hcm, 'request_timeout'),
    fields(hcm, 'common_http_protocol_options', 'max_stream_duration'),
    ...(action === null ? [] : [field(action, 'max_stream_duration')]),
  ].filter((limit) => limit.exists);
  if (others.length > 0)
    return undetermined(walk, unknown('which limit of time ends the upgrade that the filter holds', name, ...others));
  if (length !== null && length !== '0')
    return undetermined(walk, unknown('what is sent with an upgrade that the filter holds is not known', name));
  const own = action === null ? null : field(action, 'idle_timeout');
  const limit = own?.exists === true ? own : field(hcm, 'stream_idle_timeout');
  const idle = limit.exists ? seconds(limit) : IDLE_SECONDS;
  if (idle === undefined || idle === 0)
    return undetermined(walk, unknown('the filter holds an upgrade until its client ends it', name));
  const reasons = [`it holds an upgrade until nothing was sent for ${idle} s, or until its client ends it`];
  const held = withStep(walk, step('http-filter', 'replied', filter.name, { reasons, cites: [name, limit] }));
  return localReply(context, held, { status: 408, flag: 'SI', detail: 'stream_idle_timeout', body: 'stream timeout' });
}
