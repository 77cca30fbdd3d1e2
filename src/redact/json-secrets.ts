/**
 * Secrets in JSON documents: lists of API objects, answers of Envoy and istiod, dumps of nodes. What is a secret is told by the name
 * of its field, by what stands beside it, or by its own shape; so one set of rules does for all of them, wherever an object is
 * nested in another one (an EnvoyFilter, a TypedStruct, a dump of istiod).
 */
import { hideConfig } from './config-map.ts';
import { hideAnnotation, hideArgument, hideVariable, isMeshContainer, isPlain } from './container-words.ts';
import type { Hiding } from './hiding.ts';
import { editJson, type Change, type Editor } from './json-edit.ts';
import { NotJson, type Child, type Node } from './json-tree.ts';
import { isCredentialHeader, isSecretName } from './names-of-secrets.ts';
import { learnInterface, renameKey, renameText } from './names/json-names.ts';
import type { Renaming } from './names/renaming.ts';
import { member, memberTexts, placeBelow, rootPlace, type Place, type Regime } from './place.ts';

/** Fields that hold the secret, code or text itself, in any of the formats. */
const INLINE = new Set([
  'inlinebytes',
  'inlinestring',
  'inlinecode',
  'defaultsourcecode',
  'jwks',
  'cabundle',
  'configyaml',
  'pluginconfig',
  'volumeattributes',
  'inlinecredential',
  'credentials',
  'credential',
  'authinfo',
]);
/** Lists and maps of headers that somebody adds to requests or answers. */
const ADDED_HEADERS = /^(?:.*headersto(?:add|append|set|upstream)|httpheaders|initialmetadata|.*headermutations?)$/;
/** Headers whose values say how the message is to be read or sent on, and never who may send it. */
const PUBLIC_HEADER =
  /^(?:content-type|accept|host|:authority|origin|te|connection|upgrade|via|server|vary|cache-control|x-forwarded-(?:for|proto|port|host)|strict-transport-security|x-frame-options|x-content-type-options|access-control-[a-z-]+)$/i;
/** Maps from the name of a header or parameter to its value or a matcher of it. */
const NAMED_VALUES = new Set(['headers', 'withoutheaders', 'queryparams', 'queryparameters', 'cookies', 'httpheaders']);
/** Members of a matcher that hold its pattern. */
const PATTERNS = new Set([
  'stringmatch',
  'exactmatch',
  'prefixmatch',
  'suffixmatch',
  'containsmatch',
  'saferegexmatch',
  'regexmatch',
  'rangematch',
  'value',
  'valuematch',
  'values',
  'notvalues',
  'exactmatchmap',
  'prefixmatchmap',
  'matchmap',
]);
/** Entries of node.metadata that Istio's bootstrap has for every proxy; others are variables that somebody set. */
const NODE_METADATA =
  /^(?:NAME|NAMESPACE|NODE_NAME|INSTANCE_IPS|LABELS|ANNOTATIONS|PROXY_CONFIG|POD_PORTS|PILOT_SAN|CLUSTER_ID|APP_CONTAINERS|SERVICE_ACCOUNT|ISTIO_[A-Z_]+|ENVOY_[A-Z_]+|MESH_ID|INTERCEPTION_MODE|WORKLOAD_NAME|OWNER|NETWORK|PLATFORM_METADATA|OUTLIER_LOG_PATH|UNPRIVILEGED_POD|HTTP10|DNS_CAPTURE|DNS_AUTO_ALLOCATE|STATS_[A-Z_]+|EXIT_ON_[A-Z_]+|ROUTER_MODE|PROXY_VIA_AGENT|METADATA_DISCOVERY|GENERATOR|.*VERSION|.*SHA)$/;
const DEPTH_OF_NESTED_TEXT = 4;

/**
 * Takes the secrets out of a document.
 * @param plural of the artefact's List (`configmaps`); '' for anything else
 * @throws NotJson
 */
export function hideInJson(bytes: Buffer, plural: string, hiding: Hiding, renaming: Renaming | null): Buffer {
  return editJson(bytes, new SecretEditor(plural, hiding, renaming, 0));
}

