import type { NftExpression, NftOperator, NftPattern, NftSetReference, NftStatement } from '../../../model/nftables.ts';
import { cutsOf } from '../match/port.ts';
import type { WalkState } from '../state.ts';
import type { NftContext } from './lookup.ts';

/**
 * The ports between which a statement does the same with every packet, of the one port of the packet that is not known; empty where it
 * does not ask for that port, or does something else with it than to compare it and look it up.
 */
export function portCuts(statement: NftStatement, context: NftContext, { flow }: WalkState): readonly number[] {
  const field = flow.sourcePort === null ? 'sport' : flow.destinationPort === 0 ? 'dport' : null;
  if (field === null) return [];
  const operator = statement.kind === 'match' ? statement.operator : '==';
  return keysOf(statement).flatMap(({ key, operand }) => {
    const parts = key.kind === 'concat' ? key.parts : [key];
    const at = parts.findIndex((part) => part.kind === 'payload' && part.field === field);
    return at < 0 ? [] : patternsOf(operand, context).flatMap((patterns) => cutsAt(patterns[at], operator));
  });
}

/** What is asked for, and what it is held against. */
interface Asked {
  readonly key: NftExpression;
  readonly operand: readonly NftPattern[] | NftSetReference;
}

function keysOf(statement: NftStatement): readonly Asked[] {
  switch (statement.kind) {
    case 'match': {
      const { left, right } = statement;
      if (right.kind === 'patterns') return [{ key: left, operand: right.patterns }];
      return right.kind === 'set' ? [{ key: left, operand: right.set }] : [];
    }
    case 'vmap':
      return [{ key: statement.key, operand: statement.data }];
    case 'set-mark':
      return mapsOf(statement.value);
    case 'nat':
      return [statement.address, statement.port].flatMap((expression) =>
        expression === null ? [] : mapsOf(expression),
      );
    default:
      return [];
  }
}

function mapsOf(expression: NftExpression): readonly Asked[] {
  return expression.kind === 'map' ? [{ key: expression.key, operand: expression.data }] : [];
}

/** The keys of a set, each with a pattern for each of its parts; or the one that a comparison has. */
function patternsOf(
  operand: readonly NftPattern[] | NftSetReference,
  { table }: NftContext,
): readonly (readonly NftPattern[])[] {
  if (!('kind' in operand)) return [operand];
  const set = operand.kind === 'anonymous' ? operand.set : table.set(operand.name);
  return set === undefined || set.dynamic ? [] : set.elements.map(({ key }) => key);
}

function cutsAt(pattern: NftPattern | undefined, operator: NftOperator): readonly number[] {
  if (pattern?.kind !== 'range') return [];
  const { from, to } = pattern;
  if (typeof from !== 'number' || typeof to !== 'number') return [];
  if (operator === '<' || operator === '>=') return [from];
  return operator === '>' || operator === '<=' ? [to + 1] : cutsOf({ from, to });
}
