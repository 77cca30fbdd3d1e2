import { evaluateEnvoy } from '../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import type { EnvoyEnd, EnvoyFacts, EnvoyOutcome } from '../../../src/model/envoy.ts';

/** What an Envoy does with what another one on the same machine sends it. */
export function answersOf(
  facts: EnvoyFacts,
  { address, port, request }: Extract<EnvoyEnd, { readonly kind: 'upstream' }>,
): EnvoyOutcome[] {
  return evaluateEnvoy(facts, {
    localAddress: address,
    localPort: port,
    originalAddress: address,
    originalPort: port,
    remoteAddress: '127.0.0.1',
    remotePort: null,
    request,
  });
}
