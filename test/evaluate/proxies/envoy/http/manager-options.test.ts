/** Options that change a request before its route is looked for; the real Envoy: test/conformance/envoy/manager-options.test.ts. */
import { describe, expect, it } from 'vitest';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import type { EnvoyOutcome } from '../../../../../src/model/envoy.ts';
import { cluster, httpFilter, httpListener, smallProxy } from '../small-proxy.ts';
import { direct, http, summary } from '../snapshot.ts';

const ROUTE = { match: { prefix: '/' }, route: { cluster: 'c' } };
const TYPE = 'type.googleapis.com/envoy.extensions.http';

/** Denies what has a header. */
const WITHOUT = (name: string): object =>
  httpFilter('rbac.v3.RBAC', {
    rules: { action: 'DENY', policies: { p: { permissions: [{ header: { name } }], principals: [{ any: true }] } } },
  });

interface Asked {
  readonly manager?: object;
  readonly bootstrap?: object;
  readonly filters?: readonly object[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

function outcomes({ manager = {}, bootstrap = {}, filters = [], headers = {}, path = '/' }: Asked): EnvoyOutcome[] {
  const facts = smallProxy({
    listeners: [httpListener([ROUTE], manager, filters)],
    clusters: [cluster('c')],
    bootstrap: { node: { id: 'test' }, ...bootstrap },
  });
  return evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, http('GET', 'h', path, headers)));
}

const told = (asked: Asked): string => outcomes(asked).map(summary).join();
const extension = (name: string, more: object): object => ({ typed_config: { '@type': `${TYPE}.${name}`, ...more } });
const detecting = (...list: readonly object[]): object => ({ original_ip_detection_extensions: list });
const BY_HEADER = 'original_ip_detection.custom_header.v3.CustomHeaderConfig';
const REFUSING = extension(BY_HEADER, { header_name: 'x-ip', reject_with_status: { code: 'Unauthorized' } });
const OTHER = extension('original_ip_detection.xff.v3.XffConfig', {});
const early = (extension_: object): object => ({ early_header_mutation_extensions: [extension_] });
const MUTATION = 'early_header_mutation.header_mutation.v3.HeaderMutation';
const removing = (name: string): object => early(extension(MUTATION, { mutations: [{ remove: name }] }));
const layer = (keys: object): object => ({ layered_runtime: { layers: [{ static_layer: keys }] } });
const strict = (name: string): object => ({
  http_filters: [httpFilter('router.v3.Router', { strict_check_headers: [name] })],
});

it.each<[string, Asked, RegExp]>([
  ['nothing', {}, /^1 c /],
  ['an address that nobody detects', { manager: detecting(REFUSING) }, /^1 401 .*rejecting_because_detection_failed/],
  ['an address', { manager: detecting(REFUSING), headers: { 'x-ip': '10.0.0.1' } }, /^1 c /],
  [
    'an extension that detects addresses before one that may refuse',
    { manager: detecting(OTHER, REFUSING), headers: { 'x-ip': '10.0.0.1' } },
    /undetermined: an extension may refuse the request/,
  ],
  [
    'an address in a header that is changed first',
    { manager: { ...detecting(REFUSING), ...removing('x-ip') }, headers: { 'x-ip': '10.0.0.1' } },
    /undetermined: an extension may refuse the request/,
  ],
  ['a header without a meaning that is changed first', { manager: removing('x-a') }, /^1 c /],
  ['one with a meaning', { manager: removing('Content-Type') }, /undetermined: an extension may change content-type/],
  [
    'any header',
    { manager: early(extension('other.v3.Other', {})) },
    /undetermined: an extension may change any header/,
  ],
  [
    'a mutation that is not understood',
    { manager: early(extension(MUTATION, { mutations: [{ other: {} }] })) },
    /undetermined: an extension may change any header/,
  ],
  [
    'the prefix of others',
    { bootstrap: { header_prefix: 'x-acme' } },
    /undetermined: this Envoy calls its own headers/,
  ],
  ['the usual prefix', { bootstrap: { header_prefix: 'x-envoy' } }, /^1 c /],
  [
    'a fragment by the runtime',
    { bootstrap: layer({ 'envoy.reloadable_features.http_reject_path_with_fragment': false }), path: '/#a' },
    /undetermined: the runtime key envoy\.reloadable/,
  ],
  ['limits of others', { bootstrap: layer({ 'circuit_breakers.d.default.max_requests': 0 }) }, /^1 c /],
  [
    'limits by the runtime',
    { bootstrap: layer({ 'circuit_breakers.c.high.max_requests': 0 }) },
    /undetermined: the runtime has limits of its own/,
  ],
  [
    'a router of tomorrow',
    { manager: { http_filters: [httpFilter('router.v3.Router', { tomorrow: 1 })] } },
    /undetermined: the field tomorrow/,
  ],
  [
    'a header that the router checks, from outside',
    { manager: strict('x-envoy-max-retries'), headers: { 'x-envoy-max-retries': 'x' } },
    /^1 c /,
  ],
  [
    'a header of clients that the router checks',
    { manager: strict('x-retries'), headers: { 'x-retries': 'x' } },
    /undetermined: whether the value/,
  ],
  [
    'what a compressor may take away',
    {
      filters: [
        httpFilter('compressor.v3.Compressor', { remove_accept_encoding_header: true }),
        WITHOUT('accept-encoding'),
      ],
      headers: { 'accept-encoding': 'gzip' },
    },
    /undetermined: HTTP filter compressor may change the header accept-encoding/,
  ],
  [
    'what a compressor leaves alone',
    {
      filters: [httpFilter('compressor.v3.Compressor'), WITHOUT('accept-encoding')],
      headers: { 'accept-encoding': 'gzip' },
    },
    /^1 403 /,
  ],
  [
    'what a decompressor may take away',
    {
      filters: [httpFilter('decompressor.v3.Decompressor'), WITHOUT('content-encoding')],
      headers: { 'content-encoding': 'gzip' },
    },
    /undetermined: HTTP filter decompressor may change the header content-encoding/,
  ],
  [
    'what a decompressor may set',
    { filters: [httpFilter('decompressor.v3.Decompressor'), WITHOUT('accept-encoding')] },
    /undetermined: HTTP filter decompressor may change the header accept-encoding/,
  ],
  [
    'what a compressor of requests may set',
    {
      filters: [httpFilter('compressor.v3.Compressor', { request_direction_config: {} }), WITHOUT('content-encoding')],
    },
    /undetermined: HTTP filter compressor may change the header content-encoding/,
  ],
  [
    'gRPC-Web of another kind',
    {
      filters: [httpFilter('grpc_web.v3.GrpcWeb'), WITHOUT('content-type')],
      headers: { 'content-type': 'application/grpc-web+thrift' },
    },
    /undetermined: HTTP filter grpc_web may change the header content-type/,
  ],
])('%s', (_, asked, end) => {
  expect(told(asked)).toMatch(end);
});

describe('what is set at the edge is not known to who comes after:', () => {
  it.each<[string, object]>([
    ['via', { via: 'me' }],
    ['user-agent', { add_user_agent: true }],
    ['x-forwarded-port', { append_x_forwarded_port: true }],
    ['x-a', removing('x-a')],
    ['x-envoy-original-host', {}],
  ])('%s', (name, manager) => {
    const [outcome] = outcomes({ manager });
    expect(outcome?.end.kind === 'upstream' && outcome.end.request.http?.unknownHeaders).toContain(name);
  });
});
