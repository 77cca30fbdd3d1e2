import { Cursor } from '../../../../model/json.ts';
import type { TlsHello } from '../../../../model/request.ts';
import { field, fields, isTrue } from '../proto-json.ts';
import { readRuntime } from '../runtime.ts';
import { isUnknown, type Truth } from '../truth.ts';
import { queryParameters, withoutQuery } from './path.ts';
import { requestView, type RequestView } from './request-view.ts';
import { matchRoute } from './route-match.ts';
import { SentHttp } from './sent-request.ts';

const PATH_KINDS = ['path', 'prefix', 'path_separated_prefix', 'safe_regex', 'connect_matcher', 'path_match_policy'];

/** One thing that a RouteMatch asks for. */
interface MatchPart {
  /** A RouteMatch that asks for this alone. */
  readonly match: Cursor;
  readonly text: string;
  /** What the request has in its place. */
  readonly sent: (request: RequestView) => string;
}

/** What a RouteMatch asks for, as clauses; `any path` when it asks for nothing. */
export function describeMatch(match: Cursor): string[] {
  const texts = parts(match).map(({ text }) => text);
  const fraction = field(match, 'runtime_fraction');
  if (fraction.exists) texts.push('a share of the requests');
  return texts.length === 0 ? ['nothing'] : texts;
}

/** Of a RouteMatch that does not match, the parts that do not, with what the request has instead. */
export function missedParts(match: Cursor, request: RequestView, tls: TlsHello | null, ignores: boolean): string[] {
  const connects = field(match, 'connect_matcher').exists;
  if (connects === request.hasPath)
    return [connects ? `wants CONNECT; the method is ${request.method}` : 'wants a path; CONNECT has none'];
  return parts(match).flatMap(({ match: part, text, sent }) => {
    const truth = matchRoute(part, request, tls, ignores);
    if (truth === true) return [];
    return [
      isUnknown(truth) ? `whether it has ${text} is not known: ${truth.reason}` : `wants ${text}; ${sent(request)}`,
    ];
  });
}

/** Whether the path of a request, headers and all else aside, satisfies a RouteMatch. */
export function matchesPath(match: Cursor, path: string): Truth {
  const request = { method: 'GET', path, authority: '', version: 'http/1.1', scheme: 'http', headers: [] } as const;
  const nothing = new Cursor('', '', {});
  const peer = { address: '', version: undefined, runtime: readRuntime(nothing) };
  const from = { hcm: nothing, sent: new SentHttp(request), tls: null, path, socket: { localPort: 0 }, peer };
  const view = requestView({ ...from, tellsOfDropped: false });
  return matchRoute(only(match, [...PATH_KINDS, 'case_sensitive']), view, null, false);
}

function parts(match: Cursor): MatchPart[] {
  const list: MatchPart[] = [];
  const pathPart = only(match, [...PATH_KINDS, 'case_sensitive']);
  const text = pathText(match);
  if (text !== null) list.push({ match: pathPart, text, sent: ({ path }) => `the path is ${withoutQuery(path)}` });
  // A part beside the path must not fail for want of a path matcher: any path holds for it.
  const kind = field(match, 'connect_matcher').exists ? { connect_matcher: {} } : { prefix: '' };
  const beside = (members: Record<string, unknown>): Cursor =>
    new Cursor(match.artefact, match.pointer, { ...kind, ...members });
  for (const header of field(match, 'headers').items()) {
    const name = (field(header, 'name').string() ?? '').toLowerCase();
    list.push({
      match: beside({ headers: [header.value] }),
      text: headerText(header, name),
      sent: (request) => sentText(name, request.headers.get(name)),
    });
  }
  for (const parameter of field(match, 'query_parameters').items()) {
    const name = field(parameter, 'name').string() ?? '';
    list.push({
      match: beside({ query_parameters: [parameter.value] }),
      text: `query parameter ${name}${stringText(field(parameter, 'string_match'))}`,
      sent: (request) => {
        const value = queryParameters(request.path).get(name);
        return value === undefined ? 'the query has none' : `it is ${JSON.stringify(value)}`;
      },
    });
  }
  if (field(match, 'grpc').exists)
    list.push({ match: beside({ grpc: {} }), text: 'gRPC', sent: () => 'the content type is another' });
  const tls = field(match, 'tls_context');
  if (tls.exists) {
    const sent = (): string => 'the client is another';
    list.push({ match: beside({ tls_context: tls.value }), text: 'a certain client certificate', sent });
  }
  return list;
}

