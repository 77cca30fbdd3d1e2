import type { ConnectionContext } from '../context.ts';
import type { ReadInput } from '../match/matcher-tree.ts';
import { readNetworkInput } from '../match/network-input.ts';
import { decideByMatcher, decideRbac, denialDetail } from '../rbac/engine.ts';
import { rbacStep } from '../rbac/step.ts';
import { NETWORK_RBAC_METADATA, shadowMetadata } from '../rbac/shadow-metadata.ts';
import type { RbacSubject } from '../rbac/subject.ts';
import { dynamicMetadata } from '../rbac/dynamic-metadata.ts';
import { field, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import { closeAtFirstByte } from './first-byte.ts';
import { closed } from './closed.ts';
import type { RunNetworkFilter } from './filter.ts';

const KNOWN = new Set([
  '@type',
  'rules',
  'matcher',
  'shadow_rules',
  'shadow_matcher',
  'shadow_rules_stat_prefix',
  'stat_prefix',
  'enforcement_type',
  'delay_deny',
]);

/**
 * envoy.filters.network.rbac (source/extensions/filters/network/rbac/rbac_filter.cc): a denied connection is closed; the policy
 * stands in the connection's termination details. Rules about headers see none. The rules are looked at when the first byte
 * arrives. Shadow rules decide nothing, but what they would say is noted as dynamic metadata, which filters after this one may ask for.
 */
export const runRbac: RunNetworkFilter = (context, filter, entering, next) => {
  const beyond = unknownField(filter.config, KNOWN);
  if (beyond !== undefined) return undetermined(entering, beyond);
  const subject = subjectOf(context);
  const read: ReadInput = (type) => readNetworkInput(type, context.socket, context.tls);
  const noted = shadowMetadata(NETWORK_RBAC_METADATA, filter.config, filter.config, { read, subject: () => subject });
  const walk = noted.length === 0 ? entering : { ...entering, metadata: [...entering.metadata, ...noted] };
  const rules = field(filter.config, 'rules');
  const matcher = field(filter.config, 'matcher');
  if (!rules.exists && !matcher.exists) return next(walk);
  const decision = matcher.exists ? decideByMatcher(matcher, read) : decideRbac(rules, subject);
  if (isUnknown(decision))
    return undetermined(withStep(walk, step('network-filter', 'unknown', filter.name)), decision);
  const decide = (from: Walk): Walk => withStep(from, rbacStep('network-filter', filter.name, decision));
  if (decision.allowed) return next(decide(walk));
  const close = closed(context, { flag: null, detail: denialDetail(decision), denied: true });
  return closeAtFirstByte(context, walk, decide, next, close);
};

function subjectOf({ socket, tls }: ConnectionContext): RbacSubject {
  return {
    headers: null,
    path: null,
    localAddress: socket.localAddress,
    localPort: socket.localPort,
    directRemoteAddress: socket.directAddress,
    connectionRemoteAddress: socket.remoteAddress,
    remoteAddress: socket.remoteAddress,
    serverName: socket.serverName,
    tls,
    metadata: (name) => dynamicMetadata(null, [], name),
  };
}
