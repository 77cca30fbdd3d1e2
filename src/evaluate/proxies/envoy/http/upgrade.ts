import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { HttpRequest } from '../../../../model/request.ts';
import { field, isTrue, unknown } from '../proto-json.ts';
import type { Truth } from '../truth.ts';
import type { HttpContext } from './http-context.ts';
import type { RequestView } from './request-view.ts';
import { PROTOCOL, SentHttp, WHOLE } from './sent-request.ts';
import type { SentRequest } from './sent-request.ts';

/** Protocols that stay a CONNECT, or change it in another way (Utility::isH2UpgradeRequest and isConnectUdpRequest). */
const OTHER_PROTOCOLS = new Set(['bytestream', 'connect-udp', 'connect-ip']);

/**
 * A CONNECT over HTTP/2 with a `:protocol` is taken for the upgrade of HTTP/1.1 that it stands for, once the codec has let it through
 * (Utility::transformUpgradeRequestFromH2toH1, source/common/http/utility.cc). Any other request is left as it is.
 */
export function readExtendedConnect(sent: SentRequest): SentRequest | Unknown {
  if (sent.tell(PROTOCOL) === undefined) return sent;
  const http = sent.tell(WHOLE);
  const { protocol = '', ...request } = http;
  if (http.version !== 'h2' || http.method !== 'CONNECT') return unknown('only a CONNECT over HTTP/2 has a :protocol');
  if (OTHER_PROTOCOLS.has(protocol.toLowerCase()))
    return unknown(`CONNECT with the protocol ${protocol} is not evaluated`);
  return new SentHttp({
    ...request,
    method: 'GET',
    headers: [...request.headers, ['upgrade', protocol], ['connection', 'upgrade']],
  });
}

/** An upgrade of HTTP/1.1 as it is sent over HTTP/2 (Utility::transformUpgradeRequestFromH1toH2). */
export function asExtendedConnect(http: HttpRequest, protocol: string): HttpRequest {
  const headers = http.headers.filter(
    ([name, value]) => name !== 'upgrade' && name !== 'connection' && !(name === 'content-length' && value === '0'),
  );
  return { ...http, method: 'CONNECT', headers, protocol };
}

/**
 * Whether the bytes inside a CONNECT, or a POST where that is allowed, are sent on by themselves, without HTTP
 * (RouteAction.UpgradeConfig.connect_config; Filter::createConnPool, source/common/router/router.cc).
 */
export function opensTunnel(action: Cursor, { method }: RequestView): boolean {
  if (method !== 'CONNECT' && method !== 'POST') return false;
  const config = field(entryFor(field(action, 'upgrade_configs'), 'connect') ?? action, 'connect_config');
  return config.exists && (method === 'CONNECT' || isTrue(config, 'allow_post'));
}

/**
 * Whether an HTTP/1.1 upgrade or CONNECT may pass; true for a request that asks for none. The route's upgrade_configs overrule those of the
 * connection manager (FilterManager::createUpgradeFilterChain); without an entry the request is answered with 403.
 */
export function upgradeAllowed(context: HttpContext): Truth {
  const wanted = context.request.upgrade;
  if (wanted === null) return true;
  const own = entryFor(field(context.hcm, 'upgrade_configs'), wanted);
  const route = context.choice.route;
  const onRoute = route === null ? undefined : entryFor(field(field(route, 'route'), 'upgrade_configs'), wanted);
  if (own !== undefined && field(own, 'filters').exists) return unknown('upgrades have filters of their own', own);
  const decisive = onRoute ?? own;
  return decisive !== undefined && field(decisive, 'enabled').boolean() !== false;
}

function entryFor(configs: Cursor, type: string): Cursor | undefined {
  return configs.items().find((entry) => field(entry, 'upgrade_type').string()?.toLowerCase() === type);
}
