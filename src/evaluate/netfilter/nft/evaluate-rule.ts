import type { NftOperand, NftStatement, NftVerdict } from '../../../model/nftables.ts';
import type { Case, Way } from '../state.ts';
import { freshKey } from '../match/chance.ts';
import { changeFlow } from '../flow-change.ts';
import { portCases } from '../port-cases.ts';
import { change, hasEntry, type WalkState } from '../state.ts';
import type { Effect } from '../state.ts';
import { suppose } from '../suppose.ts';
import { distribute, type Span } from './choice.ts';
import { comparesTo, fitsKey, hasFlags, inverse, type Answer } from './compare.ts';
import { load } from './load.ts';
import { changeSet, choiceKey, lookUp, placeOf, type NftContext } from './lookup.ts';
import { portCuts } from './port-cuts.ts';
import type { Step } from './step.ts';
import { translate } from './translate.ts';
import type { Choice, Value } from './value.ts';

/**
 * Runs the statements of a rule one after another, as the kernel does: what stands before the test that does not hold has been done
 * all the same. Source: net/netfilter/nf_tables_core.c nft_do_chain.
 */
export function evaluateRule(context: Omit<NftContext, 'statement'>, state: WalkState): readonly Way[] {
  return runFrom(0, context, state);
}

function runFrom(from: number, context: Omit<NftContext, 'statement'>, start: WalkState): readonly Way[] {
  const { statements } = context.rule;
  let state = start;
  for (let index = from; index < statements.length; index += 1) {
    const statement = statements[index];
    if (statement === undefined) break;
    const steps = stepOf(statement, { ...context, statement: index }, state);
    const [only] = steps;
    if (steps.length === 1 && only?.kind === 'on') state = only.state;
    else if (steps.length === 1 && only !== undefined) return after(only, index, context, state);
    else return steps.flatMap((step) => after(step, index, context, undefined));
  }
  return [{ kind: 'match', state, effect: { kind: 'next', state }, action: 'continue' }];
}

/** @param entered the packet at the statement, if it leads to this step alone */
function after(
  step: Step,
  index: number,
  context: Omit<NftContext, 'statement'>,
  entered: WalkState | undefined,
): readonly Way[] {
  switch (step.kind) {
    case 'on':
      return runFrom(index + 1, context, step.state);
    case 'break':
      return [{ kind: 'pass', state: step.state }];
    case 'open': {
      const { state, reason } = step;
      const split = entered && casesByPort(index, context, entered);
      return [{ kind: 'open', before: state, ways: runFrom(index + 1, context, state), reason, split }];
    }
    case 'end': {
      const { state, effect, action } = step;
      const match: Way = { kind: 'match', state, effect, action };
      if (effect.kind !== 'unknown' || entered === undefined) return [match];
      const split = casesByPort(index, context, entered);
      return split === undefined
        ? [match]
        : [{ kind: 'open', before: state, ways: [match], reason: effect.reason, split }];
    }
  }
}

/** How the rule turns out from a statement on, by where the packet's port lies that is not known; undefined: it does not ask for that. */
function casesByPort(
  index: number,
  context: Omit<NftContext, 'statement'>,
  entered: WalkState,
): (() => readonly Case[]) | undefined {
  const statement = context.rule.statements[index];
  const cuts = statement === undefined ? [] : portCuts(statement, { ...context, statement: index }, entered);
  const cases = portCases(entered, cuts, context.environment);
  return cases && (() => cases.map((one) => ({ entered: one, ways: runFrom(index, context, one) })));
}

