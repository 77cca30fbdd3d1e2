import { formatEndpoint } from '../../model/address.ts';
import { uniqueEvidence } from '../../model/evidence.ts';
import type { Step } from '../../model/explanation.ts';
import type { Flow } from '../../model/flow.ts';
import type { MatchedRule, TraversalOutcome } from '../../model/netfilter.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import { addressText } from './names.ts';
import { listText } from '../../model/wording.ts';

const ENDINGS: Readonly<Record<string, string>> = { drop: 'dropped', reject: 'rejected' };

/**
 * The steps of one way through a network namespace's rules. Rules that only lead somewhere (jumps, returns, counters) become
 * the evidence of the step that they lead to, so that each step is one decision with its whole proof.
 * @param start the packet as it came
 */
export function netfilterSteps(view: ClusterView | undefined, start: Flow, outcome: TraversalOutcome): Step[] {
  const steps: Step[] = [];
  let led: MatchedRule[] = [];
  let flow = start;
  for (const matched of outcome.rules) {
    led.push(matched);
    const text = effectText(view, flow, matched, led);
    flow = matched.after ?? flow;
    if (text === null) continue;
    const assumptions = led.flatMap((one) => one.assumptions ?? []);
    const evidence = led.map((one) => one.evidence);
    steps.push({ kind: 'rule', ...text, evidence, ...(assumptions.length === 0 ? {} : { assumptions }) });
    led = [];
  }
  return [...steps, ...closingStep(start, outcome, led)];
}

/** What a rule did to the packet, when it did anything that a person wants to see as a step of its own. */
function effectText(
  view: ClusterView | undefined,
  before: Flow,
  matched: MatchedRule,
  led: readonly MatchedRule[],
): { readonly action: string; readonly text: string } | null {
  const after = matched.after;
  const way = wayText(led);
  if (after === undefined) return null;
  if (matched.action === 'ROUTE' || matched.action === 'TUNNEL') {
    const server = addressText(view, after.tracking.ipvs?.server ?? after.destination);
    const how = matched.action === 'ROUTE' ? 'hands the packet as it is to' : 'sends the packet in a tunnel to';
    return { action: 'forwarded', text: `${way} ${how} ${server}` };
  }
  if (after.destination !== before.destination || after.destinationPort !== before.destinationPort) {
    const to = addressText(view, after.destination, after.destinationPort);
    return matched.action === 'REDIRECT'
      ? { action: 'redirected', text: `${way} redirects the connection to local port ${after.destinationPort}` }
      : { action: 'translated', text: `${way} translates the destination to ${to}` };
  }
  if (after.source !== before.source || matched.action === 'MASQUERADE' || matched.action === 'SNAT') {
    return { action: 'masqueraded', text: `${way} translates the source to ${addressText(view, after.source)}` };
  }
  if (after.tracking.state === 'UNTRACKED' && before.tracking.state !== 'UNTRACKED') {
    return { action: 'untracked', text: `${way} takes the packet out of connection tracking: no translation follows` };
  }
  if (after.mark !== before.mark && matched.rule.chain !== 'KUBE-POSTROUTING') {
    // kube-proxy sets this one mark alone; in nftables mode by a rule of whichever chain is concerned.
    const masquerade = matched.rule.chain === 'KUBE-MARK-MASQ' || matched.rule.table.endsWith(' kube-proxy');
    const mark = `0x${after.mark.toString(16)}`;
    return {
      action: 'marked',
      text: masquerade
        ? `${way} marks the packet for masquerading (${mark})`
        : `${way} sets the packet's mark to ${mark}`,
    };
  }
  return null;
}

/** The rules left over at the end: what dropped or rejected the packet, or that nothing stopped it. */
function closingStep(start: Flow, outcome: TraversalOutcome, led: readonly MatchedRule[]): Step[] {
  const ending = ENDINGS[outcome.verdict];
  const evidence = led.map((one) => one.evidence);
  if (ending !== undefined) {
    const by = outcome.endedBy === undefined ? evidence : uniqueEvidence([...evidence, outcome.endedBy]);
    const how = outcome.rejectWith === undefined ? '' : ` with ${outcome.rejectWith}`;
    const flow = formatEndpoint(outcome.flow.destination, outcome.flow.destinationPort);
    const where = led.length === 0 ? 'the chain policy' : wayText(led);
    const verb = outcome.verdict === 'drop' ? 'drops' : 'rejects';
    return [{ kind: 'rule', action: ending, text: `${where} ${verb} the packet to ${flow}${how}`, evidence: by }];
  }
  if (outcome.rules.length === 0 || led.length === 0) return [];
  const hooks = [...new Set(led.map((one) => one.hook.toUpperCase()))];
  const untouched = outcome.flow.destination === start.destination && outcome.flow.source === start.source;
  const text = `no rule of ${listText(hooks, hooks.length, 'or')} ${untouched ? 'translates or stops' : 'stops'} the packet`;
  return [{ kind: 'rule', action: 'passed', text, evidence }];
}

/** `nat PREROUTING → KUBE-SERVICES → KUBE-SVC-ABC`: the chains that led to the last rule. */
function wayText(led: readonly MatchedRule[]): string {
  const last = led.at(-1);
  if (last === undefined) return 'no rule';
  if (last.rule.table === 'ipvs') return `virtual server ${last.rule.chain}`;
  const same = led.filter(
    ({ hook, base, rule }) => hook === last.hook && base === last.base && rule.table === last.rule.table,
  );
  const chains: string[] = [];
  for (const one of same) {
    const from = chains.indexOf(one.rule.chain);
    if (from < 0) chains.push(one.rule.chain);
    else chains.length = from + 1;
  }
  return `${last.rule.table} ${chains.join(' → ')}`;
}
