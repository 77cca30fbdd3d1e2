import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { ReadInput } from '../match/matcher-tree.ts';
import { readNetworkInput } from '../match/network-input.ts';
import { decideByMatcher, decideRbac, denialDetail } from '../rbac/engine.ts';
import { rbacStep } from '../rbac/step.ts';
import { unsetMetadata } from '../rbac/unset-metadata.ts';
import { field, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { branch, end, step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
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
 * arrives: filters behind that decide about the connection itself, as a TCP proxy which looks for its host, may have given up by then.
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
        directRemoteAddress: socket.directAddress,
        connectionRemoteAddress: socket.remoteAddress,
        remoteAddress: socket.remoteAddress,
        serverName: socket.serverName,
        tls,
        metadata: (name) => unsetMetadata(null, name),
      });
  if (isUnknown(decision))
    return undetermined(withStep(walk, step('network-filter', 'unknown', filter.name)), decision);
  const decided = withStep(walk, rbacStep('network-filter', filter.name, decision));
  if (decision.allowed) return next(decided);
  const close = { kind: 'close', flag: null, detail: denialDetail(decision), denied: true } as const;
  const behind = next(walk);
  const gaveUp = behind.filter((outcome) => outcome.end.kind === 'close' && GIVES_UP.has(outcome.end.flag ?? ''));
  if (gaveUp.length === 0) return end(decided, close);
  return [...gaveUp, ...remainder(decided, behind, gaveUp).flatMap((left) => end(left, close))];
};

/** What is left of a walk beside the outcomes that were earlier, under each condition on which those turned. */
function remainder(walk: Walk, all: readonly EnvoyOutcome[], earlier: readonly EnvoyOutcome[]): Walk[] {
  const own = new Set(walk.conditions);
  const keys = new Set(earlier.flatMap(({ conditions }) => conditions.map(({ key }) => key)));
  const turns = new Map(
    all.map(({ conditions }) => {
      const open = conditions.filter((condition) => keys.has(condition.key) && !own.has(condition));
      return [open.map(({ key, value }) => `${key}=${value}`).join('\n'), open] as const;
    }),
  );
  return [...turns.values()].flatMap((open) => {
    const holds = ({ conditions }: EnvoyOutcome): boolean =>
      conditions.every(
        (one) => own.has(one) || open.some((other) => other.key === one.key && other.value === one.value),
      );
    const share = earlier.filter(holds).reduce((left, { probability }) => left - probability / walk.probability, 1);
    if (share < 1e-12) return [];
    return [open.reduce((supposed, condition) => branch(supposed, 1, condition), branch(walk, share))];
  });
}

/** Flags of a TCP proxy that has no cluster, no host or no room, and of a rate limit of connections. */
const GIVES_UP = new Set(['NC', 'UH', 'UO', 'URX']);
