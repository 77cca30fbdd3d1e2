import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ConnectionContext } from '../context.ts';
import { readNetworkInput } from '../match/network-input.ts';
import { field } from '../proto-json.ts';
import type { RequestView } from './request-view.ts';

const HEADER = 'envoy.type.matcher.v3.HttpRequestHeaderMatchInput';

/**
 * What the inputs of a matcher over HTTP requests read: headers, joined by commas (source/common/http/matching/inputs.h), and, where
 * Envoy allows it, the connection. Route tables and RBAC take no other input about a request.
 */
export function readRequestInput(
  request: RequestView,
  { socket, tls }: Pick<ConnectionContext, 'socket' | 'tls'>,
): (type: string, config: Cursor) => string | null | Unknown {
  return (type, config) => {
    if (type === HEADER) return request.headers.get((field(config, 'header_name').string() ?? '').toLowerCase());
    return readNetworkInput(type, socket, tls);
  };
}
