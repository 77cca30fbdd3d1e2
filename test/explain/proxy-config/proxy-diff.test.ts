import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diffProxies, verdictOf, type KindDiff } from '../../../src/explain/proxy-config/proxy-diff.ts';
import type { ProxyDump } from '../../../src/model/proxy-dump.ts';
import { readProxyDocument } from '../../../src/parse/envoy/proxy-dump.ts';

const ENVOY = '../../fixtures/one-node-bookinfo/clusters/lab/pods/bookinfo/productpage-v1-abc/envoy/config_dump.json';
const TEXT = readFileSync(new URL(ENVOY, import.meta.url), 'utf8');

function dumpOf(document: unknown): ProxyDump {
  const bytes = Buffer.from(JSON.stringify(document));
  const read = readProxyDocument({ name: 'config_dump.json', capturedAt: null, bytes });
  if (read.kind !== 'config-dump') throw new Error('it is no dump');
  return read.dump;
}

const diff = (before: unknown, after: unknown): readonly KindDiff[] =>
  diffProxies(dumpOf(before), dumpOf(after), { dynamicOnly: false });
const statuses = (kinds: readonly KindDiff[]): Readonly<Record<string, string>> =>
  Object.fromEntries(kinds.map(({ kind, status }) => [kind, status]));
const SAME = { listener: 'same', route: 'same', cluster: 'same', endpoint: 'same', secret: 'same' };

/** Lists of a dump in which Envoy puts resources, chains, hosts and endpoints in any order. */
const ANY_ORDER = new Set([
  'configs',
  'dynamic_listeners',
  'static_listeners',
  'dynamic_active_clusters',
  'static_clusters',
  'dynamic_route_configs',
  'static_route_configs',
  'dynamic_endpoint_configs',
  'static_endpoint_configs',
  'dynamic_active_secrets',
  'filter_chains',
  'virtual_hosts',
  'domains',
  'endpoints',
  'lb_endpoints',
  'server_names',
  'application_protocols',
  'clusters',
  'headers',
  'custom_tags',
  'principals',
  'match_subject_alt_names',
]);

function reversed(value: unknown, member = ''): unknown {
  if (Array.isArray(value)) {
    const elements = value.map((one) => reversed(one));
    return ANY_ORDER.has(member) ? elements.toReversed() : elements;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, reversed(one, key)] as const);
  return Object.fromEntries(entries.toReversed());
}

const ADMIN = 'type.googleapis.com/envoy.admin.v3.';
const address = (text: string): object => ({ socket_address: { address: text, port_value: 80 } });
const endpoints = (groups: readonly object[], more: object = {}): object => ({
  configs: [
    {
      '@type': `${ADMIN}EndpointsConfigDump`,
      dynamic_endpoint_configs: [{ endpoint_config: { cluster_name: 'a', endpoints: groups, ...more } }],
    },
  ],
});
const host = (text: string, more: object = {}): object => ({ endpoint: { address: address(text), ...more } });
const group = (...hosts: readonly object[]): object => ({ locality: { zone: 'a' }, lb_endpoints: hosts });
const extension = (...names: readonly string[]): object => ({
  configs: [
    {
      '@type': `${ADMIN}EcdsConfigDump`,
      ecds_filters: names.map((name) => ({ version_info: name, ecds_filter: { name, typed_config: {} } })),
    },
  ],
});

const ENDPOINTS = { '@type': `${ADMIN}EndpointsConfigDump` };
/** What no proxy lacks. */
const whole: readonly object[] = ['Listeners', 'Routes', 'Clusters', 'Secrets'].map((name) => ({
  '@type': `${ADMIN}${name}ConfigDump`,
}));
const configsOf = (dump: object): readonly object[] => Reflect.get(dump, 'configs') as readonly object[];

