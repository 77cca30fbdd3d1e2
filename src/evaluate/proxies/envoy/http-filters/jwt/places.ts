/**
 * Where tokens are looked for. In: providers and a request. Out: the tokens that it carries, in the order in which Envoy finds them. It must
 * not judge tokens.
 */
import type { Unknown } from '../../../../../model/branching.ts';
import type { Cursor } from '../../../../../model/json.ts';
import { cookieValue } from '../../http/cookie.ts';
import { headerValues, keepsApart } from '../../http/header-values.ts';
import { decodedParameters } from '../../http/path.ts';
import type { RequestView } from '../../http/request-view.ts';
import { field, unknown } from '../../proto-json.ts';
import { isUnknown } from '../../truth.ts';
import { shownOf } from './accept.ts';
import type { TokenPlace } from './token.ts';

/** A token as a request carries it. */
export interface FoundToken {
  readonly text: string;
  readonly place: TokenPlace;
  /** Issuers of the providers that look there; `''`: one of them takes any. */
  readonly issuers: ReadonlySet<string>;
}

/** A place where providers look; a header holds its tokens behind a prefix. */
interface Place extends TokenPlace {
  readonly prefix: string;
  readonly issuers: Set<string>;
}

const OF_TOKEN = /[A-Za-z0-9_.-]/;
const NOT_OF_TOKEN = /[^A-Za-z0-9_.-]/;

/**
 * The tokens that providers find: headers first, then parameters, then cookies, each in the order of their names
 * (ExtractorImpl::extract, source/extensions/filters/http/jwt_authn/extractor.cc).
 */
export function tokensOf(providers: readonly Cursor[], request: RequestView): readonly FoundToken[] | Unknown {
  const places = placesOf(providers);
  if (isUnknown(places)) return places;
  const cites = providers.flatMap(shownOf);
  const given = decodedParameters(request.path);
  const tokens: FoundToken[] = [];
  for (const { kind, name, prefix, issuers } of places) {
    const texts =
      kind === 'header'
        ? inHeader(request, name, prefix, cites)
        : kind === 'parameter'
          ? [given.get(name)?.[0] ?? null]
          : inCookie(request, name, cites);
    if (isUnknown(texts)) return texts;
    for (const text of texts) if (text !== null) tokens.push({ text, place: { kind, name }, issuers });
  }
  return tokens;
}

/** One that names no place reads `Authorization: Bearer` and the parameter access_token (ExtractorImpl::addProvider). */
function placesOf(providers: readonly Cursor[]): readonly Place[] | Unknown {
  const maps = {
    header: new Map<string, Place>(),
    parameter: new Map<string, Place>(),
    cookie: new Map<string, Place>(),
  };
  for (const provider of providers) {
    const issuer = field(provider, 'issuer').string() ?? '';
    for (const place of namedBy(provider)) {
      const map = maps[place.kind];
      const key = place.name + place.prefix;
      const known = map.get(key) ?? { ...place, issuers: new Set<string>() };
      if (known.name !== place.name)
        return unknown('two headers for tokens are the same to the proxy', ...providers.flatMap(shownOf));
      map.set(key, known);
      known.issuers.add(issuer);
    }
  }
  const sorted = (map: ReadonlyMap<string, Place>): Place[] =>
    [...map].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, place]) => place);
  return [...sorted(maps.header), ...sorted(maps.parameter), ...sorted(maps.cookie)];
}

function namedBy(provider: Cursor): readonly Omit<Place, 'issuers'>[] {
  const places = [
    ...field(provider, 'from_headers')
      .items()
      .map((header) => ({
        kind: 'header' as const,
        name: (field(header, 'name').string() ?? '').toLowerCase(),
        prefix: field(header, 'value_prefix').string() ?? '',
      })),
    ...field(provider, 'from_params')
      .strings()
      .map((name) => ({ kind: 'parameter' as const, name, prefix: '' })),
    ...field(provider, 'from_cookies')
      .strings()
      .map((name) => ({ kind: 'cookie' as const, name, prefix: '' })),
  ];
  return places.length > 0
    ? places
    : [
        { kind: 'header', name: 'authorization', prefix: 'Bearer ' },
        { kind: 'parameter', name: 'access_token', prefix: '' },
      ];
}

/** @returns null in it: a value that holds none */
function inHeader(
  request: RequestView,
  name: string,
  prefix: string,
  cites: readonly Cursor[],
): readonly (string | null)[] | Unknown {
  const sent = headerValues(request.headers, name);
  if (isUnknown(sent)) return sent;
  const values = sent.length > 1 && !keepsApart(name) ? [sent.join(',')] : sent;
  const texts = values.map((value) => behindPrefix(value, prefix));
  return texts.every((text) => text !== undefined)
    ? texts
    : unknown(`whether the header ${name} holds one token, and which, is not known`, ...cites);
}

/**
 * The prefix may stand anywhere in the value (extractor.cc, extractJWT). Versions differ in where a token ends that something stands
 * behind, which several headers of the name look like here.
 * @returns null: it holds none; undefined: not known
 */
function behindPrefix(value: string, prefix: string): string | null | undefined {
  if (prefix === '') return value.includes(',') ? undefined : value;
  const at = value.indexOf(prefix);
  if (at < 0) return null;
  const rest = value.slice(at + prefix.length);
  const start = rest.search(OF_TOKEN);
  if (start < 0) return value;
  return NOT_OF_TOKEN.test(rest.slice(start)) ? undefined : rest.slice(start);
}

function inCookie(request: RequestView, name: string, cites: readonly Cursor[]): readonly (string | null)[] | Unknown {
  const sent = request.headers.get('cookie');
  if (isUnknown(sent)) return sent;
  if (sent?.includes(',') === true)
    return unknown('whether there is one Cookie header or several is not known', ...cites);
  return [sent === null ? null : cookieValue(sent, name)];
}
