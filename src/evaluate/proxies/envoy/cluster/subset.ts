import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { enumName, field, unknown, unknownField } from '../proto-json.ts';
import type { Host } from './host-set.ts';

const KNOWN = new Set([
  'fallback_policy',
  'default_subset',
  'subset_selectors',
  'locality_weight_aware',
  'list_as_any',
]);
const KNOWN_SELECTOR = new Set(['keys', 'fallback_policy']);
const FALLBACKS = ['NO_FALLBACK', 'ANY_ENDPOINT', 'DEFAULT_SUBSET'];
const SELECTOR_FALLBACKS = ['NOT_DEFINED', 'NO_FALLBACK', 'ANY_ENDPOINT', 'DEFAULT_SUBSET', 'KEYS_SUBSET'];

/** Metadata that hosts must have, by key; values as JSON text. */
export type SubsetCriteria = ReadonlyMap<string, string>;

const NO_CRITERIA: SubsetCriteria = new Map();

/** Collects `metadata_match` of a route and, above it, of a weighted cluster: the values under `envoy.lb`. */
export function subsetCriteria(...metadataMatches: readonly Cursor[]): SubsetCriteria {
  if (metadataMatches.every((metadata) => !metadata.exists)) return NO_CRITERIA;
  const criteria = new Map<string, string>();
  for (const metadata of metadataMatches) {
    for (const [key, value] of field(metadata, 'filter_metadata').at('envoy.lb').entries()) {
      criteria.set(key, JSON.stringify(value.value));
    }
  }
  return criteria;
}

/**
 * The hosts that a subset load balancer leaves (source/extensions/load_balancing_policies/subset/subset_lb.cc): those of the
 * selector whose keys are exactly the criteria's and whose metadata equals them; if there are none, what the fallback says.
 */
export function subsetHosts(
  cluster: Cursor,
  hosts: readonly Host[],
  criteria: SubsetCriteria,
): readonly Host[] | Unknown {
  const config = field(cluster, 'lb_subset_config');
  const selectors = field(config, 'subset_selectors').items();
  if (!usesSubsets(cluster)) return hosts;
  const plain =
    field(config, 'locality_weight_aware').boolean() !== true && field(config, 'list_as_any').boolean() !== true;
  const problem =
    unknownField(config, KNOWN) ??
    selectors.map((selector) => unknownField(selector, KNOWN_SELECTOR)).find((found) => found !== undefined) ??
    (plain ? undefined : unknown('this kind of subset load balancing is not evaluated', config));
  if (problem !== undefined) return problem;
  if (hosts.some((host) => host.metadata === null)) {
    return unknown('subsets need the metadata of endpoints, which config_dump?include_eds shows', config);
  }
  const selector =
    criteria.size === 0 ? undefined : selectors.find((one) => sameKeys(field(one, 'keys').strings(), criteria));
  if (selector !== undefined) {
    const found = hosts.filter((host) => hasMetadata(host, criteria));
    if (found.length > 0) return found;
  }
  const own = selector && enumName(field(selector, 'fallback_policy'), SELECTOR_FALLBACKS);
  const fallback =
    own === undefined || own === 'NOT_DEFINED' ? enumName(field(config, 'fallback_policy'), FALLBACKS) : own;
  if (fallback === 'ANY_ENDPOINT') return hosts;
  if (fallback === 'KEYS_SUBSET') return unknown('the fallback KEYS_SUBSET is not evaluated', selector ?? config);
  if (fallback !== 'DEFAULT_SUBSET') return [];
  const defaults = new Map(
    field(config, 'default_subset')
      .entries()
      .map(([key, value]): [string, string] => [key, JSON.stringify(value.value)]),
  );
  return hosts.filter((host) => hasMetadata(host, defaults));
}

/** Whether the cluster's hosts are picked by subset: only selectors switch that on (LoadBalancerSubsetInfoImpl). */
export function usesSubsets(cluster: Cursor): boolean {
  return field(field(cluster, 'lb_subset_config'), 'subset_selectors').items().length > 0;
}

function sameKeys(keys: readonly string[], criteria: SubsetCriteria): boolean {
  const unique = new Set(keys);
  return unique.size === criteria.size && [...unique].every((key) => criteria.has(key));
}

function hasMetadata(host: Host, criteria: SubsetCriteria): boolean {
  const [own] = host.metadata?.() ?? [];
  if (own === undefined) return false;
  const values = field(own, 'filter_metadata').at('envoy.lb');
  return [...criteria].every(([key, value]) => JSON.stringify(values.at(key).value) === value);
}
