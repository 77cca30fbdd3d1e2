import { ask, type SampleName } from '../sample-facts.ts';
import type { QuestionInput } from '../../src/explain/question/question-input.ts';

/** Questions of every kind that the samples can answer: pods, nodes and outside; names, addresses, URLs; every Service. */
export const QUESTIONS: readonly (readonly [SampleName, QuestionInput])[] = [
  ...['details', 'productpage', 'ratings', 'reviews'].flatMap((service) =>
    ['productpage-v1-abc', 'details-v1-abc', 'reviews-v2-abc'].map(
      (pod) => ['one-node-bookinfo', ask(pod, `http://${service}:9080/`, { namespace: 'bookinfo' })] as const,
    ),
  ),
  ...[
    'http://reviews:9080/reviews/1',
    'http://reviews:9080/dangling',
    'http://10.96.1.12:9080/',
    'tcp://10.96.1.12:12345',
  ].flatMap((to) =>
    [{}, { method: 'DELETE' }, { headers: ['x-fault: abort'] }, { headers: ['Host: nosuch.example'] }]
      .filter(() => to.startsWith('http'))
      .map((more) => ['one-node-bookinfo', ask('productpage-v1-abc', to, { namespace: 'bookinfo', ...more })] as const),
  ),
  [
    'one-node-bookinfo',
    ask('node/node1', 'http://10.244.1.1:31380/productpage', { headers: ['Host: bookinfo.example.com'] }),
  ],
  ...[
    'api',
    'api-nr-headless',
    'api-wrongport',
    'db-internal-local',
    'db-nodeport-local',
    'dns',
    'drain',
    'empty',
    'empty-lb',
    'ext:5432',
    'manual',
    'mirrored',
    'solo',
    'web',
    'web-affinity',
    'web-all',
    'web-dual',
    'web-extip',
    'web-headless',
    'web-lb',
    'web-lb-local',
    'web-lb-nonp',
    'web-lb-proxy',
    'web-nodeport',
    'web-samenode',
    'web-v6',
    'web-zonal',
  ].flatMap((service) =>
    (['kube-proxy-iptables', 'kube-proxy-legacy'] as const).flatMap((sample) => [
      [sample, ask('cli-a', service, { namespace: 'shop' })] as const,
      [sample, ask('cli-b', service, { namespace: 'shop' })] as const,
    ]),
  ),
  ...[
    '10.96.10.1:80',
    '10.96.10.1:81',
    '10.96.99.99:80',
    '203.0.113.10:80',
    '10.10.0.11:30080',
    'tcp://[fd00:96::108]:80',
  ].flatMap((to) =>
    ['10.10.0.50', 'node/node1', 'pod/web-a'].map(
      (from) =>
        [
          'kube-proxy-iptables',
          ask(from === '10.10.0.50' && to.includes('[') ? 'fd00:10::50' : from, to, { namespace: 'shop' }),
        ] as const,
    ),
  ),
];
