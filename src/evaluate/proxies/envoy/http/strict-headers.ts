import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { HeaderView } from '../match/header-match.ts';
import { field, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';

/** Headers that hold a number, of those that strict_check_headers may name. */
const NUMBERS: ReadonlySet<string> = new Set([
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-max-retries',
]);

/**
 * The first header of a request whose value Envoy does not take, where its router is told to look (FilterUtility::StrictHeaderChecker,
 * source/common/router/router.h). null: it takes all.
 * @param router the configuration of the router filter
 */
export function firstInvalidHeader(router: Cursor, headers: Pick<HeaderView, 'get'>): string | Unknown | null {
  const list = field(router, 'strict_check_headers');
  for (const name of list.strings()) {
    const valid = isValid(name.toLowerCase(), headers);
    if (isUnknown(valid)) return valid;
    if (valid === null) return unknown(`whether the value of the header ${name} is valid is not known`, list);
    if (!valid) return name.toLowerCase();
  }
  return null;
}

/** null: it is not known. */
function isValid(name: string, headers: Pick<HeaderView, 'get'>): boolean | Unknown | null {
  const value = headers.get(name);
  if (value === null) return true;
  if (isUnknown(value)) return value;
  if (!NUMBERS.has(name)) return null;
  return /^\d{1,18}$/.test(value) ? true : /[^\d+ -]/.test(value) ? false : null;
}
