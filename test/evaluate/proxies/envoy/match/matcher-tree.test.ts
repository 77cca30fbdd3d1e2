import { describe, expect, it } from 'vitest';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import { findAction } from '../../../../../src/evaluate/proxies/envoy/match/matcher-tree.ts';
import { Cursor } from '../../../../../src/model/json.ts';
import {
  chain,
  cluster,
  httpFilter,
  httpListener,
  listener,
  listenerFilter,
  smallProxy,
  tcpProxy,
} from '../small-proxy.ts';
import { direct, http, stepsOf, summary } from '../snapshot.ts';

const action = (name: string): object => ({ action: { name, typed_config: { '@type': 'x/action', name } } });
const input = { name: 'i', typed_config: { '@type': 'x/input' } };
const single = (match: object): object => ({ single_predicate: { input, value_match: match } });
const list = (...matchers: (readonly [object, object])[]): object => ({
  matcher_list: { matchers: matchers.map(([predicate, on_match]) => ({ predicate, on_match })) },
});
const tree = (kind: 'exact' | 'prefix', map: object): object => ({
  matcher_tree: { input, [`${kind}_match_map`]: { map } },
});

/** Name of the action that a value of the input leads to. */
function walk(matcher: object, value: string | null): string | null {
  const found = findAction(new Cursor('d', '', matcher), () => value);
  return found === null ? null : 'reason' in found ? found.reason : (found.at('name').string() ?? '');
}

describe('findAction', () => {
  const fallback = { on_no_match: action('last') };
  it.each<[string, object, string | null, string | null]>([
    [
      'the first predicate that holds',
      list([single({ exact: 'a' }), action('a')], [single({ prefix: 'a' }), action('b')]),
      'a',
      'a',
    ],
    ['a later one', list([single({ exact: 'a' }), action('a')], [single({ prefix: 'a' }), action('b')]), 'ab', 'b'],
    ['none', list([single({ exact: 'a' }), action('a')]), 'x', null],
    ['the last resort', { ...list([single({ exact: 'a' }), action('a')]), ...fallback }, 'x', 'last'],
    ['no data', { ...list([single({ prefix: '' }), action('a')]), ...fallback }, null, 'last'],
    ['not', list([{ not_matcher: single({ exact: 'a' }) }, action('a')]), null, 'a'],
    [
      'or',
      list([{ or_matcher: { predicate: [single({ exact: 'a' }), single({ exact: 'b' })] } }, action('a')]),
      'b',
      'a',
    ],
    [
      'and',
      list([{ and_matcher: { predicate: [single({ prefix: 'a' }), single({ suffix: 'b' })] } }, action('a')]),
      'a',
      null,
    ],
    ['the very key', tree('exact', { a: action('a'), b: action('b') }), 'b', 'b'],
    ['no such key', { ...tree('exact', { a: action('a') }), ...fallback }, 'b', 'last'],
    ['the longest prefix', tree('prefix', { '/': action('root'), '/a': action('a') }), '/ab', 'a'],
    [
      'a shorter prefix where a longer one leads to nothing',
      tree('prefix', { '/': action('root'), '/a': { matcher: tree('exact', { never: action('never') }) } }),
      '/ab',
      'root',
    ],
    [
      'a later predicate where a matcher below leads to nothing',
      list(
        [single({ prefix: 'a' }), { matcher: tree('exact', { never: action('n') }) }],
        [single({ prefix: 'a' }), action('b')],
      ),
      'a',
      'b',
    ],
    ['nothing but the last resort', fallback, 'x', 'last'],
  ])('%s', (_, matcher, value, expected) => {
    expect(walk(matcher, value)).toBe(expected);
  });

  it('ends on a hostile depth', () => {
    const deep = Array.from({ length: 1000 }).reduce<object>(
      (inner) => ({ on_no_match: { matcher: inner } }),
      fallback,
    );
    expect(walk(deep, 'x')).toBe('a matcher is nested too deeply');
  });
});

const NETWORK = 'type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3';
const network = (name: string): object => ({ name, typed_config: { '@type': `${NETWORK}.${name}` } });

