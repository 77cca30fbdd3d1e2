import { localReply } from '../http/http-context.ts';
import { field, isTrue, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import { foreignOverride, overrideOf } from './filter.ts';
import type { RunHttpFilter } from './filter.ts';

const PER_ROUTE = 'envoy.extensions.filters.http.buffer.v3.BufferPerRoute';
const KNOWN = new Set(['@type', 'max_request_bytes']);

/**
 * envoy.filters.http.buffer (source/extensions/filters/http/buffer/buffer_filter.cc): waits for the whole body and answers 413 to one
 * that is larger than max_request_bytes. A request that announces no body passes.
 */
export const runBuffer: RunHttpFilter = (context, filter, walk, next) => {
  const perRoute = overrideOf(filter, PER_ROUTE);
  if (perRoute === 'mismatch') return undetermined(walk, foreignOverride(filter));
  if (perRoute !== null && isTrue(perRoute, 'disabled')) return next(walk);
  const config = perRoute === null ? filter.config : field(perRoute, 'buffer');
  const beyond = unknownField(config, KNOWN);
  if (beyond !== undefined) return undetermined(walk, beyond);
  const { headers, upgrade } = context.request;
  // The codec reads no end of a request that asks for one, whatever its content-length says.
  if (upgrade !== null)
    return undetermined(walk, unknown('the filter holds an upgrade until its client ends it', filter.entry.at('name')));
  const length = headers.get('content-length');
  if (isUnknown(length)) return undetermined(walk, length);
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
  const reasons = [`${length} bytes are more than ${limit.number() ?? 0}`];
  const refused = withStep(walk, step('http-filter', 'replied', filter.name, { reasons, cites: [limit] }));
  return localReply(context, refused, {
    status: 413,
    flag: null,
    detail: 'request_payload_too_large',
    body: 'Payload Too Large',
  });
};
