import type { Cursor } from '../../../../model/json.ts';
import { matchPattern } from '../match/regex.ts';
import { memoised } from '../memo.ts';
import { field, typeName, unknown, unknownField } from '../proto-json.ts';
import type { Truth } from '../truth.ts';

const TYPE = 'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig';
const KNOWN = new Set(['@type', 'path_template']);

/** Characters of a path segment: unreserved ones, escapes, and the sub-delimiters but `*`. */
const LITERAL = String.raw`a-zA-Z0-9-._~%!$&'()+,;:@=`;
const ONE_SEGMENT = `[${LITERAL}]+`;
const SEGMENTS = `[${LITERAL}/]*`;

/**
 * Whether a path, without its query, fits a URI template: literals, `*` for one segment, `**` for any number, and variables, whose
 * pattern is one segment unless they name another (source/extensions/path/match/uri_template/uri_template_match.cc and
 * source/extensions/path/uri_template_lib/uri_template_internal.cc).
 * @param extension a TypedExtensionConfig
 */
export function matchUriTemplate(extension: Cursor, path: string): Truth {
  const config = field(extension, 'typed_config');
  const beyond =
    typeName(config) === TYPE ? unknownField(config, KNOWN) : unknown('the path matcher is not understood', extension);
  if (beyond !== undefined) return beyond;
  const pattern = templatePattern(config);
  return pattern === null
    ? unknown('the URI template is not understood', field(config, 'path_template'))
    : matchPattern(field(config, 'path_template'), pattern, path);
}

const VARIABLE = /^\{[A-Za-z]\w*(?:=([^{}]+))?\}/;
const GLOB = /^\*\*?/;
/** A `*` inside of a literal is taken, and is not quoted: the real Envoy takes `/reviews*` as the pattern that repeats the `s`. */
const TEXT = new RegExp(`^[${LITERAL}][${LITERAL}*]*`);

/** The template as an RE2 pattern; null: it is none that Envoy takes. */
const templatePattern = memoised((config): string | null => {
  const template = field(config, 'path_template').string() ?? '';
  if (!template.startsWith('/')) return null;
  let pattern = '';
  for (let rest = template; rest !== '';) {
    const variable = VARIABLE.exec(rest);
    const part = rest.startsWith('/') ? '/' : (variable ?? GLOB.exec(rest) ?? TEXT.exec(rest))?.[0];
    if (part === undefined) return null;
    const piece = variable === null ? partPattern(part) : (variable[1] ?? '*').split('/').map(partPattern).join('/');
    pattern += piece;
    rest = rest.slice(part.length);
  }
  return pattern;
});

function partPattern(part: string): string {
  if (part === '**') return SEGMENTS;
  return part === '*' ? ONE_SEGMENT : part.replace(/[$()+.]/g, String.raw`\$&`);
}
