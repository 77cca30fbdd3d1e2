import type { ReadInput } from '../match/matcher-tree.ts';
import { readNetworkInput } from '../match/network-input.ts';
import { decideByMatcher, decideRbac, denialDetail } from '../rbac/engine.ts';
import { rbacStep } from '../rbac/step.ts';
import { field, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { branch, end, step, undetermined, withStep } from '../walk.ts';
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
 * arrives: a TCP proxy behind, which looks for its host before that, may have given up by then.
 */
export const runRbac: RunNetworkFilter = (context, filter, walk, next) => {
  const beyond = unknownField(filter.config, KNOWN);
  if (beyond !== undefined) return undetermined(walk, beyond);
  const rules = field(filter.config, 'rules');
  const matcher = field(filter.config, 'matcher');
  if (!rules.exists && !matcher.exists) return next(walk);
  const { socket, tls } = context;
  const read: ReadInput = (type) => readNetworkInput(type, socket, tls);
  const decision = matcher.exists
    ? decideByMatcher(matcher, read)
    : decideRbac(rules, {
        headers: null,
        path: null,
        localAddress: socket.localAddress,
        localPort: socket.localPort,
        directRemoteAddress: socket.remoteAddress,
        remoteAddress: socket.remoteAddress,
        serverName: socket.serverName,
        tls,
      });
  if (isUnknown(decision))
    return undetermined(withStep(walk, step('network-filter', 'unknown', filter.name)), decision);
  const decided = withStep(walk, rbacStep('network-filter', filter.name, decision));
  if (decision.allowed) return next(decided);
  const gaveUp = next(walk).filter((outcome) => outcome.end.kind === 'close' && GIVES_UP.has(outcome.end.flag ?? ''));
  const denied = gaveUp.reduce((left, outcome) => left - outcome.probability / walk.probability, 1);
  if (denied < 1e-12) return gaveUp;
  const close = { kind: 'close', flag: null, detail: denialDetail(decision), denied: true } as const;
  return [...gaveUp, ...end(branch(decided, denied), close)];
};

/** Flags of a TCP proxy that has no cluster or no host. */
const GIVES_UP = new Set(['NC', 'UH']);
