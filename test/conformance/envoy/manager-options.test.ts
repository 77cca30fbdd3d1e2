/**
 * Options of the connection manager, its router, clusters and the bootstrap that change what becomes of a request before its route is looked for,
 * or what it is answered with, held against the real Envoy. Where ours is open, what Envoy did is told beside it.
 */
import { describe, expect, it } from 'vitest';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import type { Probe } from './probe.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { agrees, expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);
const TYPE = 'type.googleapis.com/envoy.extensions';

type Asked = readonly [asked: Partial<Probe>, end: RegExp];
interface Case {
  readonly manager?: object;
  readonly router?: object;
  readonly bootstrap?: object;
  readonly filters?: readonly object[];
  readonly virtualHost?: object;
  /** Where the route leads; absent: to the cluster `c`. */
  readonly action?: object;
  /** Fields of the cluster. */
  readonly cluster?: object;
  readonly asked: readonly Asked[];
}

const headers = (...list: Probe['headers']): Partial<Probe> => ({ headers: list });
const extension = (name: string, more: object): object => ({
  name: 'x',
  typed_config: { '@type': `${TYPE}.${name}`, ...more },
});
const early = (...mutations: readonly object[]): object => ({
  early_header_mutation_extensions: [
    extension('http.early_header_mutation.header_mutation.v3.HeaderMutation', { mutations }),
  ],
});
const overwrite = (key: string, value: string): object => ({
  append: { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
});
const addressIn = (more: object): object => ({
  original_ip_detection_extensions: [
    extension('http.original_ip_detection.custom_header.v3.CustomHeaderConfig', { header_name: 'x-address', ...more }),
  ],
});
const runtime = (keys: object): object => ({ layered_runtime: { layers: [{ name: 's', static_layer: keys }] } });
const only = (permission: object, principal: object = { any: true }): object =>
  extension('filters.http.rbac.v3.RBAC', {
    rules: { policies: { p: { permissions: [permission], principals: [principal] } } },
  });
const header = (name: string, exact: string): object => only({ header: { name, string_match: { exact } } });
const TRUSTED = {
  use_remote_address: true,
  internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] },
};
const FAULT = (more: object = {}): object =>
  extension('filters.http.fault.v3.HTTPFault', {
    abort: { http_status: 418, percentage: { numerator: 100 } },
    ...more,
  });

const DENYING = extension('filters.http.rbac.v3.RBAC', {
  rules: {
    action: 'DENY',
    policies: { p: { permissions: [{ header: { name: 'denied' } }], principals: [{ any: true }] } },
  },
});
const status = (op: string, default_value: number): object => ({
  status_code_filter: { comparison: { op, value: { default_value, runtime_key: 'unset' } } },
});
const withHeader = (name: string): object => ({ header_filter: { header: { name } } });

const byDns = (more: object): object => ({
  type: undefined,
  cluster_type: { ...extension('clusters.dns.v3.DnsCluster', more), name: 'envoy.clusters.dns' },
});

const DELIVERED = /^upstream c /;
const DENIED = /^reply 403 - rbac_access_denied/;