describe('filter_chain_matcher', () => {
  const named = (value: string): object => ({
    action: { name: 'a', typed_config: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value } },
  });
  const ask = (matcher: object, more: object = {}): string => {
    const facts = smallProxy({
      listeners: [
        listener('0.0.0.0', 80, {
          listener_filters: [listenerFilter('tls_inspector.v3.TlsInspector')],
          filter_chains: [chain([tcpProxy('c')], { name: 'one' }), chain([tcpProxy('c')], { name: 'two' })],
          filter_chain_matcher: matcher,
          ...more,
        }),
      ],
      clusters: [cluster('c')],
    });
    const [outcome] = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, http('GET', 'h', '/')));
    return `${stepsOf(outcome!, 'filter-chain').join()} ${summary(outcome!)}`;
  };
  const by = (name: string, map: object): object => ({
    matcher_tree: { input: network(name), exact_match_map: { map } },
  });

  it.each<[string, object, object, string]>([
    ['names a chain', by('DestinationPortInput', { 80: named('two') }), {}, 'two 1 c 10.0.0.1:80'],
    ['by the client', by('SourceIPInput', { '10.1.1.1': named('one') }), {}, 'one 1 c 10.0.0.1:80'],
    [
      'names one that does not exist',
      by('DestinationPortInput', { 80: named('three') }),
      {},
      ' 1 close NR filter_chain_not_found',
    ],
    ['names none', by('DestinationPortInput', { 81: named('two') }), {}, ' 1 close NR filter_chain_not_found'],
    [
      'leaves the default chain',
      by('DestinationPortInput', { 81: named('two') }),
      { default_filter_chain: chain([tcpProxy('c')], { name: 'default' }) },
      'default 1 c 10.0.0.1:80',
    ],
    [
      'calls plaintext raw_buffer',
      by('TransportProtocolInput', { raw_buffer: named('one') }),
      {},
      'one 1 c 10.0.0.1:80',
    ],
    [
      'has no server name without TLS',
      { ...by('ServerNameInput', { '': named('one') }), on_no_match: named('two') },
      {},
      'two 1 c 10.0.0.1:80',
    ],
  ])('%s', (_, matcher, more, expected) => {
    expect(ask(matcher, more)).toBe(expected);
  });
});

const METHOD = {
  name: 'm',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput',
    header_name: ':method',
  },
};

it.each<[string, string]>([
  ['GET', '1 200 - direct_response'],
  ['POST', '1 503 NC cluster_not_found'],
  ['PUT', '1 404 NR route_not_found'],
  ['DELETE', '1 404 NR route_not_found'],
])('a virtual host finds the route of %s by its matcher', (method, expected) => {
  const typed = (type: string, config: object): object => ({
    action: { name: 'a', typed_config: { '@type': `type.googleapis.com/envoy.config.route.v3.${type}`, ...config } },
  });
  const ok = { match: { prefix: '/' }, direct_response: { status: 200 } };
  const gone = { match: { prefix: '/' }, route: { cluster: 'gone' } };
  const map = {
    GET: typed('Route', ok),
    POST: typed('RouteList', { routes: [{ match: { path: '/no' }, direct_response: { status: 200 } }, gone] }),
    PUT: typed('Route', { ...ok, match: { path: '/no' } }),
  };
  const matcher = { matcher_tree: { input: METHOD, exact_match_map: { map } } };
  const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], matcher }] };
  const facts = smallProxy({ listeners: [httpListener([], { route_config })] });
  const outcomes = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, http(method, 'h', '/')));
  expect(outcomes.map(summary)).toEqual([expected]);
});

it.each<[string, string]>([
  ['GET', '1 c 10.0.0.1:80'],
  ['POST', '1 403 - rbac_access_denied_matched_policy[no_posts]'],
  ['PUT', '1 403 - rbac_access_denied_matched_policy[none]'],
])('RBAC decides %s by its matcher', (method, expected) => {
  const decision = (name: string, verdict: string): object => ({
    action: { name, typed_config: { '@type': 'x/envoy.config.rbac.v3.Action', name, action: verdict } },
  });
  const map = { GET: decision('gets', 'ALLOW'), POST: decision('no posts', 'DENY') };
  const matcher = { matcher_tree: { input: METHOD, exact_match_map: { map } } };
  const route = { match: { prefix: '/' }, route: { cluster: 'c' } };
  const facts = smallProxy({
    listeners: [httpListener([route], {}, [httpFilter('rbac.v3.RBAC', { matcher })])],
    clusters: [cluster('c')],
  });
  const outcomes = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, http(method, 'h', '/')));
  expect(outcomes.map(summary)).toEqual([expected]);
});