function stepOf(statement: NftStatement, context: NftContext, state: WalkState): readonly Step[] {
  switch (statement.kind) {
    case 'match':
      return load(statement.left, context, state).flatMap((left) => test(statement, left.value, context, left.state));
    case 'vmap':
      return load(statement.key, context, state).flatMap((key): readonly Step[] => {
        if (key.value.kind === 'none') return [{ kind: 'break', state: key.state }];
        return lookUp(statement.data, key.value, context, key.state).map(({ state: found, element, reason }): Step => {
          if (element === undefined) return end(found, { kind: 'unknown', reason }, 'continue');
          return element?.verdict === undefined ? { kind: 'break', state: found } : verdictStep(element.verdict, found);
        });
      });
    case 'verdict':
      return [verdictStep(statement.verdict, state)];
    case 'set-mark':
      return load(statement.value, context, state).flatMap((value) =>
        setMark(statement.mark, value.value, value.state),
      );
    case 'nat':
      return translate(statement, context, state);
    case 'reject':
      return [reject(statement, state)];
    case 'notrack':
      return [{ kind: 'on', state: notrack(state) }];
    case 'limit': {
      const key = freshKey(`limit:${placeOf(context.rule)}:${context.statement}`, state);
      const subject = { kind: 'limit', rate: statement.text } as const;
      return [true, false].flatMap((value): readonly Step[] => {
        const next = suppose(state, { key, value, subject });
        return next === null ? [] : [{ kind: value === statement.over ? 'break' : 'on', state: next }];
      });
    }
    case 'update':
      return load(statement.key, context, state).map(({ state: next, value }): Step => {
        if (value.kind === 'none') return { kind: 'break', state: next };
        const changed = changeSet(statement.set, value, statement.operation !== 'delete', context, next);
        return typeof changed === 'string'
          ? { kind: 'open', state: next, reason: changed }
          : { kind: 'on', state: changed };
      });
    case 'set-service':
      return [{ kind: 'on', state: change(state, { serviceWritten: true }) }];
    case 'pass':
      return [{ kind: 'on', state }];
    case 'unknown':
      return [end(state, { kind: 'unknown', reason: statement.reason }, 'continue')];
  }
}

function end(state: WalkState, effect: Effect, action: string): Step {
  return { kind: 'end', state, effect, action };
}

function verdictStep(verdict: NftVerdict, state: WalkState): Step {
  switch (verdict.kind) {
    case 'accept':
      return end(state, { kind: 'accept', states: [state] }, 'ACCEPT');
    case 'drop':
      return end(state, { kind: 'drop' }, 'DROP');
    case 'return':
      return end(state, { kind: 'return' }, 'return');
    case 'jump':
    case 'goto':
      return end(state, { kind: 'jump', chain: verdict.chain, goto: verdict.kind === 'goto' }, verdict.kind);
    case 'queue':
      return end(state, { kind: 'unknown', reason: 'a program behind queue decides' }, 'QUEUE');
    case 'continue':
      return { kind: 'on', state };
  }
}

type Match = Extract<NftStatement, { kind: 'match' }>;

function test(statement: Match, left: Value, context: NftContext, state: WalkState): readonly Step[] {
  const { operator, right } = statement;
  if (left.kind === 'none') return [{ kind: 'break', state }];
  if (left.kind === 'unknown') return [{ kind: 'open', state, reason: left.reason }];
  if (right.kind === 'unknown') return [{ kind: 'open', state, reason: right.reason }];
  if (right.kind === 'set') {
    return lookUp(right.set, left, context, state).map((found): Step => {
      if (found.element === undefined) return { kind: 'open', state: found.state, reason: found.reason };
      return stepFor((found.element !== null) === (operator !== '!=') ? 'yes' : 'no', found.state);
    });
  }
  if (left.kind === 'choice') return testChoice(statement, left.choice, context, state);
  return [stepFor(answerOf(statement, left, right), state)];
}

function stepFor(answer: Answer, state: WalkState): Step {
  if (answer === 'unknown') return { kind: 'open', state, reason: 'the value of this packet is not known' };
  return { kind: answer === 'yes' ? 'on' : 'break', state };
}

function answerOf(
  { operator }: Match,
  left: Value,
  right: Extract<NftOperand, { kind: 'patterns' | 'flags' }>,
): Answer {
  if (right.kind === 'flags')
    return operator === '!' ? inverse(hasFlags(left, right.bits)) : hasFlags(left, right.bits);
  if (operator === '==' || operator === '!=') {
    const fits = fitsKey(right.patterns, left);
    return operator === '==' ? fits : inverse(fits);
  }
  const [bound] = right.patterns;
  if (bound?.kind !== 'range' || bound.from !== bound.to) return 'unknown';
  return comparesTo(operator, left, bound.from);
}

