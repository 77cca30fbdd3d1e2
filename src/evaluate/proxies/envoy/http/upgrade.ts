import type { Cursor } from '../../../../model/json.ts';
import { field, isTrue, unknown } from '../proto-json.ts';
import type { Truth } from '../truth.ts';
import type { HttpContext } from './http-context.ts';
import type { RequestView } from './request-view.ts';

/**
 * Whether the bytes inside a CONNECT, or a POST where that is allowed, are sent on by themselves, without HTTP
 * (RouteAction.UpgradeConfig.connect_config; Filter::createConnPool, source/common/router/router.cc).
 */
export function opensTunnel(action: Cursor, { method }: RequestView): boolean {
  const config = field(entryFor(field(action, 'upgrade_configs'), 'connect') ?? action, 'connect_config');
  return config.exists && (method === 'CONNECT' || (method === 'POST' && isTrue(config, 'allow_post')));
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
