import { describe, expect, it } from 'vitest';
import type { EnvoyOutcome } from '../../../../src/model/envoy.ts';
import { evaluateEnvoy } from '../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import { bookinfoProxy, direct, expectComplete, http, redirected, stepsOf, summary } from './snapshot.ts';

// What happened for real is in the lab's record of probes: 60 requests to reviews answered 30, 16 and 14 times by v1, v2 and v3;
// `end-user: jason` by v2; `x-fault: abort` with 555; /dangling with 503 no healthy upstream; DELETE with 403 at the server.
const PRODUCTPAGE = '10.244.1.5';
const REVIEWS = '10.96.1.12';
const GATEWAY = '10.244.1.40';
const OUTSIDE = '10.10.0.50';

const productpage = bookinfoProxy('bookinfo/productpage-v1-abc');
const reviews = bookinfoProxy('bookinfo/reviews-v1-abc');
const gateway = bookinfoProxy('istio-system/istio-ingressgateway-abc');

function outbound(to: string, port: number, ...request: Parameters<typeof http>): EnvoyOutcome[] {
  return checked(evaluateEnvoy(productpage, redirected(15001, PRODUCTPAGE, to, port, http(...request))));
}

function checked(outcomes: EnvoyOutcome[]): EnvoyOutcome[] {
  expectComplete(outcomes);
  return outcomes;
}

describe('the outbound side of productpage', () => {
  it.each([
    [
      'weights 50/30/20',
      outbound(REVIEWS, 9080, 'GET', 'reviews:9080', '/reviews/1'),
      [
        '0.5 outbound|9080|v1|reviews.bookinfo.svc.cluster.local 10.244.1.11:9080',
        '0.3 outbound|9080|v2|reviews.bookinfo.svc.cluster.local 10.244.1.12:9080',
        '0.2 outbound|9080|v3|reviews.bookinfo.svc.cluster.local 10.244.1.13:9080',
      ],
    ],
    [
      'header route',
      outbound(REVIEWS, 9080, 'GET', 'reviews:9080', '/reviews/1', { 'end-user': 'jason' }),
      ['1 outbound|9080|v2|reviews.bookinfo.svc.cluster.local 10.244.1.12:9080'],
    ],
    [
      'fault',
      outbound(REVIEWS, 9080, 'GET', 'reviews:9080', '/reviews/1', { 'x-fault': 'abort' }),
      ['1 555 FI fault_filter_abort'],
    ],
    [
      'subset without endpoints',
      outbound(REVIEWS, 9080, 'GET', 'reviews:9080', '/dangling'),
      ['1 503 UH no_healthy_upstream'],
    ],
    [
      'unknown Host header passes through to the address',
      outbound(REVIEWS, 9080, 'GET', 'nosuch.example', '/'),
      ['1 PassthroughCluster 10.96.1.12:9080'],
    ],
    [
      'ratings, whose pod has no sidecar',
      outbound('10.96.1.13', 9080, 'GET', 'ratings:9080', '/ratings/1'),
      ['1 outbound|9080||ratings.bookinfo.svc.cluster.local 10.244.1.21:9080'],
    ],
    [
      'pod address of details',
      outbound('10.244.1.22', 9080, 'GET', '10.244.1.22:9080', '/details/1'),
      ['1 PassthroughCluster 10.244.1.22:9080'],
    ],
    [
      'unused port of a ClusterIP',
      outbound(REVIEWS, 12_345, 'GET', 'reviews:12345', '/'),
      ['1 PassthroughCluster 10.96.1.12:12345'],
    ],
    [
      'ServiceEntry',
      outbound('240.240.1.1', 80, 'GET', 'httpbin.example.org', '/get'),
      ['1 outbound|80||httpbin.example.org 10.244.1.31:9080'],
    ],
  ])('%s', (_, outcomes, expected) => {
    expect(outcomes.map(summary)).toEqual(expected);
  });

  it('answers faults and empty subsets with the bodies that were seen', () => {
    const [fault] = outbound(REVIEWS, 9080, 'GET', 'reviews:9080', '/reviews/1', { 'x-fault': 'abort' });
    const [empty] = outbound(REVIEWS, 9080, 'GET', 'reviews:9080', '/dangling');
    expect(fault!.end).toMatchObject({ body: 'fault filter abort', denied: false });
    expect(empty!.end).toMatchObject({ body: 'no healthy upstream', denied: false });
  });

  it('names listener, chain, virtual host, route and objects on the way', () => {
    const [first] = outbound(REVIEWS, 9080, 'GET', 'reviews:9080', '/reviews/1', { 'end-user': 'jason' });
    expect(stepsOf(first!, 'listener')).toEqual(['virtualOutbound', '0.0.0.0_9080']);
    expect(stepsOf(first!, 'virtual-host')).toEqual(['reviews.bookinfo.svc.cluster.local:9080']);
    expect(first!.steps.flatMap((step) => step.objects)).toEqual(
      expect.arrayContaining([
        { kind: 'VirtualService', namespace: 'bookinfo', name: 'reviews' },
        { kind: 'DestinationRule', namespace: 'bookinfo', name: 'reviews', part: 'subset v2' },
        { kind: 'Service', namespace: 'bookinfo', name: 'reviews' },
      ]),
    );
    expect(first!.end).toMatchObject({
      tls: 'none',
      retries: { count: 2 },
      connectTimeoutSeconds: 10,
      bindAddress: null,
    });
  });
});

