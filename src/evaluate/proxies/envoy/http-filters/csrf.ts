import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { localReply } from '../http/http-context.ts';
import { matchString } from '../match/string-match.ts';
import type { HeaderView } from '../match/header-match.ts';
import { field, typedMessage, unknown, unknownField } from '../proto-json.ts';
import { fractionProbability, readFraction } from '../runtime.ts';
import type { Runtime } from '../runtime.ts';
import { any, isUnknown } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import { foreignOverride, overrideOf } from './filter.ts';
import type { RunHttpFilter } from './filter.ts';

const TYPE = 'envoy.extensions.filters.http.csrf.v3.CsrfPolicy';
const KNOWN = new Set(['@type', 'filter_enabled', 'shadow_enabled', 'additional_origins']);
const MODIFYING: ReadonlySet<string> = new Set(['POST', 'PUT', 'DELETE', 'PATCH']);

/**
 * envoy.filters.http.csrf (source/extensions/filters/http/csrf/csrf_filter.cc): what may modify something has to come from the host that
 * it asks, by its origin or else its referer, or from one of additional_origins; else the answer is 403. The most specific policy counts.
 */
export const runCsrf: RunHttpFilter = (context, filter, walk, next) => {
  const override = overrideOf(filter, TYPE);
  if (override === 'mismatch') return undetermined(walk, foreignOverride(filter));
  const config = typedMessage(override ?? filter.config);
  const { request, connection } = context;
  if (!MODIFYING.has(request.method)) return next(walk);
  const beyond = unknownField(config, KNOWN);
  if (beyond !== undefined) return undetermined(walk, beyond);
  const enabled = isEnabled(config, connection.runtime);
  if (isUnknown(enabled)) return undetermined(walk, enabled);
  if (!enabled) return next(walk);
  const source = sourceOrigin(request.headers);
  if (isUnknown(source)) return undetermined(walk, source);
  const allowed = isAllowed(config, source, request.authority);
  if (isUnknown(allowed)) return undetermined(walk, allowed);
  if (allowed) return next(walk);
  const reasons = [source === '' ? 'nothing says where it comes from' : `it comes from ${source}`];
  const denied = step('http-filter', 'denied', filter.name, { reasons, cites: [filter.entry.at('name')] });
  return localReply(context, withStep(walk, denied), {
    status: 403,
    flag: null,
    detail: 'csrf_origin_mismatch',
    body: 'Invalid origin',
    denied: true,
  });
};

/** Whether it is on for all or for none; what only counts lets everything pass. */
function isEnabled(config: Cursor, runtime: Runtime): boolean | Unknown {
  const fraction = field(config, 'filter_enabled');
  const overridden = runtime.overridden(field(fraction, 'runtime_key').string() ?? '');
  if (overridden !== null) return overridden;
  const share = fractionProbability(readFraction(field(fraction, 'default_value')));
  if (share === 0 || share === 1) return share === 1;
  return unknown('for what part of requests the filter is on is not evaluated', fraction);
}

/** Host and port of the origin, or else of the referer (sourceOriginValue); `''`: of neither. */
function sourceOrigin(headers: HeaderView): string | Unknown {
  for (const name of ['origin', 'referer']) {
    const value = headers.get(name);
    if (isUnknown(value)) return value;
    if (headers.several(name) !== null)
      return unknown(`which of several values of the header ${name} counts is not known`);
    const host = hostAndPort(value ?? '');
    if (host !== '') return host;
  }
  return '';
}

/** Of a URL; what is none stays as it is (hostAndPort). */
function hostAndPort(url: string): string | Unknown {
  const found = /^[a-z]+:\/\/([a-z0-9.-]+(?::[1-9]\d{0,3})?)(?:[/?].*)?$/i.exec(url)?.[1];
  if (found !== undefined) return found;
  return /^[\w.:-]*$/.test(url) ? url : unknown(`what the host of ${JSON.stringify(url)} is is not evaluated`);
}

function isAllowed(config: Cursor, source: string, authority: string): Truth {
  if (source === '') return false;
  const target = hostAndPort(authority);
  if (isUnknown(target)) return target;
  return source === target || any(field(config, 'additional_origins').items(), (one) => matchString(one, source));
}
