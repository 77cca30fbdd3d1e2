import type { EnvoyStep } from '../model/envoy.ts';
import type { Evidence } from '../model/evidence.ts';
import { finding, type Check, type CheckContext } from './check.ts';
import { distributionOf } from './destination-rule.ts';
import { istioObjectName, type DecidingField } from './istio-policies.ts';
import { objectsText, proxyEnds, proxySubject, type ProxyEnd } from './proxy-ends.ts';

/** I08, I16, I35, I42: the route's cluster exists and has no host to send to. */
export const emptyClusterCheck: Check = {
  code: 'KR401',
  run: (context) =>
    proxyEnds(context).flatMap((one) => {
      const { visit, outcome, end, cluster } = one;
      if (end.kind === 'upstream' || end.kind === 'undetermined' || end.flag !== 'UH') return [];
      // What nothing else takes ends there on purpose: KR413 tells it.
      if (cluster?.name === 'BlackHoleCluster') return [];
      const { objects } = cluster ?? { objects: [] };
      const answer =
        end.kind === 'reply' ? `the proxy answers ${end.status} (UH)` : 'the proxy closes the connection (UH)';
      const ejected = ejectedHosts(context, one);
      const what =
        ejected.length === 0 ? 'It has no usable endpoint' : 'All of its endpoints were ejected by outlier detection';
      return [
        finding('KR401', {
          subject: `cluster ${cluster?.name ?? 'of the route'} at ${proxySubject(visit)}`,
          cause: `${what}, so ${answer}${objectsText(outcome.steps.flatMap((step) => step.objects))}.`,
          remedy: remedyOf(objects, ejected.length > 0, distributionOf(context, outcome)),
          evidence: [
            ...(cluster?.evidence ?? []),
            ...ejected,
            ...outcome.steps.filter((step) => step.kind === 'route').flatMap((step) => step.evidence.slice(-1)),
          ],
        }),
      ];
    }),
};

function remedyOf(objects: EnvoyStep['objects'], isEjected: boolean, distribution: DecidingField | undefined): string {
  const name = ({ kind, namespace, name: own }: EnvoyStep['objects'][number]): string => `${kind} ${namespace}/${own}`;
  const rule = objects.find(({ kind }) => kind === 'DestinationRule');
  if (isEjected && rule !== undefined)
    return `Mend what makes them fail; how long they stay out, and how many may, stands in spec.trafficPolicy.outlierDetection of ${name(rule)}.`;
  if (distribution !== undefined)
    return `Send a share to a locality that has endpoints: see ${distribution.field} of ${istioObjectName(distribution.object)}, and the regions and zones in the nodes’ labels.`;
  const subset = objects.find(({ part }) => part?.startsWith('subset') === true);
  if (subset !== undefined)
    return `Change the ${subset.part ?? 'subset'} labels of ${name(subset)} so that they match running pods, or send the route to another subset.`;
  const entry = objects.find(({ kind }) => kind === 'ServiceEntry');
  if (entry !== undefined)
    return `Give ${name(entry)} spec.endpoints or a spec.workloadSelector that finds some; with spec.resolution DNS, names that resolve.`;
  return 'Start pods for the Service behind it, or send the route elsewhere.';
}

/** What /clusters says of the hosts of a cluster, where it says of all of them that they were ejected. */
function ejectedHosts(context: CheckContext, { visit, cluster }: ProxyEnd): readonly Evidence[] {
  const { namespace, name } = visit.pod;
  const status = context.cluster
    .pod(namespace, name)
    .envoy()
    .value?.clusters?.cluster(cluster?.name ?? '');
  const hosts = status?.at('host_statuses').items() ?? [];
  const flags = hosts.map((host) => host.at('health_status', 'failed_outlier_check'));
  return flags.every((flag) => flag.boolean() === true) ? flags.map((flag) => flag.evidence()) : [];
}
