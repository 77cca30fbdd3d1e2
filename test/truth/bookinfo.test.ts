/**
 * Every request that was sent in the lab's mesh (istiod 1.31, Envoy 1.40.0, test/fixtures/istio/truth-bookinfo.txt): `explain`, asked
 * the same question on the snapshot, must say what happened. The expected values are those of the file, written out by hand.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import type { Disposition, Verdict } from '../../src/model/explanation.ts';
import { fits } from './chi-squared.ts';
import { ask, sampleFacts } from '../sample-facts.ts';
import { schemaErrors } from '../schema/explain-schema.ts';

const truth = readFileSync(new URL('../fixtures/istio/truth-bookinfo.txt', import.meta.url), 'utf8');
const facts = await sampleFacts('one-node-bookinfo');

/** What really happened, in our words. */
interface Happened {
  readonly verdict: Verdict;
  readonly dispositions: readonly Disposition[];
  /** HTTP status, where a proxy made it; null: the application answered, or nobody did. */
  readonly status: number | null;
  readonly flag?: string | null;
  readonly backends?: readonly string[];
  /** `peer` of the answer: the source that the application saw. */
  readonly source?: string;
  /** Words that the answer for people must hold. */
  readonly says?: readonly string[];
}

const PRODUCTPAGE = 'productpage-v1-abc';
const DETAILS = 'details-v1-abc';
const GATEWAY = 'http://10.96.1.40';
const REVIEWS = ['bookinfo/reviews-v1-abc', 'bookinfo/reviews-v2-abc', 'bookinfo/reviews-v3-abc'];

const delivered = (backends: readonly string[], source: string): Happened => ({
  verdict: 'reachable',
  dispositions: ['delivered'],
  status: null,
  backends,
  source,
});

const failed = (status: number, flag: string, says: readonly string[]): Happened => ({
  verdict: 'unreachable',
  dispositions: ['failed'],
  status,
  flag,
  says,
});

type Probe = readonly [heading: string, from: string, to: string, more: Partial<QuestionInput>, happened: Happened];

const probes: readonly Probe[] = [
  [
    '60 x GET reviews:9080/reviews/1 (weights 50/30/20)',
    PRODUCTPAGE,
    'http://reviews:9080/reviews/1',
    {},
    delivered(REVIEWS, '127.0.0.6'),
  ],
  [
    'end-user: jason',
    PRODUCTPAGE,
    'http://reviews:9080/reviews/1',
    { headers: ['end-user: jason'] },
    delivered(['bookinfo/reviews-v2-abc'], '127.0.0.6'),
  ],
  [
    'x-fault: abort',
    PRODUCTPAGE,
    'http://reviews:9080/reviews/1',
    { headers: ['x-fault: abort'] },
    failed(555, 'FI', ['fault filter abort', 'VirtualService bookinfo/reviews']),
  ],
  [
    '/dangling (subset without endpoints)',
    PRODUCTPAGE,
    'http://reviews:9080/dangling',
    {},
    failed(503, 'UH', ['no healthy upstream', 'DestinationRule bookinfo/reviews subset v9-empty']),
  ],
  [
    'DELETE /reviews/1 (AuthorizationPolicy DENY at the server)',
    PRODUCTPAGE,
    'http://reviews:9080/reviews/1',
    { method: 'DELETE' },
    {
      verdict: 'unreachable',
      dispositions: ['denied'],
      status: 403,
      flag: null,
      says: ['RBAC: access denied', 'AuthorizationPolicy bookinfo/reviews-no-delete'],
    },
  ],
  [
    'by IP, no such host header: http://10.96.1.12:9080/ with Host nosuch.example',
    PRODUCTPAGE,
    'http://10.96.1.12:9080/',
    { headers: ['Host: nosuch.example'] },
    { ...delivered(REVIEWS, '127.0.0.6'), says: ['KR406'] },
  ],
  [
    'ratings (no sidecar on the server)',
    PRODUCTPAGE,
    'http://ratings:9080/ratings/1',
    {},
    delivered(['bookinfo/ratings-v1-abc'], '10.244.1.5'),
  ],
  [
    'passthrough: pod address of details, port 9080',
    PRODUCTPAGE,
    'http://10.244.1.22:9080/details/1',
    {},
    delivered(['bookinfo/details-v1-abc'], '10.244.1.5'),
  ],
  [
    'unused port 12345 of the reviews ClusterIP',
    PRODUCTPAGE,
    'tcp://10.96.1.12:12345',
    {},
    { verdict: 'unreachable', dispositions: ['failed'], status: null, flag: 'UF,URX', says: ['KR104'] },
  ],
  [
    // The endpoint is a machine that is neither pod nor node, so whether it answers is not in the snapshot; the proxy's own
    // counters say that it did not, which is a finding.
    'ServiceEntry httpbin.example.org (endpoint down)',
    PRODUCTPAGE,
    'http://240.240.1.1/',
    { headers: ['Host: httpbin.example.org'] },
    { verdict: 'undetermined', dispositions: ['leaves-snapshot'], status: null, says: ['KR407'] },
  ],
  [
    'from a pod without sidecar: details -> reviews ClusterIP',
    DETAILS,
    'http://10.96.1.12:9080/reviews/1',
    {},
    delivered(REVIEWS, '127.0.0.6'),
  ],
  [
    'from a pod without sidecar: details -> productpage ClusterIP',
    DETAILS,
    'http://10.96.1.11:9080/productpage',
    {},
    delivered(['bookinfo/productpage-v1-abc'], '127.0.0.6'),
  ],
  [
    'ingress gateway, host bookinfo.example.com /productpage',
    DETAILS,
    `${GATEWAY}/productpage`,
    { headers: ['Host: bookinfo.example.com'] },
    delivered(['bookinfo/productpage-v1-abc'], '127.0.0.6'),
  ],
  [
    'ingress gateway, unknown host',
    DETAILS,
    `${GATEWAY}/productpage`,
    { headers: ['Host: unknown.example.com'] },
    failed(404, 'NR', ['unknown.example.com']),
  ],
  [
    'ingress gateway, path without route',
    DETAILS,
    `${GATEWAY}/nowhere`,
    { headers: ['Host: bookinfo.example.com'] },
    failed(404, 'NR', ['/nowhere']),
  ],
  [
    'ingress gateway through the NodePort 31380 from the node',
    'node/node1',
    'http://10.244.1.1:31380/productpage',
    { headers: ['Host: bookinfo.example.com'] },
    delivered(['bookinfo/productpage-v1-abc'], '127.0.0.6'),
  ],
];