class SecretEditor implements Editor<Place> {
  readonly root = rootPlace();
  private readonly plural: string;
  private readonly hiding: Hiding;
  /** null: names and addresses stay. */
  private readonly renaming: Renaming | null;
  /** How many texts of JSON the document stands in. */
  private readonly nested: number;

  constructor(plural: string, hiding: Hiding, renaming: Renaming | null, nested: number) {
    this.plural = plural;
    this.hiding = hiding;
    this.renaming = renaming;
    this.nested = nested;
  }

  below(up: Place, parent: Node, child: Child, index: number): Place {
    const place = placeBelow(up, parent, child, index);
    const regime = regimeOf(place, child.node);
    return regime === place.regime ? place : { ...place, regime };
  }

  container(place: Place, node: Node): Change {
    if (place.bare === 'managedfields' && node.kind === 'array') return { json: '[]' };
    return undefined;
  }

  key(place: Place, key: string): string | undefined {
    // Keys of a matcher's map are patterns themselves.
    if (place.regime === 'pattern' && place.up?.regime === 'pattern' && place.bare === 'map')
      return changed(key, this.hiding.value(key, true));
    const hidden = this.hiding.text(key);
    return changed(key, this.renaming === null ? hidden : renameKey(place, hidden, this.renaming));
  }

  string(place: Place, text: string): Change {
    const hidden = this.hidden(place, text);
    const { renaming } = this;
    if (renaming === null) return hidden === text ? undefined : { text: hidden };
    learnInterface(place, text, renaming);
    const renamed = this.nestedText(hidden, renaming) ?? renameText(place, hidden, renaming);
    return renamed === text ? undefined : { text: renamed };
  }

  private hidden(place: Place, text: string): string {
    const { hiding } = this;
    switch (place.regime) {
      case 'hidden':
        return hiding.format(text);
      case 'settings':
        return isPlain(text) ? text : hiding.value(text, isSecretName(place.key));
      case 'pattern':
        return hiding.value(text, true);
      case 'open':
        return this.judged(place, text);
    }
  }

  private judged(place: Place, text: string): string {
    const { hiding } = this;
    const { up, bare, container } = place;
    if (bare === 'value' || bare === 'rawvalue') {
      // An object may have a member twice: what one of them says is a secret is one.
      const names = memberTexts(container, ['name', 'key', 'headername']);
      if (up?.index !== -1 && up?.bare === 'env')
        return hideVariable(names.find(isSecretName) ?? (names.length === 1 ? (names[0] ?? '') : ''), text, hiding);
      if (addsHeader(place)) {
        const open = names.length > 0 && names.every((name) => PUBLIC_HEADER.test(name));
        return open ? hiding.text(text) : hiding.format(text);
      }
      if (names.some((name) => isSecretName(name) || isCredentialHeader(name))) return hiding.value(text, true);
      if (memberTexts(container, ['type']).some((type) => /protobuf\.(?:String|Bytes)Value$/.test(type)))
        return hiding.value(text, false);
    }
    if (up !== null && place.index < 0 && up.index < 0) {
      if (up.bare === 'annotations') return hideAnnotation(place.key, text, hiding);
      if (up.bare === 'data' || up.bare === 'binarydata' || up.bare === 'stringdata') {
        const entry = this.configEntry(place, text);
        if (entry !== undefined) return entry;
      }
      if (up.bare === 'metadata' && up.up?.bare === 'node' && !NODE_METADATA.test(place.key) && !isPlain(text))
        return hiding.value(text, isSecretName(place.key));
      if (NAMED_VALUES.has(up.bare) && isCredentialHeader(place.key)) return hiding.value(text, true);
    }
    if (place.index >= 0 && (bare === 'args' || bare === 'command')) {
      const before = container?.children[place.index - 1]?.node.text;
      const [name] = memberTexts(up?.container ?? null, ['name']);
      return hideArgument(text, before, isMeshContainer(name), hiding);
    }
    if (isSecretName(place.key) && !isPlain(text)) return hiding.value(text, true);
    if (bare === 'domains' || bare === 'servernames') return text;
    return this.nestedText(text, null) ?? hiding.text(text);
  }