describe('the inbound side of reviews', () => {
  const inbound = (...request: Parameters<typeof http>): EnvoyOutcome[] =>
    checked(evaluateEnvoy(reviews, redirected(15006, PRODUCTPAGE, '10.244.1.11', 9080, http(...request))));

  it('lets a GET pass to the application, from 127.0.0.6', () => {
    const [outcome] = inbound('GET', 'reviews:9080', '/reviews/1');
    expect(summary(outcome!)).toBe('1 inbound|9080|| 10.244.1.11:9080');
    expect(outcome!.end).toMatchObject({ bindAddress: '127.0.0.6' });
  });

  it('denies a DELETE by the AuthorizationPolicy', () => {
    const [outcome] = inbound('DELETE', 'reviews:9080', '/reviews/1');
    expect(summary(outcome!)).toBe(
      '1 403 - rbac_access_denied_matched_policy[ns[bookinfo]-policy[reviews-no-delete]-rule[0]]',
    );
    expect(outcome!.end).toMatchObject({ body: 'RBAC: access denied', denied: true });
    expect(outcome!.steps.flatMap((step) => step.objects)).toContainEqual({
      kind: 'AuthorizationPolicy',
      namespace: 'bookinfo',
      name: 'reviews-no-delete',
      part: 'rule 0',
    });
  });

  it('lets a DELETE of another path pass', () => {
    expect(inbound('DELETE', 'reviews:9080', '/other').map(summary)).toEqual(['1 inbound|9080|| 10.244.1.11:9080']);
  });
});

describe('the ingress gateway', () => {
  const ask = (...request: Parameters<typeof http>): string[] =>
    checked(evaluateEnvoy(gateway, direct(OUTSIDE, GATEWAY, 8080, http(...request)))).map(summary);

  it.each([
    [
      'known host and path',
      'bookinfo.example.com',
      '/productpage',
      '1 outbound|9080||productpage.bookinfo.svc.cluster.local 10.244.1.5:9080',
    ],
    ['unknown host', 'nosuch.example.com', '/productpage', '1 404 NR route_not_found'],
    ['path without a route', 'bookinfo.example.com', '/nosuch', '1 404 NR route_not_found'],
  ])('%s', (_, host, path, expected) => {
    expect(ask('GET', host, path)).toEqual([expected]);
  });

  it('is not reached at a port that it does not listen on', () => {
    const outcomes = evaluateEnvoy(gateway, direct(OUTSIDE, GATEWAY, 4711, http('GET', 'x', '/')));
    expect(outcomes.map(summary)).toEqual(['1 close - -']);
  });
});
