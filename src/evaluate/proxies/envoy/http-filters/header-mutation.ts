import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { isPlainHeader, withHeaders } from '../http/changed-request.ts';
import type { ChangedHeaders } from '../http/changed-request.ts';
import { APPEND_ACTIONS } from '../http/header-changes.ts';
import { headerValues, keepsApart } from '../http/header-values.ts';
import type { RequestView } from '../http/request-view.ts';
import { enumName, field, isTrue, typedMessage, typeName, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import { allOverrides, foreignOverride } from './filter.ts';
import type { RunHttpFilter } from './filter.ts';

const PER_ROUTE = 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute';
const KNOWN = new Set(['@type', 'mutations', 'most_specific_header_mutations_wins']);
/** What is done to answers and to trailers decides nothing. */
const KNOWN_MUTATIONS = new Set([
  'request_mutations',
  'response_mutations',
  'response_trailers_mutations',
  'request_trailers_mutations',
]);
const KNOWN_APPEND = new Set(['header', 'append_action', 'keep_empty_value']);

/**
 * envoy.filters.http.header_mutation (source/extensions/filters/http/header_mutation/header_mutation.cc): what the filter itself changes,
 * then what each level of the route does, from the route outwards, or inwards with most_specific_header_mutations_wins; one after the
 * other. The route stays. Values with a `%FORMAT%` are not computed.
 */
export const runHeaderMutation: RunHttpFilter = (context, filter, walk, next) => {
  const overrides = allOverrides(context.choice, filter.name);
  const foreign = overrides.find((override) => typeName(override) !== PER_ROUTE);
  if (foreign !== undefined) return undetermined(walk, foreignOverride({ ...filter, override: foreign }));
  const inwards = isTrue(filter.config, 'most_specific_header_mutations_wins');
  const levels = [filter.config, ...(inwards ? overrides.toReversed() : overrides).map(typedMessage)];
  const changed = new Map<string, readonly string[] | Unknown>();
  const mutations: Cursor[] = [];
  for (const level of levels) {
    const problem = unknownField(level, KNOWN) ?? unknownField(field(level, 'mutations'), KNOWN_MUTATIONS) ?? null;
    if (problem !== null) return undetermined(walk, problem);
    for (const mutation of field(field(level, 'mutations'), 'request_mutations').items()) {
      const beyond = mutate(context.request, changed, mutation);
      if (beyond !== null) return undetermined(walk, beyond);
      mutations.push(mutation);
    }
  }
  if (mutations.length === 0) return next(walk);
  const reasons = [`it changes headers (${mutations.length} mutations)`];
  const passed = step('http-filter', 'passed', filter.name, { reasons, cites: mutations });
  return next(withStep(walk, passed), withHeaders(context.request, changed));
};

/** Applies one mutation to what those before it made. @returns why it is not understood */
function mutate(
  request: RequestView,
  changed: Map<string, readonly string[] | Unknown>,
  mutation: Cursor,
): Unknown | null {
  const append = field(mutation, 'append');
  const removed = field(mutation, 'remove').string();
  const name = (removed ?? field(field(append, 'header'), 'key').string() ?? '').toLowerCase();
  if (name === '' || !isPlainHeader(name))
    return unknown('what a mutation of a header means is not evaluated', mutation);
  if (removed !== undefined) {
    changed.set(name, []);
    return null;
  }
  const action = enumName(field(append, 'append_action'), APPEND_ACTIONS) ?? APPEND_ACTIONS[0];
  const beyond = unknownField(append, KNOWN_APPEND);
  if (beyond !== undefined) return beyond;
  changed.set(name, appended(name, valuesOf(request, changed, name), field(field(append, 'header'), 'value'), action));
  return null;
}

function valuesOf(request: RequestView, changed: ChangedHeaders, name: string): readonly string[] | Unknown {
  return changed.get(name) ?? headerValues(request.headers, name);
}

function appended(
  name: string,
  values: readonly string[] | Unknown,
  value: Cursor,
  action: string | undefined,
): readonly string[] | Unknown {
  const text = value.string() ?? '';
  const literal = text === '' || text.includes('%') ? unknown('the value of a header is not computed', value) : null;
  if (action === 'OVERWRITE_IF_EXISTS_OR_ADD') return literal ?? [text];
  if (isUnknown(values)) return values;
  if (values.length === 0 && action === 'OVERWRITE_IF_EXISTS') return [];
  if (values.length > 0 && action === 'ADD_IF_ABSENT') return values;
  if (literal !== null) return literal;
  if (values.length === 0 || action === 'OVERWRITE_IF_EXISTS') return [text];
  return keepsApart(name) ? [...values, text] : unknown(`what the header ${name} becomes is not evaluated`, value);
}