  /** An entry of a ConfigMap or Secret; undefined: the object is something else. */
  private configEntry(place: Place, text: string): string | undefined {
    const object = place.up?.container ?? null;
    const [kind] = memberTexts(object, ['kind']);
    if (kind === 'Secret') return this.hiding.value(text, true);
    if (kind !== 'ConfigMap' && !(kind === undefined && this.plural === 'configmaps')) return undefined;
    const [name = ''] = memberTexts(member(object, 'metadata') ?? null, ['name']);
    return place.up?.bare === 'data' ? hideConfig(name, place.key, text, this.hiding) : this.hiding.value(text, false);
  }

  /** A document inside a text: `{"containerPort":9080}`. */
  private nestedText(text: string, renaming: Renaming | null): string | undefined {
    if (!/^\s*[{[]/.test(text)) return undefined;
    if (this.nested >= DEPTH_OF_NESTED_TEXT) return this.hiding.value(text, false);
    try {
      const bytes = Buffer.from(text);
      return editJson(bytes, new SecretEditor(this.plural, this.hiding, renaming, this.nested + 1)).toString('utf8');
    } catch (error) {
      if (error instanceof NotJson) return undefined;
      throw error;
    }
  }
}

function changed(before: string, after: string): string | undefined {
  return before === after ? undefined : after;
}

/** The regime of a value, by its own name and by what stands beside it. */
function regimeOf(place: Place, node: Node): Regime {
  const { regime, bare, up, container } = place;
  if (regime === 'hidden' || regime === 'settings') return regime;
  if (regime === 'pattern') return regime;
  if (INLINE.has(bare)) return 'hidden';
  if (bare === 'proxymetadata') return 'settings';
  if (
    bare === 'configuration' &&
    memberTexts(container, ['vmconfig', 'rootid']).length + (member(container, 'vmconfig') ? 1 : 0) > 0
  )
    return 'hidden';
  if (bare === 'environmentvariables' || bare === 'keyvalues') return 'settings';
  if (
    (bare === 'set' || bare === 'add') &&
    (up?.bare === 'request' || up?.bare === 'response') &&
    up.up?.bare === 'headers'
  )
    return 'hidden';
  if (bare === 'password' || bare === 'accesstoken' || bare === 'apikey') return 'hidden';
  // Keys of the API key filter, beside the client that has one.
  if (bare === 'key' && node.kind === 'string' && member(container, 'client') !== undefined) return 'hidden';
  if (up !== null && NAMED_VALUES.has(up.bare) && place.index < 0 && up.index < 0) {
    if (node.kind === 'object' && isCredentialHeader(place.key)) return 'pattern';
    if (node.kind === 'string' && up.bare !== 'queryparameters') return 'hidden';
  }
  if (PATTERNS.has(bare) && place.index < 0 && matchesCredential(container)) return 'pattern';
  return 'open';
}

/** Whether a matcher or input looks at a header, cookie or parameter that carries a credential. */
function matchesCredential(container: Node | null): boolean {
  const names = memberTexts(container, ['name', 'headername']);
  if (names.some(isCredentialHeader)) return true;
  const keys = memberTexts(container, ['key']);
  const header = keys.flatMap((key) => /^request\.headers\[([^\]]+)\]$/i.exec(key)?.[1] ?? []);
  if (header.some(isCredentialHeader)) return true;
  const input = member(container, 'input');
  return input !== undefined && namesCredential(input, 0);
}

function namesCredential(node: Node, depth: number): boolean {
  if (depth > 6) return false;
  if (memberTexts(node, ['headername', 'cookiename', 'queryparam', 'name']).some(isCredentialHeader)) return true;
  return node.children.some((child) => namesCredential(child.node, depth + 1));
}

/** Whether a value stands in a list of headers that are added: `request_headers_to_add: [{header: {key, value}}]`. */
function addsHeader(place: Place): boolean {
  let at: Place | null = place.up;
  for (let levels = 0; at !== null && levels < 5; levels += 1) {
    if (ADDED_HEADERS.test(at.bare)) return true;
    at = at.up;
  }
  return false;
}