describe('a proxy compared with itself', () => {
  it('in another order is the same', () => {
    const document: unknown = JSON.parse(TEXT);
    const other = reversed(document);
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(document));
    expect(statuses(diff(document, other))).toEqual(SAME);
  });

  it.each([
    ['at another time', /"last_updated": ?"[^"]*"/g, '"last_updated":"2020-01-01T00:00:00Z"'],
    ['of another version', /"version_info": ?"[^"]*"/g, '"version_info":"other"'],
  ])('%s is the same', (_, from, to) => {
    const other = TEXT.replaceAll(from, to);
    expect(other).not.toBe(TEXT);
    expect(statuses(diff(JSON.parse(TEXT), JSON.parse(other)))).toEqual(SAME);
  });

  it.each([
    ['a route', 'route', '"exact": "jason"', '"exact": "json"'],
    ['a cluster', 'cluster', '"connect_timeout": "10s"', '"connect_timeout": "9s"'],
    ['a listener', 'listener', '"stat_prefix": "outbound_0.0.0.0_9080', '"stat_prefix": "other'],
  ])('with %s that differs is not', (_, kind, from, to) => {
    const other = TEXT.replace(from, to);
    expect(other).not.toBe(TEXT);
    expect(statuses(diff(JSON.parse(TEXT), JSON.parse(other)))).toEqual({ ...SAME, [kind]: 'different' });
  });
});

describe('endpoints', () => {
  it.each<readonly [what: string, before: object, after: object, status: string]>([
    [
      'one group or one each',
      endpoints([group(host('1'), host('2'))]),
      endpoints([group(host('2')), group(host('1'))]),
      'same',
    ],
    [
      'HEALTHY or nothing',
      endpoints([group(host('1'))]),
      endpoints([group({ ...host('1'), health_status: 'HEALTHY' })]),
      'same',
    ],
    [
      'empty fields',
      endpoints([group(host('1'))]),
      endpoints([group(host('1', { health_check_config: {}, hostname: '' }))]),
      'same',
    ],
    [
      'another second address',
      endpoints([group(host('1', { additional_addresses: [{ address: address('fd00::1') }] }))]),
      endpoints([group(host('1', { additional_addresses: [{ address: address('fd00::2') }] }))]),
      'different',
    ],
    ['a host name', endpoints([group(host('1'))]), endpoints([group(host('1', { hostname: 'x' }))]), 'different'],
    [
      'another port of health checks',
      endpoints([group(host('1'))]),
      endpoints([group(host('1', { health_check_config: { port_value: 8 } }))]),
      'different',
    ],
    [
      'requests that are dropped',
      endpoints([group(host('1'))]),
      endpoints([group(host('1'))], { policy: { drop_overloads: [{ category: 'x' }] } }),
      'different',
    ],
  ])('%s', (_, before, after, status) => {
    expect(statuses(diff(before, after))['endpoint']).toBe(status);
  });
});

describe('a kind of which one side has nothing, or both', () => {
  const [one] = whole;
  it.each<readonly [what: string, before: object, after: object, missing: string | null, verdict: string]>([
    ['both', { configs: whole }, { configs: whole }, 'both', 'unknown'],
    ['one, and the rest is the same', { configs: [...whole, ENDPOINTS] }, { configs: whole }, 'after', 'unknown'],
    [
      'one, and another kind differs',
      { configs: [{ ...one, static_listeners: [{ listener: { name: 'x' } }] }] },
      { configs: [one, ENDPOINTS] },
      'before',
      'different',
    ],
  ])('cannot be compared: %s', (_, before, after, missing, verdict) => {
    const kinds = diff(before, after);
    expect(kinds.find(({ kind }) => kind === 'endpoint')).toMatchObject({ status: 'missing', missing });
    expect(verdictOf(kinds)).toBe(verdict);
  });

  it('is nothing where both have all', () => {
    expect(verdictOf(diff(JSON.parse(TEXT), JSON.parse(TEXT)))).toBe('same');
  });
});

describe('filters by extension discovery', () => {
  it.each([
    ['the same in another order', extension('a', 'b'), extension('b', 'a'), 'same'],
    ['others', extension('a'), extension('b'), 'different'],
    ['of one side alone, and the other captured in part', extension('a'), { configs: [] }, 'missing'],
    ['of one side alone', { configs: [...whole, ...configsOf(extension('a'))] }, { configs: whole }, 'different'],
    ['of none', { configs: [] }, { configs: [] }, undefined],
  ])('%s', (_, before, after, status) => {
    expect(statuses(diff(before, after))['extension']).toBe(status);
  });
});