const CASES: Readonly<Record<string, Case>> = {
  'headers that the router checks': {
    manager: TRUSTED,
    router: { strict_check_headers: ['x-envoy-max-retries', 'x-envoy-upstream-rq-timeout-ms', 'x-envoy-retry-on'] },
    asked: [
      [{}, DELIVERED],
      [headers(['x-envoy-max-retries', '3']), DELIVERED],
      [
        headers(['x-envoy-max-retries', 'x']),
        /^reply 400 IH request_headers_failed_strict_check\{x-envoy-max-retries\}$/,
      ],
      [
        headers(['x-envoy-upstream-rq-timeout-ms', '1s']),
        /^reply 400 IH request_headers_failed_strict_check\{x-envoy-upstream-rq-timeout-ms\}$/,
      ],
      [
        headers(['x-envoy-retry-on', 'other']),
        /^undetermined: whether the value of the header x-envoy-retry-on is valid/,
      ],
    ],
  },
  'a recommended status': {
    manager: { proxy_status_config: { set_recommended_response_code: true } },
    virtualHost: { domains: ['h'] },
    asked: [
      [{}, DELIVERED],
      [{ host: 'other' }, /^undetermined: proxy_status_config may change the answer 404$/],
    ],
  },
  'answers that are mapped': {
    manager: {
      local_reply_config: {
        mappers: [
          { filter: { and_filter: { filters: [status('EQ', 404), withHeader('other')] } }, status_code: 451 },
          { filter: { response_flag_filter: { flags: ['NR', 'FI'] } }, status_code: 452 },
          { filter: { or_filter: { filters: [status('LE', 399), withHeader('marked')] } }, status_code: 453 },
          { filter: { response_flag_filter: {} }, status_code: 454 },
          { filter: status('NE', 403), status_code: 455 },
        ],
      },
    },
    virtualHost: { domains: ['h'] },
    filters: [DENYING, FAULT({ headers: [{ name: 'fault' }] })],
    asked: [
      [{}, DELIVERED],
      [{ host: 'other', ...headers(['other', '1']) }, /^reply 451 NR route_not_found$/],
      [{ host: 'other' }, /^reply 452 NR route_not_found$/],
      [
        { host: 'other', ...headers(['content-type', 'application/grpc']) },
        /^undetermined: what local_reply_config makes of an answer to gRPC is not evaluated$/,
      ],
      [headers(['fault', '1']), /^reply 452 FI fault_filter_abort$/],
      [headers(['denied', '1']), /^reply 403 - rbac_access_denied/],
      [headers(['denied', '1'], ['marked', '1']), /^reply 453 - rbac_access_denied/],
      [
        { method: 'FOO' },
        /^undetermined: what headers the request has when local_reply_config looks at them is not known$/,
      ],
    ],
  },
  'an answer of the codec that is mapped': {
    manager: {
      local_reply_config: {
        mappers: [
          { filter: { response_flag_filter: {} }, status_code: 451 },
          { filter: status('GE', 400), status_code: 452 },
        ],
      },
    },
    asked: [
      [{ method: 'FOO' }, /^reply 452 DPE http1\.codec_error$/],
      [{ path: '/a#b' }, /^reply 452 - path_normalization_failed$/],
    ],
  },
  'a header that an extension sets first': {
    manager: early(overwrite('marked', '1'), { remove: 'other' }),
    filters: [header('plain', '1')],
    asked: [
      [{}, DENIED],
      [headers(['plain', '1'], ['other', '2']), DELIVERED],
    ],
  },
  'a header with a meaning that an extension sets first': {
    manager: early(overwrite('x-forwarded-proto', 'https')),
    virtualHost: { require_tls: 'ALL' },
    asked: [[{}, /^undetermined: an extension may change x-forwarded-proto first$/]],
  },
  'an address in a header': {
    manager: addressIn({}),
    filters: [only({ any: true }, { remote_ip: { address_prefix: '10.1.2.3', prefix_len: 32 } })],
    asked: [
      [{}, DENIED],
      [headers(['x-address', '10.1.2.3']), DELIVERED],
      [headers(['x-address', '10.1.2.4']), DENIED],
      [headers(['x-address', '10.1.2.3:80']), DENIED],
      [headers(['x-address', '10.1.2.3'], ['x-forwarded-for', '10.1.2.4']), DELIVERED],
    ],
  },
  'an address that must be in a header': {
    manager: addressIn({ reject_with_status: { code: 'Unauthorized' } }),
    asked: [
      [{}, /^reply 401 - rejecting_because_detection_failed$/],
      [headers(['x-address', 'x']), /^reply 401 - rejecting_because_detection_failed$/],
      [headers(['content-type', 'application/grpc']), /^reply 200 - rejecting_because_detection_failed$/],
      [headers(['x-address', '10.1.2.3']), DELIVERED],
    ],
  },
  'a status that is no error': {
    manager: addressIn({ reject_with_status: { code: 'OK' } }),
    asked: [[{}, /^reply 403 - rejecting_because_detection_failed$/]],
  },
  'a scheme that is overwritten': {
    manager: { scheme_header_transformation: { scheme_to_overwrite: 'https' } },
    filters: [header(':scheme', 'https')],
    virtualHost: { require_tls: 'ALL' },
    asked: [
      [{}, DELIVERED],
      [headers(['x-forwarded-proto', 'http']), DELIVERED],
    ],
  },
  'paths of nothing but slashes': {
    manager: { merge_slashes: true },
    filters: [header(':path', '//')],
    asked: [
      [{ path: '//' }, DELIVERED],
      [{ path: '///' }, DELIVERED],
      [{ path: '/' }, DENIED],
      [{ path: '//a//' }, DENIED],
    ],
  },
  'paths by the runtime': {
    bootstrap: runtime({ 'http_connection_manager.normalize_path': true }),
    asked: [[{ path: '/a/../b' }, /^undetermined: the runtime key http_connection_manager\.normalize_path is set/]],
  },
  'fragments by the runtime': {
    bootstrap: runtime({ 'envoy.reloadable_features.http_reject_path_with_fragment': false }),
    asked: [
      [{ path: '/a' }, DELIVERED],
      [
        { path: '/a#b' },
        /^undetermined: the runtime key envoy\.reloadable_features\.http_reject_path_with_fragment is/,
      ],
    ],
  },
  'weights by the runtime': {
    bootstrap: runtime({ 'weights.other': 100 }),
    action: {
      weighted_clusters: {
        runtime_key_prefix: 'weights',
        clusters: [
          { name: 'c', weight: 100 },
          { name: 'other', weight: 0 },
        ],
      },
    },
    asked: [[{}, /^undetermined: the runtime key weights\.other is set/]],
  },
  'a limit by the runtime': {
    bootstrap: runtime({ 'circuit_breakers.c.default.max_requests': 0 }),
    asked: [[{}, /^undetermined: the runtime has limits of its own for cluster c$/]],
  },
  'no pool of connections': {
    cluster: { circuit_breakers: { thresholds: [{ max_connection_pools: 0 }] } },
    asked: [[{}, /^undetermined: the circuit breaker allows no pool of connections$/]],
  },
  'hosts by DNS': { cluster: byDns({}), asked: [[{}, DELIVERED]] },
  'one host by DNS': { cluster: byDns({ all_addresses_in_single_endpoint: true }), asked: [[{}, DELIVERED]] },
  'another prefix': {
    bootstrap: { header_prefix: 'x-other' },
    asked: [
      [headers(['x-other-max-retries', '3']), /^undetermined: this Envoy calls its own headers by another prefix/],
    ],
  },
  'a fault by the runtime': {
    bootstrap: runtime({ 'fault.http.abort.http_status': 419, 'fault.http.other.abort.abort_percent': 0 }),
    filters: [FAULT()],
    asked: [[{}, /^undetermined: the runtime key fault\.http\.abort\.http_status is set/]],
  },
  'a fault by the runtime, for one client': {
    bootstrap: runtime({ 'fault.http.other.abort.abort_percent': 0 }),
    filters: [FAULT()],
    asked: [
      [{}, /^reply 418 FI fault_filter_abort$/],
      [headers(['x-envoy-downstream-service-cluster', 'other']), /^undetermined: the runtime may say something else/],
    ],
  },
};

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(Object.entries(CASES))(
    '%s',
    async (name, { manager = {}, router = {}, bootstrap = {}, filters = [], asked, ...to }) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const routes = [{ name: 'r/any', match: { prefix: '/' }, route: to.action ?? { cluster: 'c' } }];
      const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes, ...to.virtualHost }] };
      const listeners = [managedListener(folder, port, { ...manager, route_config }, filters, undefined, router)];
      const ports = [grounds.upstreams.ports[0]];
      const clusters = [staticCluster('c', ports, to.cluster), staticCluster('other', ports)];
      const config = { ...bootstrap, static_resources: { listeners, clusters } };
      const probes = asked.map(([probe]) => plainProbe(port, probe));
      const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
      for (const [number, { seen, ours }] of held.entries()) {
        const [told] = ours.map(expectedOf);
        const label = `${JSON.stringify(asked[number]?.[0])}: ${seen.end}`;
        expect([ours.length, told?.end], label).toEqual([1, expect.stringMatching(asked[number]?.[1] ?? /^$/)]);
        expect(told !== undefined && (told.end.startsWith('undetermined') || agrees(seen, told)), label).toBe(true);
      }
    },
    120_000,
  );
});
