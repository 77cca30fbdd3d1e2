import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import { QUESTIONS } from '../laws/questions.ts';
import { ask, type SampleName } from '../sample-facts.ts';

/** Questions about one sample: those of the laws, and some that cannot be asked or end outside. */
export function questionsOf(sample: SampleName): readonly QuestionInput[] {
  const shared = QUESTIONS.filter(([name]) => name === sample).map(([, question]) => question);
  return [...shared, ...(sample === 'one-node-bookinfo' ? MESH : KUBE_PROXY)];
}

const MESH: readonly QuestionInput[] = [
  ask('productpage-v1-abc', 'svc/reviews', { namespace: 'bookinfo' }),
  ask('deploy/productpage', 'reviews.bookinfo:9080', { namespace: 'bookinfo' }),
  ask('productpage-v1-abc', 'http://example.com/', { namespace: 'bookinfo', resolve: ['example.com:192.0.2.7'] }),
  ask('productpage-v1-abc', '$REVIEWS_SERVICE_HOST:9080', { namespace: 'bookinfo' }),
  ask('192.0.2.9', 'http://10.96.1.40/productpage', { headers: ['Host: bookinfo.example.com'] }),
];

const KUBE_PROXY: readonly QuestionInput[] = [
  ask('10.10.0.50', 'web-lb', { namespace: 'shop', node: 'node1' }),
  ask('pod/cli-a', 'pod/web-a', { namespace: 'shop' }),
  ask('node/node2', '10.96.10.1:80'),
  ask('node/node1', 'tcp://10.244.2.1:8080'),
];