describe('Bookinfo', () => {
  it('has a test for every request that was sent', () => {
    const sent = truth.split('\n').filter((line) => line.startsWith('#'));
    expect(probes.map(([heading]) => `# ${heading}`)).toEqual(sent);
  });

  it.each(probes)('%s', (_, from, to, more, happened) => {
    const explanation = explain(facts, ask(from, to, { namespace: 'bookinfo', ...more }));
    const { branches, findings, verdict, summary } = explanation;
    expect(schemaErrors(explanation)).toEqual([]);
    const story = [summary, ...branches.map((branch) => `${branch.disposition}: ${branch.reason}`)].join('\n');
    expect([verdict, ...new Set(branches.map((branch) => branch.disposition))], story).toEqual([
      happened.verdict,
      ...happened.dispositions,
    ]);
    const seen = branches.map(({ status, flag, observedSource, backend }) => ({
      status,
      flag,
      source: observedSource,
      backend: backend?.pod,
    }));
    // What was not looked at when the request was sent may be anything.
    const wanted = seen.map(({ flag, source, backend }) => ({
      status: happened.status,
      flag: 'flag' in happened ? happened.flag : flag,
      source: happened.source ?? source,
      backend:
        happened.backends?.find((pod) => pod === backend) ?? (happened.backends === undefined ? backend : 'none'),
    }));
    expect(seen, story).toEqual(wanted);
    const met = new Set(branches.map((branch) => branch.backend?.pod));
    expect(happened.backends?.filter((pod) => !met.has(pod)) ?? [], story).toEqual([]);
    const words = [story, ...findings.map((one) => `${one.code} ${one.subject} ${one.cause} ${one.remedy}`)].join('\n');
    for (const word of happened.says ?? []) expect(words).toContain(word);
  });

  it('gives the weights of the route, which the 60 requests fit', () => {
    const { branches } = explain(facts, ask(PRODUCTPAGE, 'http://reviews:9080/reviews/1', { namespace: 'bookinfo' }));
    const shares = REVIEWS.map((pod) => branches.find((branch) => branch.backend?.pod === pod)?.probability ?? 0);
    expect(shares).toEqual([0.5, 0.3, 0.2].map((share) => expect.closeTo(share, 9) as number));
    const counts = [...truth.matchAll(/^ +(\d+) "app": "reviews-v\d"$/gm)].map((match) => Number(match[1]));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(60);
    expect(fits(counts, shares)).toBe(true);
  });
});
