/** Request paths as Envoy rewrites them before anything looks at them (source/common/http/path_utility.cc). */

/** What the HTTP connection manager asks for. */
export interface PathOptions {
  readonly normalize: boolean;
  readonly mergeSlashes: boolean;
  readonly escapedSlashes: 'KEEP_UNCHANGED' | 'REJECT_REQUEST' | 'UNESCAPE_AND_REDIRECT' | 'UNESCAPE_AND_FORWARD';
}

export type PathResult =
  | { readonly action: 'accept'; readonly path: string }
  | { readonly action: 'redirect'; readonly path: string }
  | { readonly action: 'reject' };

/**
 * Normalises a path in Envoy's order: a fragment is refused, escaped slashes are handled, then dots and escapes, then repeated
 * slashes (ConnectionManagerUtility::maybeNormalizePath). The query stays as it is.
 */
export function normalisePath(path: string, options: PathOptions): PathResult {
  if (path.includes('#')) return { action: 'reject' };
  const mark = path.indexOf('?');
  const query = mark < 0 ? '' : path.slice(mark);
  let bare = mark < 0 ? path : path.slice(0, mark);
  let hadEscapes = false;
  if (options.escapedSlashes !== 'KEEP_UNCHANGED') {
    const unescaped = bare.replace(/%2f/gi, '/').replace(/%5c/gi, '\\');
    hadEscapes = unescaped !== bare;
    if (hadEscapes && options.escapedSlashes === 'REJECT_REQUEST') return { action: 'reject' };
    bare = unescaped;
  }
  if (options.normalize) {
    if (bare.includes('%00')) return { action: 'reject' };
    bare = canonicalPath(bare);
  }
  // Of nothing but slashes two stay (PathUtil::mergeSlashes joins what begins and ends with one).
  if (options.mergeSlashes) bare = /^\/{2,}$/.test(bare) ? '//' : bare.replace(/\/{2,}/g, '/');
  const redirects = hadEscapes && options.escapedSlashes === 'UNESCAPE_AND_REDIRECT';
  return { action: redirects ? 'redirect' : 'accept', path: bare + query };
}

/**
 * What Chromium's URL library makes of a path (url_canon_path.cc): backslashes are slashes, escapes of unreserved characters are
 * resolved, a few characters are escaped, and dot segments, plain or escaped, are removed.
 */
function canonicalPath(path: string): string {
  if (!UNTIDY.test(path)) return path;
  const plain = path
    .replaceAll('\\', '/')
    .replace(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
      const character = String.fromCharCode(Number.parseInt(hex, 16));
      return /[A-Za-z0-9._~-]/.test(character) ? character : escape;
    })
    .replace(/["<>^`{|}]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const kept: string[] = [];
  const segments = plain.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === '..') kept.pop();
    if (segment !== '.' && segment !== '..') kept.push(segment);
    else if (last) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/** What a path must hold for anything of that to happen. */
const UNTIDY = /[\\%"<>^`{|}]|\/\./;

/** The path without query and fragment (PathUtil::removeQueryAndFragment). */
export function withoutQuery(path: string): string {
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}

/**
 * Query parameters, the first value of each name counts; values are taken as they stand, escapes and all
 * (Utility::QueryParamsMulti::parseQueryString).
 */
export function queryParameters(path: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  const mark = path.indexOf('?');
  if (mark < 0) return parameters;
  for (const pair of path.slice(mark + 1).split('&')) {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    if (!parameters.has(name)) parameters.set(name, equals < 0 ? '' : pair.slice(equals + 1));
  }
  return parameters;
}

/**
 * Query parameters with escapes resolved, whatever they stand for: bytes above ASCII are characters of the same number
 * (Utility::QueryParamsMulti::parseAndDecodeQueryString).
 * @returns the values of each name in their order, the names in that of their bytes
 */
export function decodedParameters(path: string): ReadonlyMap<string, readonly string[]> {
  const mark = path.indexOf('?');
  const query = mark < 0 ? '' : path.slice(mark + 1);
  const parameters = new Map<string, string[]>();
  if (query === '') return parameters;
  // Nothing stands behind a last `&`.
  for (const pair of query.replace(/&$/, '').split('&')) {
    const equals = pair.indexOf('=');
    const name = percentDecoded(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : percentDecoded(pair.slice(equals + 1));
    parameters.set(name, [...(parameters.get(name) ?? []), value]);
  }
  return new Map([...parameters].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Utility::PercentEncoding::decode */
function percentDecoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/**
 * The path without a query parameter: those that stay stand in the order of their names, each with `=`, and their escapes are resolved
 * (Utility::QueryParamsMulti::replaceQueryString).
 */
export function withoutParameter(path: string, removed: string): string {
  const kept = [...decodedParameters(path)].filter(([name]) => name !== removed);
  const pairs = kept.flatMap(([name, values]) => values.map((value) => `${name}=${value}`));
  const mark = path.indexOf('?');
  return (mark < 0 ? path : path.slice(0, mark)) + (pairs.length === 0 ? '' : `?${pairs.join('&')}`);
}
