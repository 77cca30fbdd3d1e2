import { describe, expect, it } from 'vitest';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import type { HttpRequest } from '../../../../../src/model/request.ts';
import { cluster, httpFilter, httpListener, smallProxy } from '../small-proxy.ts';
import { corsManager, type CorsLevels } from './cors-levels.ts';
import { direct, expectComplete, http, summary } from '../snapshot.ts';

const TYPE = 'type.googleapis.com/envoy';
const THROUGH = '1 c 10.0.0.1:80';
const ANSWERED = '1 200 - cors_response';

interface Levels extends CorsLevels {
  readonly bootstrap?: object;
  /** Before CORS. */
  readonly filters?: readonly object[];
}

/** What a request becomes, a line for each outcome. */
function ends(levels: Levels, request: HttpRequest): string[] {
  const listener = httpListener([], corsManager(levels), [...(levels.filters ?? []), httpFilter('cors.v3.Cors')]);
  const { bootstrap } = levels;
  const facts = smallProxy({
    listeners: [listener],
    clusters: [cluster('c')],
    ...(bootstrap === undefined ? {} : { bootstrap }),
  });
  const outcomes = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, request));
  expectComplete(outcomes);
  return outcomes.map(summary);
}

const policy = (more: object = {}): object => ({
  '@type': `${TYPE}.extensions.filters.http.cors.v3.CorsPolicy`,
  ...more,
});
const allowing = (origin: string, more: object = {}): object =>
  policy({ allow_origin_string_match: [{ exact: origin }], ...more });
const percent = (numerator: number): object => ({ default_value: { numerator } });
const preflight = (origin: string): HttpRequest =>
  http('OPTIONS', 'h', '/', { origin, 'access-control-request-method': 'GET' });
const STRICT = { forward_not_matching_preflights: false };
const OFF = { filter_enabled: percent(0) };
const filterConfig = (more: object): object => ({ '@type': `${TYPE}.config.route.v3.FilterConfig`, ...more });

describe('a preflight of http://o', () => {
  it.each<[string, Levels, string]>([
    ['allowed by the route', { route: allowing('http://o') }, ANSWERED],
    ['not allowed by the route', { route: allowing('http://p') }, THROUGH],
    ['not allowed, and not to be forwarded', { route: allowing('http://p', STRICT) }, ANSWERED],
    ['no policy', {}, THROUGH],
    ['a policy without origins', { route: policy() }, THROUGH],
    ['a policy that takes no origin and forwards none', { route: policy(STRICT) }, ANSWERED],
    ['a matcher that takes *', { route: policy({ allow_origin_string_match: [{ prefix: '*' }] }) }, ANSWERED],
    [
      'a pattern of one letter takes *',
      { route: policy({ allow_origin_string_match: [{ safe_regex: { regex: '.' } }] }) },
      ANSWERED,
    ],
  ])('%s', (_, levels, expected) => {
    expect(ends(levels, preflight('http://o'))).toEqual([expected]);
  });
});

describe('policies of several levels', () => {
  it.each<[string, Levels, string]>([
    ['the route configuration alone', { config: allowing('http://o') }, ANSWERED],
    [
      'the virtual host before the route configuration',
      { host: allowing('http://o'), config: allowing('http://p') },
      ANSWERED,
    ],
    ['the route before the virtual host', { route: allowing('http://p'), host: allowing('http://o') }, THROUGH],
    [
      'the weighted cluster before the route',
      { weighted: allowing('http://o'), route: allowing('http://p') },
      ANSWERED,
    ],
    [
      'origins of the first policy that has some',
      { route: policy(), host: policy(), config: allowing('http://o') },
      ANSWERED,
    ],
    [
      'origins of one level and strictness of another',
      { route: allowing('http://p'), config: policy(STRICT) },
      ANSWERED,
    ],
    [
      'the nearest level that says whether others are forwarded',
      {
        route: allowing('http://p'),
        host: policy({ forward_not_matching_preflights: true }),
        config: policy(STRICT),
      },
      THROUGH,
    ],
    [
      'the nearest policy says whether it is on',
      { route: allowing('http://o', OFF), host: allowing('http://o') },
      THROUGH,
    ],
    ['a further one that is off', { route: policy(), host: allowing('http://o', OFF) }, ANSWERED],
    [
      'a level that only switches the filter on has no policy',
      { route: filterConfig({ config: {} }), host: allowing('http://o') },
      ANSWERED,
    ],
    [
      'a level that switches the filter off has no policy',
      { route: policy(), host: filterConfig({ disabled: true, config: allowing('http://o') }) },
      THROUGH,
    ],
    [
      'a policy that is wrapped',
      { route: filterConfig({ config: policy(STRICT) }), host: allowing('http://p') },
      ANSWERED,
    ],
    [
      'older fields, of the route first',
      {
        olderRoute: { allow_origin_string_match: [{ exact: 'http://p' }] },
        olderHost: { allow_origin_string_match: [{ exact: 'http://o' }] },
      },
      THROUGH,
    ],
    [
      'older fields, merged',
      { olderRoute: { allow_methods: 'GET' }, olderHost: { allow_origin_string_match: [{ exact: 'http://o' }] } },
      ANSWERED,
    ],
    [
      'older fields do not count where any level overrides the filter',
      { olderRoute: { allow_origin_string_match: [{ exact: 'http://o' }] }, config: policy() },
      THROUGH,
    ],
  ])('%s', (_, levels, expected) => {
    expect(ends(levels, preflight('http://o'))).toEqual([expected]);
  });
});

