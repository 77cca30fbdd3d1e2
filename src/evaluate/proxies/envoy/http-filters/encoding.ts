/**
 * Filters that pass every request and change how its body is encoded: compressor, decompressor, grpc_web. Their headers count for what
 * comes after.
 */
import { withHeaders } from '../http/changed-request.ts';
import type { ChangedHeaders } from '../http/changed-request.ts';
import type { RequestView } from '../http/request-view.ts';
import { field, fields, isTrue, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import type { HttpFilter, RunHttpFilter } from './filter.ts';

/** Headers of a request that a filter may have changed, if they are there or `always`. */
function mayChange(
  { name }: HttpFilter,
  request: RequestView,
  names: readonly string[],
  always: readonly string[] = [],
): ChangedHeaders {
  const sent = names.filter((one) => request.headers.compared(one) !== null);
  return new Map(
    [...sent, ...always].map((one) => [one, unknown(`HTTP filter ${name} may change the header ${one}`)] as const),
  );
}

/**
 * envoy.filters.http.compressor takes accept-encoding away where that is asked for, and compresses bodies of requests where it has a
 * configuration for them (source/extensions/filters/http/compressor/compressor_filter.cc, decodeHeaders).
 */
export const runCompressor: RunHttpFilter = ({ request }, filter, walk, next) => {
  const { config } = filter;
  const removes =
    filter.override !== null ||
    isTrue(config, 'remove_accept_encoding_header') ||
    isTrue(field(config, 'response_direction_config'), 'remove_accept_encoding_header');
  const compresses = field(config, 'request_direction_config').exists;
  return next(
    walk,
    withHeaders(
      request,
      mayChange(
        filter,
        request,
        [...(removes ? ['accept-encoding'] : []), ...(compresses ? ['content-length'] : [])],
        compresses ? ['content-encoding'] : [],
      ),
    ),
  );
};

/**
 * envoy.filters.http.decompressor reads encoded bodies, and says in accept-encoding what it can read, unless that is switched off
 * (source/extensions/filters/http/decompressor/decompressor_filter.cc, decodeHeaders).
 */
export const runDecompressor: RunHttpFilter = ({ request }, filter, walk, next) => {
  const encoded = request.headers.compared('content-encoding') !== null;
  const advertises = fields(filter.config, 'request_direction_config', 'advertise_accept_encoding').boolean() ?? true;
  const changed = mayChange(
    filter,
    request,
    encoded ? ['content-encoding', 'content-length'] : [],
    advertises ? ['accept-encoding'] : [],
  );
  return next(walk, withHeaders(request, changed));
};

const GRPC_WEB = /^application\/grpc-web(-text)?(\+proto)?$/;

/**
 * envoy.filters.http.grpc_web makes gRPC of gRPC-Web (source/extensions/filters/http/grpc_web/grpc_web_filter.cc, decodeHeaders), which
 * is not what answers of the proxy's own take the request for.
 */
export const runGrpcWeb: RunHttpFilter = ({ request }, filter, walk, next) => {
  const type = request.headers.compared('content-type');
  if (type !== null && !isUnknown(type) && !type.startsWith('application/grpc-web')) return next(walk);
  if (type === null) return next(walk);
  const changed = mayChange(filter, request, ['content-length'], ['te', 'grpc-accept-encoding']);
  const becomes =
    isUnknown(type) || !GRPC_WEB.test(type) ? mayChange(filter, request, ['content-type']) : new Map([GRPC]);
  return next(walk, withHeaders(request, new Map([...changed, ...becomes])));
};

const GRPC = ['content-type', ['application/grpc']] as const;
