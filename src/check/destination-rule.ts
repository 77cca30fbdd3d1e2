import type { EnvoyOutcome } from '../model/envoy.ts';
import type { ObjectFact } from '../model/kubernetes.ts';
import type { CheckContext } from './check.ts';
import { namedObject, type DecidingField } from './istio-policies.ts';

/** The DestinationRule that the configuration of a chosen cluster names. */
export function destinationRuleOf(context: CheckContext, outcome: EnvoyOutcome): ObjectFact | undefined {
  const cluster = outcome.steps.findLast((step) => step.kind === 'cluster');
  const reference = cluster?.objects.find(({ kind }) => kind === 'DestinationRule');
  return reference === undefined ? undefined : namedObject(context, reference);
}

/** What it says about TLS. */
export function tlsSetting(context: CheckContext, outcome: EnvoyOutcome): DecidingField | undefined {
  return settingOf(context, outcome, 'spec.trafficPolicy.tls.mode');
}

/**
 * What it says of shares of localities. istiod tells a proxy nothing of endpoints in localities without a share
 * (pilot/pkg/networking/core/loadbalancer/loadbalancer.go, applyLocalityWeights).
 */
export function distributionOf(context: CheckContext, outcome: EnvoyOutcome): DecidingField | undefined {
  const setting = settingOf(context, outcome, 'spec.trafficPolicy.loadBalancer.localityLbSetting');
  return setting?.cursor.at('distribute').exists === true ? setting : undefined;
}

function settingOf(context: CheckContext, outcome: EnvoyOutcome, field: string): DecidingField | undefined {
  const object = destinationRuleOf(context, outcome);
  const cursor = object?.cursor.at(...field.split('.'));
  return object !== undefined && cursor?.exists === true ? { object, field, cursor } : undefined;
}
