import type { EnvoyEnd, EnvoyOutcome, EnvoyStep, IstioReference } from '../model/envoy.ts';
import type { ProxyVisit } from '../model/trace.ts';
import { listText } from '../model/wording.ts';
import { visitsOf, type CheckContext } from './check.ts';

/** One way through one proxy. */
export interface ProxyEnd {
  readonly visit: ProxyVisit;
  readonly outcome: EnvoyOutcome;
  readonly end: EnvoyEnd;
  /** The cluster that the way chose, when it came that far. */
  readonly cluster: EnvoyStep | undefined;
}

/** Every way through every proxy that the walk met, those that cannot happen left out. */
export function proxyEnds(context: CheckContext): readonly ProxyEnd[] {
  return visitsOf(context, 'proxy').flatMap((visit) =>
    visit.outcomes
      .filter((outcome) => outcome.probability > 0)
      .map((outcome) => ({
        visit,
        outcome,
        end: outcome.end,
        cluster: outcome.steps.findLast((step) => step.kind === 'cluster'),
      })),
  );
}

/** `the proxy of pod bookinfo/productpage-v1` */
export function proxySubject({ pod }: ProxyVisit): string {
  return `the proxy of pod ${pod.namespace}/${pod.name}`;
}

/** ` (VirtualService bookinfo/reviews, DestinationRule bookinfo/reviews subset v1)`; nothing when no object is known. */
export function objectsText(objects: readonly IstioReference[]): string {
  if (objects.length === 0) return '';
  return ` (${listText([...new Set(objects.map(objectName))])})`;
}

/** `VirtualService bookinfo/reviews`, with the part that matters. */
export function objectName({ kind, namespace, name, part }: IstioReference): string {
  return `${kind} ${namespace}/${name}${part === undefined ? '' : ` ${part}`}`;
}
