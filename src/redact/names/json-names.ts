/** Names and addresses in JSON documents: which texts are names, which are words of a protocol, and which are patterns of either. */
import type { Node } from '../json-tree.ts';
import { member, memberTexts, type Place } from '../place.ts';
import type { Renaming } from './renaming.ts';

/** Values that are types, versions and other words of a schema. */
const SCHEMA = new Set([
  'type',
  'typeurl',
  'apiversion',
  'kind',
  'resourceversion',
  'uid',
  'fieldstype',
  'category',
  'typeurls',
]);
/** Types and extensions of Envoy, Istio and xDS: `envoy.filters.http.router`. */
const TYPE = /^(?:type\.googleapis\.com\/)?(?:envoy|istio|xds|udpa|google)\.[A-Za-z0-9_.]+$/;
/** What HTTP says, and what is compared with it. A path that was changed would match other routes. */
const HTTP_TEXT = new Set([
  'prefix',
  'path',
  'pathseparatedprefix',
  'prefixrewrite',
  'pathredirect',
  'prefixredirect',
  'substitution',
  'regex',
  'uri',
  'method',
  'methods',
  'paths',
  'notpaths',
  'notmethods',
  'scheme',
  'useragentname',
]);
/** A matcher's forms of pattern. */
const PATTERN = /^(?:exact|prefix|suffix|contains|saferegex|regex)(?:match)?$/;
/** Subjects of matchers that are names: hosts, identities, labels. */
const NAMED_SUBJECT =
  /^(?:authority|host|xforwardedhost|principalname|principal|principals|requestedservername|servername|matchsubjectaltnames|matchtypedsubjectaltnames|sourceprincipal|namespace|namespaces|exportto|labels|metadata|filterstate|sourcename|matcher|forwardedclientcert|xforwardedclientcert|uriTemplate|alloworiginstringmatch|alloworigins)$/i;
/** Maps whose keys are names, or labels. */
const NAMED_KEYS = new Set([
  'labels',
  'annotations',
  'matchlabels',
  'selector',
  'nodeselector',
  'podselector',
  'data',
  'binarydata',
  'to',
  'ports',
  'limits',
  'portlevelmtls',
  'portlevelsettings',
]);

/** The text in the place of a text. */
export function renameText(place: Place, text: string, renaming: Renaming): string {
  const { bare, up, container } = place;
  if (text === '' || (place.index < 0 && SCHEMA.has(bare)) || bare === 'typeurls' || TYPE.test(text)) return text;
  if (bare === 'name' || bare === 'namespace' || bare === 'nodename') return nameOf(place, text, renaming);
  if (isNetworkAddress(bare)) {
    const length = lengthBeside(container, bare);
    if (length !== undefined) return renaming.networkAddress(text, length);
  }
  if (up?.bare === 'labels' || up?.bare === 'metadata') return renaming.name(text);
  if (bare === 'range' && place.index >= 0) return rangeEnd(place, text, renaming);
  if (isMaskedOperand(place)) return renaming.undecidable(text);
  const subject = subjectOf(place);
  if (subject !== undefined) return renamePattern(subject, bare, text, renaming);
  if (HTTP_TEXT.has(bare) && inHttp(place)) return text;
  if (bare.includes('header') && !bare.endsWith('headerstoadd')) return text;
  if (bare === 'key' && (up?.bare === 'header' || /^(?:request|source|destination|connection)\./.test(text)))
    return text;
  return renaming.text(text);
}

/** The key in the place of a key; `place` is that of its object. */
export function renameKey(place: Place, key: string, renaming: Renaming): string {
  if (NAMED_KEYS.has(place.bare) && place.index < 0) return renaming.text(key);
  if (place.bare === 'map' && place.up !== null) return renaming.text(key);
  // Fields of schemas are identifiers; whatever is not is a name that somebody gave, or a header.
  if (/^[@$]?[A-Za-z_][A-Za-z0-9_]*$/.test(key) || place.bare.endsWith('headers') || TYPE.test(key)) return key;
  return ['set', 'add', 'queryparams'].includes(place.bare) ? key : renaming.text(key);
}

/** Headers keep their names; so do environment variables that are none of a Service. */
function nameOf(place: Place, text: string, renaming: Renaming): string {
  const patterns = place.container?.children.some((child) => PATTERN_MEMBER.test(child.key)) ?? false;
  if (patterns && place.bare === 'name') return text;
  if (place.up?.bare === 'httpheaders' || place.up?.bare === 'fromheaders') return text;
  return renaming.name(text);
}

