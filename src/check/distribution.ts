import type { EnvoyOutcome } from '../model/envoy.ts';
import type { CheckContext } from './check.ts';
import type { DecidingField } from './istio-policies.ts';
import { destinationRuleOf } from './tls-pair.ts';

/**
 * What the DestinationRule behind a chosen cluster says of shares of localities. istiod tells a proxy nothing of endpoints in localities
 * without a share (pilot/pkg/networking/core/loadbalancer/loadbalancer.go, applyLocalityWeights).
 */
export function distributionOf(context: CheckContext, outcome: EnvoyOutcome): DecidingField | undefined {
  const object = destinationRuleOf(context, outcome);
  const cursor = object?.cursor.at('spec', 'trafficPolicy', 'loadBalancer', 'localityLbSetting', 'distribute');
  return object !== undefined && cursor?.exists === true
    ? { object, field: 'spec.trafficPolicy.loadBalancer.localityLbSetting', cursor }
    : undefined;
}
