/** What makes every request to a connection manager uncertain. In: its configuration and the bootstrap. Out: why, or null. */
import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { memoised } from '../memo.ts';
import { field, typedMessage, typeName, unknown } from '../proto-json.ts';
import type { Runtime } from '../runtime.ts';

const HEADER_MUTATION = 'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation';

/** Headers of which more than their value is derived before a route is looked for. */
const MEANINGFUL: ReadonlySet<string> = new Set([
  'connection',
  'content-type',
  'te',
  'upgrade',
  'x-envoy-internal',
  'x-forwarded-for',
  'x-forwarded-proto',
]);

/**
 * The names of headers that extensions change before anything else looks at the request (early_header_mutation_extensions); null: they
 * may change any.
 */
export const earlyChanges: (hcm: Cursor) => ReadonlySet<string> | null = memoised((hcm) => {
  const names = new Set<string>();
  for (const extension of field(hcm, 'early_header_mutation_extensions').items()) {
    const any = field(extension, 'typed_config');
    if (typeName(any) !== HEADER_MUTATION) return null;
    for (const mutation of field(typedMessage(any), 'mutations').items()) {
      const name =
        field(mutation, 'remove').string() ?? field(field(field(mutation, 'append'), 'header'), 'key').string();
      if (name === undefined) return null;
      names.add(name.toLowerCase());
    }
  }
  return names;
});

/** Runtime keys that stand for fields which are not set (ConnectionManagerUtility::maybeNormalizePath, HttpConnectionManagerConfig). */
const PATH_KEYS: readonly (readonly [name: string, key: string])[] = [
  ['normalize_path', 'http_connection_manager.normalize_path'],
  ['path_with_escaped_slashes_action', 'http_connection_manager.path_with_escaped_slashes_action'],
];

const OWN_PREFIX = 'x-envoy';

function findDoubt(hcm: Cursor, bootstrap: Cursor, runtime: Runtime): Unknown | null {
  const prefix = field(bootstrap, 'header_prefix');
  if (prefix.exists && prefix.string() !== OWN_PREFIX)
    return unknown(`this Envoy calls its own headers by another prefix than ${OWN_PREFIX}`, prefix);
  const changed = earlyChanges(hcm);
  const meaningful = changed === null ? 'any header' : [...changed].find((name) => MEANINGFUL.has(name));
  if (meaningful !== undefined)
    return unknown(`an extension may change ${meaningful} first`, field(hcm, 'early_header_mutation_extensions'));
  for (const [name, key] of PATH_KEYS) {
    const shown = field(hcm, name).exists ? null : runtime.shown(key);
    if (shown !== null) return shown;
  }
  return null;
}

/** Why it is not known what a connection manager makes of any request. */
export const managerDoubt = memoised((hcm) => {
  let doubt: Unknown | null | undefined;
  return (bootstrap: Cursor, runtime: Runtime): Unknown | null => {
    if (doubt === undefined) doubt = findDoubt(hcm, bootstrap, runtime);
    return doubt;
  };
});
