import type { NftExpression } from '../../../model/nftables.ts';
import type { WalkState } from '../state.ts';
import { loadConntrack } from './conntrack.ts';
import { loadFib } from './fib.ts';
import { lookUp, type NftContext } from './lookup.ts';
import { loadMeta, loadPayload } from './selectors.ts';
import { known, NONE, unknownValue, type Choice, type Value } from './value.ts';

/** A value, and the branch in which the expression gives it. */
export interface Loaded {
  readonly state: WalkState;
  readonly value: Value;
}

/** What an expression gives for the packet; several branches where a map is asked for something that is not certain. */
export function load(expression: NftExpression, context: NftContext, state: WalkState): readonly Loaded[] {
  switch (expression.kind) {
    case 'constant':
      return [{ state, value: known(expression.value) }];
    case 'span':
      return [{ state, value: expression }];
    case 'payload':
      return [{ state, value: loadPayload(expression.protocol, expression.field, state, context.environment) }];
    case 'meta':
      return [{ state, value: loadMeta(expression.key, state) }];
    case 'ct':
      return [{ state, value: loadConntrack(expression.key, expression.direction, state, context.environment) }];
    case 'fib':
      return [{ state, value: loadFib(expression.result, expression.flags, state, context.environment) }];
    case 'numgen': {
      const { mode, modulus, offset } = expression;
      const by = mode === 'random' ? 'random' : 'turn';
      const choice: Choice = { by, text: `numgen ${mode} mod ${modulus}`, id: mode, modulus, offset };
      return [{ state, value: { kind: 'choice', choice } }];
    }
    case 'hash': {
      const { name, of, modulus, offset } = expression;
      // Without a seed of its own, each statement hashes with another one.
      const id = `${context.statement}:${of}`;
      const choice: Choice = { by: 'hash', text: `${name} mod ${modulus}`, id, modulus, offset };
      return [{ state, value: { kind: 'choice', choice } }];
    }
    case 'binary':
      return combine([expression.left, expression.right], context, state, ([left = NONE, right = NONE]) =>
        compute(expression.operator, left, right),
      );
    case 'concat':
      return combine(
        expression.parts,
        context,
        state,
        (parts) => parts.find((part) => part.kind === 'none') ?? { kind: 'parts', parts },
      );
    case 'map':
      return loadMap(expression, context, state);
    case 'unknown':
      return [{ state, value: unknownValue(expression.reason) }];
  }
}

function combine(
  expressions: readonly NftExpression[],
  context: NftContext,
  state: WalkState,
  join: (values: readonly Value[]) => Value,
): readonly Loaded[] {
  let ways: readonly { readonly state: WalkState; readonly values: readonly Value[] }[] = [{ state, values: [] }];
  for (const expression of expressions) {
    ways = ways.flatMap((way) =>
      load(expression, context, way.state).map((next) => ({ state: next.state, values: [...way.values, next.value] })),
    );
  }
  return ways.map((way) => ({ state: way.state, value: join(way.values) }));
}

/** A map without an element for the key ends the rule. */
function loadMap(
  expression: Extract<NftExpression, { kind: 'map' }>,
  context: NftContext,
  state: WalkState,
): readonly Loaded[] {
  return load(expression.key, context, state).flatMap((key) => {
    if (key.value.kind === 'none') return [key];
    return lookUp(expression.data, key.value, context, key.state).flatMap((found): readonly Loaded[] => {
      if (found.element === undefined) return [{ state: found.state, value: unknownValue(found.reason) }];
      const data = found.element?.data;
      return data === undefined ? [{ state: found.state, value: NONE }] : load(data, context, found.state);
    });
  });
}

/** Source: net/netfilter/nft_bitwise.c. */
function compute(operator: '&' | '|' | '^' | '<<' | '>>', left: Value, right: Value): Value {
  if (left.kind === 'none' || right.kind === 'none') return NONE;
  if (left.kind === 'unknown') return left;
  if (right.kind === 'unknown') return right;
  if (right.kind !== 'known') return unknownValue('the value is computed from several');
  if (left.kind === 'bits' && typeof right.datum === 'number') return computeBits(operator, left, right.datum);
  if (left.kind !== 'known') return unknownValue('a value of which only a range is known is computed with');
  if (typeof left.datum === 'number' && typeof right.datum === 'number') {
    return known(computeNumber(operator, left.datum, right.datum));
  }
  if (typeof left.datum !== 'bigint' || typeof right.datum !== 'bigint') return unknownValue('names are computed with');
  if (operator === '&') return known(left.datum & right.datum);
  if (operator === '|') return known(left.datum | right.datum);
  return operator === '^' ? known(left.datum ^ right.datum) : unknownValue('an address is shifted');
}

function computeNumber(operator: '&' | '|' | '^' | '<<' | '>>', left: number, right: number): number {
  switch (operator) {
    case '&':
      return (left & right) >>> 0;
    case '|':
      return (left | right) >>> 0;
    case '^':
      return (left ^ right) >>> 0;
    case '<<':
      return right > 31 ? 0 : (left << right) >>> 0;
    case '>>':
      return right > 31 ? 0 : left >>> right;
  }
}

function computeBits(operator: string, left: Extract<Value, { kind: 'bits' }>, mask: number): Value {
  if (operator !== '&') return unknownValue('flags of which not all are known are computed with');
  return (mask & ~left.known) === 0
    ? known((left.bits & mask) >>> 0)
    : { kind: 'bits', bits: left.bits & mask, known: left.known | ~mask };
}