const PATTERN_MEMBER =
  /^(?:string_?match|exact_?match|prefix_?match|suffix_?match|contains_?match|safe_?regex_?match|range_?match|present_?match|invert_?match)$/i;

const LENGTHS: Readonly<Record<string, readonly string[]>> = {
  addr: ['len'],
  addressprefix: ['prefixlen'],
  src: ['srclen'],
  dst: ['dstlen'],
};

function isNetworkAddress(bare: string): boolean {
  return Object.hasOwn(LENGTHS, bare);
}

/** The length that stands beside an address: `{"addr": "10.96.0.0", "len": 12}`. */
function lengthBeside(container: Node | null, bare: string): number | undefined {
  for (const name of LENGTHS[bare] ?? []) {
    const node = member(container, name);
    // A number's text is not kept; its place is, and it is short.
    if (node?.kind === 'scalar' || node?.kind === 'object') return numberOf(node);
  }
  // Envoy leaves a length of 0 out.
  return bare === 'addressprefix' ? 0 : undefined;
}

function numberOf(node: Node): number | undefined {
  if (node.kind === 'scalar') return Number(node.text);
  const value = member(node, 'value');
  return value?.kind === 'scalar' ? Number(value.text) : undefined;
}

/** An end of a range in nftables' JSON: `{"range": ["10.0.0.0", "10.0.0.255"]}`. */
function rangeEnd(place: Place, text: string, renaming: Renaming): string {
  const ends = place.container?.children.map((child) => child.node.text) ?? [];
  const [first = '', last = ''] = ends;
  if (!/[.:]/.test(text)) return renaming.text(text);
  const [from = '', to] = renaming.text(`${first}-${last}`).split('-');
  if (to === undefined || !/[.:]/.test(to)) return renaming.undecidable(text);
  return place.index === 0 ? from : to;
}

/** A constant beside a mask in nftables: `{"match": {"left": {"&": [{"payload": …}, "255.255.0.0"]}, "right": "10.1.0.0"}}`. */
function isMaskedOperand(place: Place): boolean {
  if (place.bare !== 'right' && place.up?.bare !== 'right' && place.up?.up?.bare !== 'right') return false;
  let at: Place | null = place;
  while (at !== null && at.bare !== 'right') at = at.up;
  const left = member(at?.container ?? null, 'left');
  return left?.children.some((child) => /^[&|^]$/.test(child.key)) ?? false;
}

/** What a matcher's pattern is held against; undefined: the text is no pattern of a matcher of texts. */
function subjectOf(place: Place): string | undefined {
  if (!PATTERN.test(place.bare)) return undefined;
  let at: Place | null = place;
  for (let levels = 0; at !== null && levels < 5; levels += 1) {
    const names = memberTexts(at.container, ['name', 'headername']);
    const [name] = names;
    if (name !== undefined && at.bare !== 'name' && PATTERN_MEMBER.test(at.key)) return name;
    if (
      at !== place &&
      !PATTERN.test(at.bare) &&
      at.bare !== 'stringmatch' &&
      at.bare !== 'pattern' &&
      at.bare !== 'ormatch'
    )
      return at.key;
    at = at.up;
  }
  return undefined;
}

function renamePattern(subject: string, bare: string, text: string, renaming: Renaming): string {
  if (!NAMED_SUBJECT.test(subject.toLowerCase().replace(/[^a-z0-9]/g, ''))) return text;
  if (bare.startsWith('exact')) return renaming.text(text);
  if (bare.startsWith('prefix')) return renaming.beginning(text);
  if (bare.startsWith('suffix')) return renaming.end(text);
  return renaming.undecidable(text);
}

/** Whether a place is inside what a proxy does with a request, or a probe sends. */
function inHttp(place: Place): boolean {
  const keys = new Set([
    'match',
    'route',
    'routes',
    'httpget',
    'rewrite',
    'redirect',
    'operation',
    'urlpath',
    'path',
    'regexrewrite',
    'directresponse',
    'uri',
    'rules',
    'rule',
    'saferegex',
    'http',
    'uriregexrewrite',
    'healthcheck',
    'httphealthcheck',
    'permissions',
    'when',
    'hostrewritepathregex',
    'pattern',
  ]);
  for (let at: Place | null = place.up, levels = 0; at !== null && levels < 8; at = at.up, levels += 1) {
    if (keys.has(at.bare)) return true;
  }
  return false;
}

/** Remembers the interfaces that a document lists. */
export function learnInterface(place: Place, text: string, renaming: Renaming): void {
  if (place.bare === 'ifname' || place.bare === 'dev') renaming.keepInterface(text);
}
