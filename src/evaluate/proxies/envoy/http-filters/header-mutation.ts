import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { isPlainHeader, withHeaders } from '../http/changed-request.ts';
import { readOption } from '../http/header-changes.ts';
import { headerValues } from '../http/header-values.ts';
import type { RequestView } from '../http/request-view.ts';
import { field, isTrue, typedMessage, typeName, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import { allOverrides, foreignOverride } from './filter.ts';
import type { HttpFilter, RunHttpFilter } from './filter.ts';

const PER_ROUTE = 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute';
const KNOWN = new Set(['@type', 'mutations', 'most_specific_header_mutations_wins']);
/** What is done to answers and to trailers decides nothing. */
const KNOWN_MUTATIONS = new Set([
  'request_mutations',
  'response_mutations',
  'response_trailers_mutations',
  'request_trailers_mutations',
]);

/**
 * envoy.filters.http.header_mutation (source/extensions/filters/http/header_mutation/header_mutation.cc): its own mutations, then those of
 * every level that overrides it, from the route outwards unless most_specific_header_mutations_wins. The route stays. A value with a
 * `%FORMAT%` is not computed; what changes more than one header's value (the path, the host, query parameters) leaves the request open.
 */
export const runHeaderMutation: RunHttpFilter = (context, filter, walk, next) => {
  const levels = mutationsOf(filter, allOverrides(context.choice, filter.name));
  if (isUnknown(levels)) return undetermined(walk, levels);
  const mutations = levels.flatMap((level) => field(level, 'request_mutations').items());
  if (mutations.length === 0) return next(walk);
  let { request } = context;
  for (const mutation of mutations) {
    const changed = mutate(request, mutation);
    if (isUnknown(changed)) return undetermined(walk, changed);
    request = changed;
  }
  const reasons = [`it changes headers (${mutations.length} mutations)`];
  return next(withStep(walk, step('http-filter', 'passed', filter.name, { reasons, cites: mutations })), request);
};

/** The `mutations` of each level, in the order in which they are applied. */
function mutationsOf(filter: HttpFilter, overrides: readonly Cursor[]): readonly Cursor[] | Unknown {
  const foreign = overrides.some((override) => typeName(override) !== PER_ROUTE);
  if (foreign) return foreignOverride(filter);
  const outwards = overrides.map((override) => typedMessage(override));
  const inwards = isTrue(filter.config, 'most_specific_header_mutations_wins');
  const levels = [filter.config, ...(inwards ? outwards.toReversed() : outwards)];
  const beyond = levels
    .flatMap((level) => [unknownField(level, KNOWN), unknownField(field(level, 'mutations'), KNOWN_MUTATIONS)])
    .find((problem) => problem !== undefined);
  return beyond ?? levels.map((level) => field(level, 'mutations'));
}

/** The request after one mutation (source/common/http/header_mutation.cc). */
function mutate(request: RequestView, mutation: Cursor): RequestView | Unknown {
  const removed = field(mutation, 'remove').string();
  const append = field(mutation, 'append');
  if (removed === undefined && !append.exists)
    return unknown('which headers a mutation changes is not understood', mutation);
  const option = append.exists ? readOption(append) : null;
  const name = option?.name ?? (removed ?? '').toLowerCase();
  if (!isPlainHeader(name)) return unknown(`a mutation of the header ${name} is not evaluated`, mutation);
  if (option === null) return withHeaders(request, new Map([[name, []]]));
  if (!option.literal)
    return withHeaders(request, new Map([[name, unknown(`the value of the header ${name} is computed`, mutation)]]));
  const before = headerValues(request.headers, name);
  if (option.how === 'OVERWRITE_IF_EXISTS_OR_ADD') return withHeaders(request, new Map([[name, [option.value]]]));
  if (isUnknown(before)) return withHeaders(request, new Map([[name, before]]));
  const after = { present: before.length > 0, values: before, added: option.value };
  return withHeaders(request, new Map([[name, appended(option.how, after)]]));
}

function appended(
  how: string,
  { present, values, added }: { present: boolean; values: readonly string[]; added: string },
): readonly string[] {
  switch (how) {
    case 'ADD_IF_ABSENT':
      return present ? values : [added];
    case 'OVERWRITE_IF_EXISTS':
      return present ? [added] : [];
    default:
      return [...values, added];
  }
}
