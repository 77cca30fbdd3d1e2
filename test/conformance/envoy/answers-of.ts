import { evaluateEnvoy } from '../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import type { EnvoyFacts, EnvoyOutcome, EnvoyUpstream } from '../../../src/model/envoy.ts';

/** What an Envoy does with what another one on the same machine sends it. */
export function answersOf(
  facts: EnvoyFacts,
  { address, port, request }: Pick<EnvoyUpstream, 'address' | 'port' | 'request'>,
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
