import { formatEndpoint } from '../../model/address.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { MatchedRule } from '../../model/netfilter.ts';
import type { PacketAnswer, PacketOutcome } from './packet.ts';

/** The answer for one packet in words, for people. */
export interface PacketText {
  /** Which packet it is about. */
  readonly heading: string;
  /** Rules that every outcome has met first, when there are several. */
  readonly common: readonly RuleText[];
  readonly outcomes: readonly OutcomeText[];
  /** Outcomes that are left out, the least likely ones last. */
  readonly omitted: number;
}

export interface OutcomeText {
  readonly action: PacketOutcome['action'];
  readonly probability: number;
  /** How the packet ends, one clause. */
  readonly sentence: string;
  readonly condition: string | null;
  /** The rules that matched after the common ones. */
  readonly rules: readonly RuleText[];
  /** Rules of which it is not known whether they match; the outcome is the same either way. */
  readonly mayMatch: readonly RuleText[];
}

export interface RuleText {
  /** `nat:84`: table and line; of a dump in JSON, table and chain. */
  readonly place: string;
  /** The rule without its counters. */
  readonly rule: string;
}

/** With more outcomes nobody would read them; `-o json` has all. */
const MOST_OUTCOMES = 40;

export function packetText(answer: PacketAnswer): PacketText {
  const { packet, madeHere, outcomes } = answer;
  const { flow } = packet;
  const shared = outcomes.length > 1 ? commonLength(outcomes.map((outcome) => outcome.branch.rules)) : 0;
  const from = formatEndpoint(flow.source, flow.sourcePort);
  const to = formatEndpoint(flow.destination, flow.destinationPort);
  const begins = madeHere ? 'made on this machine' : 'from the wire';
  return {
    heading: `${flow.protocol} ${from} to ${to}, ${begins}`,
    common: (outcomes[0]?.branch.rules ?? []).slice(0, shared).map(ruleText),
    outcomes: outcomes.slice(0, MOST_OUTCOMES).map((outcome) => ({
      action: outcome.action,
      probability: outcome.probability,
      sentence: sentenceOf(outcome),
      condition: outcome.condition,
      rules: outcome.branch.rules.slice(shared).map(ruleText),
      mayMatch: (outcome.branch.mayMatch ?? []).map(ruleText),
    })),
    omitted: Math.max(0, outcomes.length - MOST_OUTCOMES),
  };
}

function sentenceOf(outcome: PacketOutcome): string {
  const { branch, snat, undetermined } = outcome;
  const to = formatEndpoint(branch.flow.destination, branch.flow.destinationPort);
  const source = snat === null ? '' : snat === 'masquerade' ? ', its source masqueraded' : `, its source now ${snat}`;
  switch (outcome.action) {
    case 'accept':
      return branch.verdict === 'local'
        ? `accepted: it reaches this machine as ${to}${source}`
        : `accepted: it goes on to ${to}${source}`;
    case 'drop':
      return branch.verdict === 'drop'
        ? `dropped on its way to ${to} by ${enderText(branch.endedBy)}`
        : `dropped on its way to ${to}: TPROXY finds no socket`;
    case 'reject':
      return `rejected with ${branch.rejectWith ?? 'an error'} on its way to ${to} by ${enderText(branch.endedBy)}`;
    case 'undetermined':
      return `undetermined on its way to ${to}: ${undetermined ?? ''}`;
  }
}

/** What dropped the packet: a rule, or the policy of a chain (`:FORWARD DROP [0:0]`). */
function enderText(evidence: Evidence | undefined): string {
  const line = evidence?.line === undefined ? '' : ` in line ${evidence.line}`;
  const chain = /^:(\S+)/.exec(evidence?.raw ?? '')?.[1];
  return chain === undefined ? `the rule${line}` : `the policy of chain ${chain}${line}`;
}

/** A rule in JSON stands in no line of its own; its chain says more than a pointer. */
function ruleText({ rule, evidence }: Pick<MatchedRule, 'rule' | 'evidence'>): RuleText {
  const place = evidence.line === undefined ? `${rule.table} ${rule.chain}` : `${rule.table}:${evidence.line}`;
  return { place, rule: rule.raw.trim().replace(/^\[\d+:\d+\] /, '') };
}

/** How many rules stand at the beginning of every list. */
function commonLength(lists: readonly (readonly MatchedRule[])[]): number {
  const [first = [], ...others] = lists;
  const different = first.findIndex((matched, at) => others.some((other) => other[at]?.rule !== matched.rule));
  return different < 0 ? first.length : different;
}
