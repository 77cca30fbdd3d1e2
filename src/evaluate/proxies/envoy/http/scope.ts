import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyConfigDump } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { lowerAscii } from '../match/string-match.ts';
import { memoised } from '../memo.ts';
import { field, fields, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { headerValues, keepsApart } from './header-values.ts';
import type { RequestView } from './request-view.ts';

const KNOWN_SCOPED = new Set([
  'name',
  'scope_key_builder',
  'rds_config_source',
  'scoped_route_configurations_list',
  'scoped_rds',
]);
const KNOWN_SCOPE = new Set(['@type', 'name', 'key', 'route_configuration', 'route_configuration_name', 'on_demand']);
const KNOWN_EXTRACTOR = new Set(['name', 'element_separator', 'index', 'element']);

/** The scope of a request, null when none has its key, with a clause and what proves it. */
export interface ScopeChoice {
  readonly scope: Cursor | null;
  readonly reason: string;
  readonly cites: readonly Cursor[];
}

/**
 * The scope of a request: headers give the parts of a key, and the scope of that very key counts
 * (ScopeKeyBuilderImpl::computeScopeKey and ScopedConfigImpl::getRouteConfig, source/common/router/scoped_config_impl.cc).
 * @param scoped the ScopedRoutes of a connection manager
 */
export function findScope(dump: EnvoyConfigDump, scoped: Cursor, request: RequestView): ScopeChoice | Unknown {
  const list = scopeList(dump, scoped);
  if (isUnknown(list)) return list;
  const builder = field(scoped, 'scope_key_builder');
  const { scopes, beyond: beyondScope } = scopesByKey(list);
  const beyond = unknownField(scoped, KNOWN_SCOPED) ?? beyondScope;
  if (beyond !== undefined) return beyond;
  const fragments = field(builder, 'fragments').items();
  if (fragments.length === 0) return unknown('how the key of a scope is made is not understood', scoped);
  const key: string[] = [];
  for (const fragment of fragments) {
    const part = keyPart(fragment, request);
    if (isUnknown(part)) return part;
    if (part === null) {
      const name = fields(fragment, 'header_value_extractor', 'name').string() ?? '';
      return { scope: null, reason: `the header ${name} gives no part of a scope's key`, cites: [fragment] };
    }
    key.push(part);
  }
  const shown = key.map((part) => JSON.stringify(part)).join(', ');
  const scope = scopes.get(JSON.stringify(key));
  if (scope === undefined) return { scope: null, reason: `no scope has the key ${shown}`, cites: [builder] };
  return { scope, reason: `the scope with the key ${shown}`, cites: [field(scope, 'key')] };
}

/** Scopes that stand in the connection manager, or that SRDS delivered. */
function scopeList(dump: EnvoyConfigDump, scoped: Cursor): Cursor | Unknown {
  const inline = field(scoped, 'scoped_route_configurations_list');
  if (inline.exists) return field(inline, 'scoped_route_configurations');
  const name = field(scoped, 'name');
  const delivered = dump.scopes(name.string() ?? '');
  if (delivered === undefined && !dump.complete)
    return unknown(`the scoped routes ${name.string() ?? ''} are not in this part of a config_dump`, name);
  if (delivered?.state !== 'active') return inline;
  return delivered.config.exists
    ? delivered.config
    : unknown(`the scoped routes ${delivered.name} cannot be read`, name);
}

/** Scopes by the JSON of their key's parts; Envoy refuses two of one key. */
const scopesByKey = memoised((list) => {
  const scopes = new Map<string, Cursor>();
  let beyond: Unknown | undefined;
  for (const scope of list.items()) {
    beyond ??= unknownField(scope, KNOWN_SCOPE);
    const parts = fields(scope, 'key', 'fragments')
      .items()
      .map((part) => field(part, 'string_key').string() ?? '');
    scopes.set(JSON.stringify(parts), scope);
  }
  return { scopes, beyond };
});

/** HeaderValueExtractorImpl::computeFragment; null: the request has none. */
function keyPart(fragment: Cursor, request: RequestView): string | null | Unknown {
  const extractor = field(fragment, 'header_value_extractor');
  if (!extractor.exists) return unknown('a part of the scope key is not understood', fragment);
  const beyond = unknownField(extractor, KNOWN_EXTRACTOR);
  if (beyond !== undefined) return beyond;
  const name = lowerAscii(field(extractor, 'name').string() ?? '');
  const values = headerValues(request.headers, name);
  if (isUnknown(values)) return values;
  // The first of several counts (HeaderValueExtractorImpl::computeFragment).
  if (values.length > 1 && !keepsApart(name))
    return unknown(`the scope follows the first of several values of the header ${name}`, extractor);
  const [value] = values;
  if (value === undefined) return null;
  const separator = field(extractor, 'element_separator').string() ?? '';
  const elements = separator === '' ? [value] : value.split(separator);
  const element = field(extractor, 'element');
  if (!element.exists) return elements[field(extractor, 'index').number() ?? 0] ?? null;
  const wanted = field(element, 'key').string() ?? '';
  const between = field(element, 'separator').string() ?? '';
  for (const each of elements) {
    const at = each.indexOf(between);
    const [key, rest] = at < 0 ? [each, ''] : [each.slice(0, at), each.slice(at + between.length)];
    if (key === wanted) return rest;
  }
  return null;
}
