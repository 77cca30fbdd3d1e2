/** The cases of istioctl's own test (istioctl/pkg/checkinject/checkinject_test.go), on its own webhooks. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkWebhooks } from '../../../src/explain/check-inject/injection.ts';
import { Cursor } from '../../../src/model/json.ts';
import type { ObjectFact } from '../../../src/model/kubernetes.ts';

const { items } = JSON.parse(
  readFileSync(new URL('../../fixtures/istioctl/webhooks.json', import.meta.url), 'utf8'),
) as { items: { metadata: { name: string; labels: Record<string, string> } }[] };
const webhooks = items.map(
  (item, index) =>
    ({
      name: item.metadata.name,
      labels: item.metadata.labels,
      cursor: new Cursor('webhooks', `/${index}`, item),
    }) as unknown as ObjectFact,
);

const NONE =
  'No matching namespace labels (istio.io/rev=default, istio-injection=enabled) or pod labels (istio.io/rev=default, sidecar.istio.io/inject=true)';
const NONE_REV = 'No matching namespace labels (istio.io/rev=1-16) or pod labels (istio.io/rev=1-16)';

describe('injection', () => {
  it.each<
    readonly [
      what: string,
      pod: Record<string, string>,
      namespace: Record<string, string>,
      first: readonly [boolean, string],
      second: readonly [boolean, string],
    ]
  >([
    ['no labels', {}, {}, [false, NONE], [false, NONE_REV]],
    [
      'namespace',
      {},
      { 'istio-injection': 'enabled' },
      [true, 'Namespace label istio-injection=enabled matches'],
      [false, NONE_REV],
    ],
    [
      'revision of the namespace',
      {},
      { 'istio.io/rev': '1-16' },
      [false, NONE],
      [true, 'Namespace label istio.io/rev=1-16 matches'],
    ],
    [
      'revision of the pod',
      { 'istio.io/rev': '1-16' },
      {},
      [false, 'Pod has istio.io/rev=1-16 label, preventing injection'],
      [true, 'Pod label istio.io/rev=1-16 matches'],
    ],
    [
      'pod',
      { 'sidecar.istio.io/inject': 'true' },
      {},
      [true, 'Pod label sidecar.istio.io/inject=true matches'],
      [false, NONE_REV],
    ],
    [
      'both',
      { 'sidecar.istio.io/inject': 'true' },
      { 'istio-injection': 'enabled' },
      [true, 'Namespace label istio-injection=enabled matches, and pod label sidecar.istio.io/inject=true matches'],
      [false, NONE_REV],
    ],
  ])('%s', (_, pod, namespace, first, second) => {
    const answers = checkWebhooks(webhooks, pod, namespace).map(({ injected, reason }) => [injected, reason]);
    expect(answers).toEqual([
      first,
      second,
      [false, 'The injection webhook is deactivated, and will never match labels.'],
    ]);
  });
});