/** `numgen random mod 10 < 3` */
function testChoice(
  { operator, right }: Match,
  choice: Choice,
  { rule }: NftContext,
  state: WalkState,
): readonly Step[] {
  const [bound] = right.kind === 'patterns' ? right.patterns : [];
  if (bound?.kind !== 'range' || typeof bound.from !== 'number' || typeof bound.to !== 'number') {
    return [{ kind: 'open', state, reason: `${choice.text} is compared with another kind of value` }];
  }
  const last = choice.offset + choice.modulus - 1;
  const spans: Readonly<Record<string, Span<true>>> = {
    '<': { from: 0, to: bound.from - 1, item: true },
    '<=': { from: 0, to: bound.from, item: true },
    '>': { from: bound.to + 1, to: last, item: true },
    '>=': { from: bound.from, to: last, item: true },
  };
  const span = spans[operator] ?? { from: bound.from, to: bound.to, item: true };
  const matches = operator !== '!=';
  return distribute(choice, [span], state, choiceKey(choice, rule, state)).map((branch): Step => {
    return { kind: (branch.item === true) === matches ? 'on' : 'break', state: branch.state };
  });
}

/** Does nothing to the mark of a connection that is not followed. Source: nft_meta_set_eval, nft_ct_set_eval. */
function setMark(mark: 'packet' | 'connection', value: Value, state: WalkState): readonly Step[] {
  if (value.kind === 'none') return [{ kind: 'break', state }];
  if (value.kind === 'choice') return setChosenMark(mark, value.choice, state);
  if (value.kind !== 'known' || typeof value.datum !== 'number') {
    const reason = value.kind === 'unknown' ? value.reason : 'the value is not known';
    return [end(state, { kind: 'unknown', reason: `a mark is set of which ${reason}` }, 'continue')];
  }
  const { flow } = state;
  if (mark === 'packet') {
    const next = value.datum === flow.mark ? state : change(state, { flow: changeFlow(flow, { mark: value.datum }) });
    return [{ kind: 'on', state: next }];
  }
  if (!state.tracked && state.template !== 'none') {
    return [end(state, { kind: 'unknown', reason: 'a template was set up before this rule' }, 'continue')];
  }
  if (!hasEntry(state) || value.datum === flow.tracking.mark) return [{ kind: 'on', state }];
  return [
    { kind: 'on', state: change(state, { flow: { ...flow, tracking: { ...flow.tracking, mark: value.datum } } }) },
  ];
}

/** More marks than this are not told apart. */
const MOST_MARKS = 64;

function setChosenMark(mark: 'packet' | 'connection', choice: Choice, state: WalkState): readonly Step[] {
  if (choice.by !== 'random' || choice.modulus > MOST_MARKS) {
    return [end(state, { kind: 'unknown', reason: `a mark is set to ${choice.text}` }, 'continue')];
  }
  const spans = Array.from({ length: choice.modulus }, (_, index): Span<number> => {
    const value = choice.offset + index;
    return { from: value, to: value, item: value };
  });
  return distribute(choice, spans, state, '').flatMap((branch) =>
    setMark(mark, { kind: 'known', datum: branch.item ?? choice.offset }, branch.state),
  );
}

function reject(statement: Extract<NftStatement, { kind: 'reject' }>, state: WalkState): Step {
  const answer = statement.with[state.flow.family];
  const fits = answer !== null && (!statement.tcpOnly || state.flow.protocol === 'tcp');
  return fits ? end(state, { kind: 'reject', with: answer }, 'REJECT') : { kind: 'break', state };
}

/** Leaves a packet alone that has an entry or a template. Source: net/netfilter/nft_ct.c nft_notrack_eval. */
function notrack(state: WalkState): WalkState {
  if (state.tracked || state.template !== 'none') return state;
  const tracking = { ...state.flow.tracking, state: 'UNTRACKED' as const };
  return change(state, { tracked: true, flow: { ...state.flow, tracking } });
}
