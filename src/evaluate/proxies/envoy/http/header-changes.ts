/**
 * The headers of a request as the router sends them on (RouteEntryImplBase::finalizeRequestHeaders, HeaderParser::evaluateHeaders,
 * source/common/router/header_parser.cc).
 *
 * In: the request as filters left it, and what its route, virtual host and route configuration add and remove. Out: the headers whose
 * values are known, and the names of those that may have others.
 */
import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { memoised } from '../memo.ts';
import { enumName, field, isTrue, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { hasTrailers } from './http1-framing.ts';
import type { HttpContext } from './http-context.ts';
import { earlyChanges } from './manager-doubts.ts';
import { CONNECTION_HEADERS } from './request-view.ts';

/** Headers of a request that is sent on. */
export interface SentHeaders {
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Names of those that it carries or may carry with values that are not known. */
  readonly unseen: readonly string[];
}

/** Headers that the router and the connection manager set on what they send (docs: HTTP header manipulation). */
const SET_BY_ROUTER = [
  'x-request-id',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-attempt-count',
  'x-envoy-decorator-operation',
  'x-envoy-original-path',
  'x-envoy-original-host',
  'x-forwarded-host',
  'x-forwarded-client-cert',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-sampled',
  'traceparent',
  'tracestate',
];

/** Headers that the connection manager sets where an option has it. */
const SET_BY_OPTION: Readonly<Record<string, readonly string[]>> = {
  use_remote_address: ['x-forwarded-for', 'x-forwarded-proto', 'x-envoy-external-address', 'x-envoy-internal'],
  add_user_agent: ['user-agent', 'x-envoy-downstream-service-cluster', 'x-envoy-downstream-service-node'],
  append_x_forwarded_port: ['x-forwarded-port'],
};

/** Those of one connection manager. */
const setByManager = memoised((hcm): readonly string[] => [
  ...Object.entries(SET_BY_OPTION).flatMap(([option, names]) => (isTrue(hcm, option) ? names : [])),
  ...((field(hcm, 'via').string() ?? '') === '' ? [] : ['via']),
  ...(earlyChanges(hcm) ?? []),
]);

/** What is done with a header that is there already (HeaderValueOption). */
export const APPEND_ACTIONS = [
  'APPEND_IF_EXISTS_OR_ADD',
  'ADD_IF_ABSENT',
  'OVERWRITE_IF_EXISTS_OR_ADD',
  'OVERWRITE_IF_EXISTS',
];

/**
 * Applies request_headers_to_remove and request_headers_to_add of each level; the last one wins, which is the route configuration unless
 * it says most_specific_header_mutations_wins: then it is the route. The entry of a weighted cluster comes first in either case. A value with a `%FORMAT%` is not computed.
 * @param weighted the entry of a weighted cluster that was chosen; null: there is none
 */
export function changeHeaders(context: HttpContext, route: Cursor, weighted: Cursor | null): SentHeaders {
  const { routeConfig, virtualHost } = context.choice;
  const levels = [routeConfig, virtualHost, route].filter((level) => level !== null);
  const ascending = routeConfig !== null && isTrue(routeConfig, 'most_specific_header_mutations_wins');
  const changing = received(context);
  if (weighted !== null) applyLevel(changing, weighted);
  for (const level of ascending ? levels : levels.toReversed()) applyLevel(changing, level);
  const unseen = new Set([
    ...changing.unseen,
    ...SET_BY_ROUTER,
    ...setByManager(context.hcm),
    // The router writes what is left of the time.
    ...(context.request.grpc ? ['grpc-timeout'] : []),
  ]);
  return { headers: changing.headers.filter(([name]) => !unseen.has(name)), unseen: [...unseen] };
}

/** One header of those that are sent on, several values of it joined; null: it is absent. */
export function sentValue({ headers, unseen }: SentHeaders, name: string): string | null | Unknown {
  if (unseen.includes(name)) return unknown(`the value of the header ${name}, as it is sent on, is not known`);
  const values = headers.filter(([other]) => other === name).map(([, value]) => value);
  return values.length === 0 ? null : values.join(',');
}

interface Changing {
  headers: [string, string][];
  readonly unseen: Set<string>;
}

/** As the connection manager and filters leave them: of TE trailers alone (sanitizeTEHeader), and what only those may send who are trusted is gone from others (cleanInternalHeaders). */
function received({ request }: HttpContext): Changing {
  const { headers, unknownHeaders } = request.original;
  const unseen = new Set(unknownHeaders);
  const left = headers.filter(([name]) => {
    if (name === 'x-forwarded-proto' || name === 'keep-alive' || (name === 'te' && !hasTrailers(headers))) return false;
    const value = CONNECTION_HEADERS.has(name) ? '' : request.headers.compared(name);
    if (isUnknown(value)) unseen.add(name);
    return value !== null;
  });
  const { scheme } = request;
  if (isUnknown(scheme)) unseen.add('x-forwarded-proto');
  else left.push(['x-forwarded-proto', scheme]);
  return { headers: left.map(([name, value]) => [name, name === 'te' ? 'trailers' : value]), unseen };
}

/** What is removed goes first; then what overwrites takes its place, and at last comes what is added. */
function applyLevel(changing: Changing, level: Cursor): void {
  for (const name of field(level, 'request_headers_to_remove').strings()) remove(changing, name.toLowerCase());
  const options = field(level, 'request_headers_to_add').items().map(readOption);
  const open = options.filter((option) => !option.literal);
  for (const { name } of open) changing.unseen.add(name);
  const present = new Set(options.map(({ name }) => name).filter((name) => has(changing, name)));
  for (const { name, value, how, literal } of options) {
    if (!literal || !how.startsWith('OVERWRITE') || (how === 'OVERWRITE_IF_EXISTS' && !present.has(name))) continue;
    // One that may not be there is not known to be overwritten.
    if (how === 'OVERWRITE_IF_EXISTS' && changing.unseen.has(name)) continue;
    if (!open.some((option) => option.name === name)) changing.unseen.delete(name);
    drop(changing, name);
    changing.headers.push([name, value]);
  }
  for (const { name, value, how, literal } of options) {
    if (!literal || how.startsWith('OVERWRITE') || (how === 'ADD_IF_ABSENT' && present.has(name))) continue;
    changing.headers.push([name, value]);
  }
}

interface Option {
  readonly name: string;
  readonly value: string;
  readonly how: string;
  /** Its value is what stands there, and it is known what becomes of one that is there already. */
  readonly literal: boolean;
}

/** A HeaderValueOption. */
function readOption(option: Cursor): Option {
  const header = field(option, 'header');
  const value = field(header, 'value').string() ?? '';
  const how = enumName(field(option, 'append_action'), APPEND_ACTIONS) ?? 'APPEND_IF_EXISTS_OR_ADD';
  const literal =
    value !== '' && !value.includes('%') && !field(option, 'append').exists && APPEND_ACTIONS.includes(how);
  return { name: (field(header, 'key').string() ?? '').toLowerCase(), value, how, literal };
}

function has({ headers }: Changing, name: string): boolean {
  return headers.some(([other]) => other === name);
}

function drop(changing: Changing, name: string): void {
  changing.headers = changing.headers.filter(([other]) => other !== name);
}

function remove(changing: Changing, name: string): void {
  drop(changing, name);
  changing.unseen.delete(name);
}
