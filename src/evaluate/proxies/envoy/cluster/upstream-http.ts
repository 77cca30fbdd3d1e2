import type { Cursor } from '../../../../model/json.ts';
import { field, fields } from '../proto-json.ts';

/** What a cluster says about HTTP to its hosts: its HttpProtocolOptions; absent where it has none. */
export function httpProtocolOptions(cluster: Cursor): Cursor {
  return fields(cluster, 'typed_extension_protocol_options').at(
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  );
}

/** Whether the cluster's hosts are spoken to with HTTP/2, HTTP/1.1, or as the client did; undefined: it depends. */
export function upstreamHttpVersion(cluster: Cursor, downstream: 'http/1.1' | 'h2'): 'http/1.1' | 'h2' | undefined {
  const options = httpProtocolOptions(cluster);
  if (field(options, 'use_downstream_protocol_config').exists) return downstream;
  if (field(options, 'auto_config').exists) return undefined;
  const explicit = field(options, 'explicit_http_config');
  if (field(explicit, 'http3_protocol_options').exists) return undefined;
  return field(explicit, 'http2_protocol_options').exists || field(cluster, 'http2_protocol_options').exists
    ? 'h2'
    : 'http/1.1';
}
