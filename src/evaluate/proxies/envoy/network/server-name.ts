import type { Condition, Unknown } from '../../../../model/branching.ts';
import type { ConnectionContext } from '../context.ts';
import { field, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { branch, step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import type { NetworkFilter, RunNetworkFilter } from './filter.ts';

/** Names the cluster after the server name of the client hello (source/extensions/filters/network/sni_cluster/sni_cluster.cc). */
export const nameClusterBySni: RunNetworkFilter = (context, filter, walk, next) => {
  const serverName = readServerName(context, filter);
  if (isUnknown(serverName)) return undetermined(walk, serverName);
  if (serverName === '') return next(walk);
  const named = step('network-filter', 'passed', filter.name, {
    reasons: [`cluster by server name ${serverName}`],
    cites: [filter.entry.at('name')],
  });
  return next(withStep(walk, named), { ...context, clusterOverride: serverName });
};

const KNOWN = new Set(['@type', 'dns_cache_config', 'port_value']);
const HOST_NAME = /^(?=.*[a-z])[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/;

/**
 * envoy.filters.network.sni_dynamic_forward_proxy (source/extensions/filters/network/sni_dynamic_forward_proxy/proxy_filter.cc): the
 * server name of the client hello is resolved by DNS, whose answer is in no dump, for a TCP proxy behind it that goes to a dynamic forward
 * proxy. Without an answer the connection goes on, and that cluster has no host.
 */
export const resolveSni: RunNetworkFilter = (context, filter, walk, next) => {
  const beyond = unknownField(filter.config, KNOWN);
  if (beyond !== undefined) return undetermined(walk, beyond);
  const cite = filter.entry.at('name');
  const serverName = readServerName(context, filter);
  if (isUnknown(serverName)) return undetermined(walk, serverName);
  const told = (from: Walk, reason: string): Walk =>
    withStep(from, step('network-filter', 'passed', filter.name, { reasons: [reason], cites: [cite] }));
  if (serverName === '') return next(told({ ...walk, resolvedHost: '' }, 'there is no server name to resolve'));
  const port = field(filter.config, 'port_value').number() ?? 0;
  if (port === 0 || !HOST_NAME.test(serverName))
    return undetermined(
      walk,
      unknown(`the host ${JSON.stringify(serverName)} with port ${port} is not one that is evaluated`, cite),
    );
  const condition = (value: boolean): Condition => ({
    key: `resolves:${serverName}`,
    value,
    subject: { kind: 'resolves', name: serverName },
  });
  const resolved = { ...branch(walk, 1, condition(true)), resolvedHost: `${serverName}:${port}` };
  const failed = { ...branch(walk, 1, condition(false)), resolvedHost: '' };
  return [
    ...next(told(resolved, `${serverName} is resolved by DNS`)),
    ...next(told(failed, `${serverName} has no address`)),
  ];
};

/** The server name that an inspector read; `''`: there is none. */
function readServerName({ socket }: ConnectionContext, { entry }: NetworkFilter): string | Unknown {
  return socket.blindInspectors.includes('tls')
    ? unknown('what the client sends, and so its server name, is not known', entry.at('name'))
    : socket.serverName;
}
