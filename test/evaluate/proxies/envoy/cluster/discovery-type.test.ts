import { expect, it } from 'vitest';
import { discoveryType } from '../../../../../src/evaluate/proxies/envoy/cluster/host-set.ts';
import { Cursor } from '../../../../../src/model/json.ts';

const DNS = 'type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster';
const dns = (more: object): object => ({
  cluster_type: { name: 'envoy.clusters.dns', typed_config: { '@type': DNS, ...more } },
});

it.each<[object, string]>([
  [{}, 'STATIC'],
  [{ type: 1 }, 'STRICT_DNS'],
  [{ type: 'EDS' }, 'EDS'],
  [dns({}), 'STRICT_DNS'],
  [dns({ all_addresses_in_single_endpoint: true }), 'LOGICAL_DNS'],
  [{ cluster_type: { name: 'envoy.clusters.dns' } }, 'envoy.clusters.dns'],
  [{ cluster_type: { name: 'x', typed_config: { '@type': 'y' } } }, 'x'],
])('%j is of type %s', (cluster, type) => {
  expect(discoveryType(new Cursor('dump.json', '', cluster))).toBe(type);
});
