import type { IntendedOutcome } from '../model/kube-proxy.ts';
import type { EndpointSliceFact, PodFact, ServiceFact, ServicePort, SliceEndpoint } from '../model/kubernetes.ts';
import { byLabels, byService } from '../model/selection.ts';
import { objectsOf, visitsOf, type CheckContext } from './check.ts';

/** A Service port that the question was about, or that a node was asked for. */
export interface ServicePortMet {
  readonly service: ServiceFact;
  readonly port: ServicePort;
}

/** The Service ports of the question and of every node that the walk passed, each once. */
export function servicePortsMet(context: CheckContext): readonly ServicePortMet[] {
  const { target } = context.trace.question;
  const asked =
    target.service !== null && target.servicePort !== null
      ? [{ service: target.service, port: target.servicePort }]
      : [];
  const nodes = intendedMet(context).flatMap(({ service, port }) =>
    service === null || port === null ? [] : [{ service, port }],
  );
  const unique = new Map(
    [...asked, ...nodes].map((one) => [`${serviceName(one.service)}:${one.port.cursor.pointer}`, one]),
  );
  return [...unique.values()];
}

/** The Services of the question and of every node that the walk passed, each once, whatever their ports. */
export function servicesMet(context: CheckContext): readonly ServiceFact[] {
  const asked = context.trace.question.target.service;
  const all = [...(asked === null ? [] : [asked]), ...servicePortsMet(context).map(({ service }) => service)];
  return [...new Map(all.map((service) => [serviceName(service), service])).values()];
}

/** What the API objects asked of each node that the walk passed. */
function intendedMet(context: CheckContext): readonly IntendedOutcome[] {
  return visitsOf(context, 'netns').flatMap((visit) => visit.intended ?? []);
}

/** `bookinfo/reviews` */
export function serviceName(service: ServiceFact): string {
  return `${service.namespace}/${service.name}`;
}

/** `Service bookinfo/reviews` */
export function serviceSubject(service: ServiceFact): string {
  return `Service ${serviceName(service)}`;
}

/** The slices of a Service. */
export function slicesOf(context: CheckContext, service: ServiceFact): readonly EndpointSliceFact[] {
  const slices = objectsOf(context)?.endpointSlicesHaving(service.name) ?? [];
  return slices.filter((slice) => slice.namespace === service.namespace && slice.serviceName === service.name);
}

/** The endpoints of a Service over all its slices. */
export function endpointsOf(context: CheckContext, service: ServiceFact): readonly SliceEndpoint[] {
  return slicesOf(context, service).flatMap((slice) => slice.endpoints);
}

/** The pods that a selector matches; `[]` without a selector. */
export function selectedPods(context: CheckContext, service: ServiceFact): readonly PodFact[] {
  const { selector } = service;
  if (selector === null) return [];
  const wanted = Object.entries(selector);
  const objects = objectsOf(context);
  const [text] = wanted.map(([, value]) => value).toSorted((a, b) => b.length - a.length);
  const pods = (text === undefined || text === '' ? objects?.pods : objects?.podsHaving(text)) ?? [];
  return pods.filter(
    (pod) => pod.namespace === service.namespace && wanted.every(([key, value]) => pod.labels[key] === value),
  );
}

/** Whether the Service's slices and the pods it selects were captured: without them nothing can be said about its endpoints. */
export function endpointsKnown(context: CheckContext, { namespace, name, selector }: ServiceFact): boolean {
  const objects = objectsOf(context);
  if (objects === undefined) return false;
  // Both are asked, so that a live cluster fetches both in one round.
  const slices = objects.holds('endpointslices', byService(namespace, name));
  return (selector === null || objects.holds('pods', byLabels(namespace, selector))) && slices;
}
