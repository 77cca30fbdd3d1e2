import { parseAddress } from '../../../../model/address.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { HttpRequest, TlsHello } from '../../../../model/request.ts';
import { httpProtocolOptions, upstreamHttpVersion } from '../cluster/upstream-http.ts';
import { memoised } from '../memo.ts';
import { enumName, field, fields, isTrue } from '../proto-json.ts';
import { HostSide, ServerNameSide } from '../tls/server-name-side.ts';
import { withoutPort } from './host.ts';
import type { HttpContext } from './http-context.ts';

/**
 * What an HTTP connection to a host offers: Istio's ALPN filter decides before the cluster's own list, and where both are silent the
 * version that is spoken is offered, or both where that is left open (source/common/http/conn_pool_base.cc, wrapTransportSocketOptions); with auto_sni the host is the
 * server name, unless it is an address, and with auto_san_validation the server's certificate has to bear it
 * (source/common/router/router.cc, decodeHeaders).
 */
export function upstreamHello(context: HttpContext, cluster: Cursor, hello: TlsHello, http: HttpRequest): TlsHello {
  const own = alpnOverride(context.hcm, cluster, http.version) ?? hello.alpn;
  const spoken = upstreamHttpVersion(cluster, http.version) === undefined ? ['h2', 'http/1.1'] : [http.version];
  const alpn = own.length > 0 ? own : spoken;
  const host = withoutPort(http.authority).replace(/^\[|\]$/g, '');
  const { serverName, names } = hostInTls(cluster);
  const named = serverName && parseAddress(host) === undefined;
  const sni = named ? host : hello.sni;
  const offered = { ...hello, alpn, sni };
  const { side } = hello;
  if (side === undefined) return offered;
  const byName = side instanceof ServerNameSide ? side : null;
  if (names === null) return { ...offered, side: byName?.sending(sni) ?? side };
  return { ...offered, side: new HostSide(byName?.own ?? side, names === 'host' ? host : null) };
}

/** What the host of a request is for in TLS: the server name, and what the certificate must bear; null: nothing more. */
const hostInTls = memoised((cluster): { readonly serverName: boolean; readonly names: 'host' | 'other' | null } => {
  const options = httpProtocolOptions(cluster);
  const upstream = [field(options, 'upstream_http_protocol_options'), field(cluster, 'upstream_http_protocol_options')];
  const isSet = (name: string): boolean => upstream.some((one) => isTrue(one, name));
  const other = upstream.some((one) => field(one, 'override_auto_sni_header').exists);
  const names = isSet('auto_san_validation') ? (other ? 'other' : 'host') : null;
  return { serverName: isSet('auto_sni') && !other, names };
});

const ALPN_FILTER = 'istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig';

/**
 * Istio's ALPN filter names the protocols offered upstream, by the protocol spoken there, unless the cluster is marked otherwise
 * (istio/proxy, source/extensions/filters/http/alpn/alpn_filter.cc).
 */
function alpnOverride(hcm: Cursor, cluster: Cursor, version: HttpRequest['version']): readonly string[] | undefined {
  const filter = field(hcm, 'http_filters')
    .items()
    .find((item) => field(item, 'typed_config').at('@type').string()?.endsWith(ALPN_FILTER) === true);
  if (filter === undefined) return undefined;
  const marked = fields(cluster, 'metadata', 'filter_metadata').at('istio', 'alpn_override').string();
  if (marked === 'false') return undefined;
  const wanted = version === 'h2' ? 'HTTP2' : 'HTTP11';
  const overrides = field(field(filter, 'typed_config'), 'alpn_override').items();
  const entry = overrides.find(
    (item) => enumName(field(item, 'upstream_protocol'), ['HTTP10', 'HTTP11', 'HTTP2']) === wanted,
  );
  return entry && field(entry, 'alpn_override').strings();
}
