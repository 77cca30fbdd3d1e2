import type { ProxyFrame } from '../../../src/explain/walk/state.ts';
import type { PodFact } from '../../../src/model/kubernetes.ts';

/** A proxy that speaks HTTP without TLS, tries nothing again and waits for ever; whatever counts in a test is put in its place. */
export const PLAIN_FRAME: Omit<ProxyFrame, 'choice'> = {
  // Nothing else of a pod is looked at.
  pod: { namespace: 'shop', name: 'cli' } as PodFact,
  http: true,
  tls: false,
  grpc: false,
  mapAnswer: (status) => status,
  retries: null,
  limits: null,
  connectTimeout: null,
  delay: 0,
  flag: null,
  refuses: null,
};