function only(match: Cursor, names: readonly string[]): Cursor {
  const members = names.flatMap((name) => {
    const value = field(match, name);
    return value.exists ? [[name, value.value]] : [];
  });
  return new Cursor(match.artefact, match.pointer, Object.fromEntries(members) as unknown);
}

function pathText(match: Cursor): string | null {
  const folded = field(match, 'case_sensitive').boolean() === false ? ' in any case' : '';
  const prefix = field(match, 'prefix').string();
  if (prefix !== undefined) return prefix === '/' || prefix === '' ? 'any path' : `path prefix ${prefix}${folded}`;
  const exact = field(match, 'path').string();
  if (exact !== undefined) return `path ${exact}${folded}`;
  const separated = field(match, 'path_separated_prefix').string();
  if (separated !== undefined) return `path ${separated} or below${folded}`;
  const regex = field(field(match, 'safe_regex'), 'regex').string();
  if (regex !== undefined) return `path like /${regex}/`;
  const template = fields(match, 'path_match_policy', 'typed_config', 'path_template').string();
  if (template !== undefined) return `path template ${template}`;
  if (field(match, 'connect_matcher').exists) return 'CONNECT';
  return match.isObject() && PATH_KINDS.some((kind) => field(match, kind).exists) ? 'a path by an extension' : null;
}

function sentText(name: string, value: ReturnType<RequestView['headers']['get']>): string {
  if (isUnknown(value)) return value.reason;
  const what = name === ':method' ? 'the method' : name === ':authority' ? 'the authority' : 'it';
  return value === null ? 'the request has none' : `${what} is ${JSON.stringify(value)}`;
}

/** A HeaderMatcher as a clause. */
function headerText(header: Cursor, name: string): string {
  const not = isTrue(header, 'invert_match') ? 'not ' : '';
  const what = name === ':method' ? 'method' : name === ':authority' ? 'authority' : `header ${name}`;
  const string = field(header, 'string_match');
  if (string.exists) return `${not}${what}${stringText(string)}`;
  for (const [kind, sign] of [
    ['exact_match', '='],
    ['prefix_match', '=^'],
    ['suffix_match', '=$'],
    ['contains_match', '=~'],
  ] as const) {
    const value = field(header, kind).string();
    if (value !== undefined) return `${not}${what} ${sign.slice(0, 1)} ${valueText(sign, value)}`;
  }
  const regex = field(field(header, 'safe_regex_match'), 'regex').string();
  if (regex !== undefined) return `${not}${what} like /${regex}/`;
  const range = field(header, 'range_match');
  if (range.exists)
    return `${not}${what} in [${field(range, 'start').number() ?? 0}, ${field(range, 'end').number() ?? 0})`;
  return field(header, 'present_match').boolean() === false ? `${not}no ${what}` : `${not}${what} present`;
}

function stringText(match: Cursor): string {
  for (const [kind, sign] of [
    ['exact', '='],
    ['prefix', '=^'],
    ['suffix', '=$'],
    ['contains', '=~'],
  ] as const) {
    const value = field(match, kind).string();
    if (value !== undefined) return ` = ${valueText(sign, value)}`;
  }
  const regex = field(field(match, 'safe_regex'), 'regex').string();
  return regex === undefined ? '' : ` like /${regex}/`;
}

function valueText(sign: string, value: string): string {
  if (sign === '=^') return `${value}*`;
  if (sign === '=$') return `*${value}`;
  return sign === '=~' ? `*${value}*` : value;
}
