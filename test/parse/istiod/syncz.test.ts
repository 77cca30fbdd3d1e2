import { expect, it } from 'vitest';
import { parseSyncz } from '../../../src/parse/istiod/syncz.ts';
import { textArtefact } from '../artefacts.ts';

const LISTENERS = 'type.googleapis.com/envoy.config.listener.v3.Listener';

/** As istiod 1.30 answers over its discovery service: whoever asks is among the proxies. */
const ANSWER = JSON.stringify([
  { proxy: 'kubectl_reach.istio-system', proxy_type: 'sidecar', istio_version: '65536.65536.65536' },
  {
    cluster_id: 'Kubernetes',
    proxy: 'cli-a.bookinfo',
    proxy_type: 'sidecar',
    istio_version: 'unknown',
    resources: {
      [LISTENERS]: {
        sent: '2026-11-21T15:08:51Z/47d9a901b6',
        acked: '2026-11-21T15:08:51Z/47d9a901b6',
        sentTime: '2026-11-21T15:08:51.742258031Z',
      },
    },
  },
]);

it('leaves out who asked', () => {
  expect(parseSyncz(textArtefact(ANSWER), 'istiod-0')).toEqual({
    value: [
      {
        proxy: 'cli-a.bookinfo',
        cluster: 'Kubernetes',
        namespace: 'bookinfo',
        istiod: 'istiod-0',
        version: 'unknown',
        types: [{ typeUrl: LISTENERS, status: 'SYNCED', at: '2026-11-21T15:08:51.742258031Z', rejected: null }],
      },
    ],
    gaps: [],
  });
});
