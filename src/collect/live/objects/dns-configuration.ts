import { byName } from '../../../model/selection.ts';
import type { ListedItem } from './list-page.ts';

/** Where the cluster's DNS server is configured. */
export const DNS_NAMESPACE = 'kube-system';
const DNS_CONFIG_MAPS: readonly string[] = ['coredns', 'coredns-custom'];
/** What of all ConfigMaps is asked for. */
export const DNS_SELECTIONS = DNS_CONFIG_MAPS.map((name) => byName(name, DNS_NAMESPACE));

/** Other ConfigMaps may hold anything, and nobody asked for them. */
export function configuresDns({ key, bytes }: ListedItem): boolean {
  const name = key.slice(key.indexOf('/') + 1);
  return DNS_CONFIG_MAPS.includes(name) || bytes.includes('"Corefile"');
}