describe('a policy that is on for a part of requests', () => {
  it.each<[string, object, string[]]>([
    ['is drawn', { filter_enabled: percent(25) }, ['0.25 200 - cors_response', '0.75 c 10.0.0.1:80']],
    // Twice not off: 1 - 0.75 * 0.5 that it is on or counts, 1 - 0.5 * 0.75 that it does not only count.
    [
      'is drawn anew beside what only counts',
      { filter_enabled: percent(25), shadow_enabled: percent(50) },
      ['0.390625 200 - cors_response', '0.609375 c 10.0.0.1:80'],
    ],
    // It counts at first, and does not when asked again: 0.5 * 0.5.
    [
      'is off, and counts a half',
      { filter_enabled: percent(0), shadow_enabled: percent(50) },
      ['0.25 200 - cors_response', '0.75 c 10.0.0.1:80'],
    ],
    ['only counts', { filter_enabled: percent(0), shadow_enabled: percent(100) }, ['1 c 10.0.0.1:80']],
  ])('%s', (_, more, expected) => {
    expect(ends({ route: allowing('http://o', more) }, preflight('http://o'))).toEqual(expected);
  });
});

describe('no preflight', () => {
  it.each<[string, HttpRequest]>([
    ['another method', http('GET', 'h', '/', { origin: 'http://o', 'access-control-request-method': 'GET' })],
    ['no origin', http('OPTIONS', 'h', '/', { 'access-control-request-method': 'GET' })],
    ['an empty origin', http('OPTIONS', 'h', '/', { origin: '', 'access-control-request-method': 'GET' })],
    ['no method that is asked for', http('OPTIONS', 'h', '/', { origin: 'http://o' })],
    ['an empty one', http('OPTIONS', 'h', '/', { origin: 'http://o', 'access-control-request-method': '' })],
  ])('%s', (_, request) => {
    expect(ends({ route: policy({ ...STRICT, allow_origin_string_match: [{ prefix: '*' }] }) }, request)).toEqual([
      THROUGH,
    ]);
  });

  it.each<[string, Levels, string]>([
    [
      'on a redirect',
      { action: { redirect: { host_redirect: 'x' } }, route: allowing('http://o') },
      '1 301 - direct_response',
    ],
    [
      'without a route',
      {
        manager: {
          route_config: {
            name: 'r',
            virtual_hosts: [
              { name: 'v', domains: ['*'], cors: { allow_origin_string_match: [{ exact: 'http://o' }] } },
            ],
          },
        },
      },
      '1 404 NR route_not_found',
    ],
  ])('%s', (_, levels, expected) => {
    expect(ends(levels, preflight('http://o'))).toEqual([expected]);
  });
});

describe('what is not known', () => {
  const unknownOrigin: HttpRequest = {
    ...http('OPTIONS', 'h', '/', { 'access-control-request-method': 'GET' }),
    unknownHeaders: ['origin'],
  };
  const rtds = { node: { id: 'test' }, layered_runtime: { layers: [{ name: 'rtds', rtds_layer: { name: 'r' } }] } };

  it.each<[string, Levels, HttpRequest, string]>([
    [
      'the origin',
      { route: allowing('http://o') },
      unknownOrigin,
      '1 undetermined: a proxy before this one sets the header origin',
    ],
    ['the origin, where no policy asks for it', {}, unknownOrigin, THROUGH],
    [
      'a field of a further policy',
      { route: allowing('http://o'), config: policy({ new_field: 1 }) },
      preflight('http://o'),
      '1 undetermined: the field new_field is not understood',
    ],
    [
      'an override of another type',
      { route: allowing('http://o'), host: { '@type': `${TYPE}.other` } },
      preflight('http://o'),
      '1 undetermined: the override of HTTP filter cors is not understood',
    ],
    [
      'whether the policy is on',
      { route: allowing('http://o', { filter_enabled: { ...percent(100), runtime_key: 'cors.on' } }), bootstrap: rtds },
      preflight('http://o'),
      '1 undetermined: the runtime key cors.on may be set by a layer that no dump shows',
    ],
    [
      'whether a policy that is off counts',
      { route: allowing('http://o', { ...OFF, shadow_enabled: { runtime_key: 'cors.count' } }), bootstrap: rtds },
      preflight('http://o'),
      '1 undetermined: the runtime key cors.count may be set by a layer that no dump shows',
    ],
    [
      'whether the origin is allowed',
      { route: policy({ allow_origin_string_match: [{ custom: {} }] }) },
      preflight('http://o'),
      '1 undetermined: the field custom is not understood',
    ],
    [
      'whether the origin is allowed, where others are answered as well',
      { route: policy({ allow_origin_string_match: [{ custom: {} }], ...STRICT }) },
      preflight('http://o'),
      ANSWERED,
    ],
  ])('%s', (_, levels, request, expected) => {
    expect(ends(levels, request)).toEqual([expected]);
  });
});

it('the answer is no local reply, and comes late after a delay', () => {
  const manager = { local_reply_config: { mappers: [{ filter: {}, status_code: 418 }] } };
  const delay = { delay: { fixed_delay: '0.1s', percentage: { numerator: 100 } } };
  const filters = [httpFilter('fault.v3.HTTPFault', delay)];
  expect(ends({ route: allowing('http://o'), manager, filters }, preflight('http://o'))).toEqual([
    '1 200 DI cors_response',
  ]);
});
