import { formatEndpoint } from '../model/address.ts';
import type { Cursor } from '../model/json.ts';
import type { ServiceFact } from '../model/kubernetes.ts';
import { listText } from '../model/wording.ts';
import { finding, objectsOf, type Check, type CheckContext } from './check.ts';
import { distributionOf } from './destination-rule.ts';
import { proxyEnds, proxySubject } from './proxy-ends.ts';
import { endpointsKnown, serviceSubject, slicesOf } from './services-met.ts';

/** I08, I09: what the proxy has been told of a Service's endpoints against what the EndpointSlices say. */
export const proxyDriftCheck: Check = {
  code: 'KR408',
  run: (context) => {
    return proxyEnds(context).flatMap(({ visit, outcome, end, cluster }) => {
      const name = end.kind === 'upstream' ? end.cluster : cluster?.name;
      const named = name === undefined ? undefined : clusterName(name);
      if (name === undefined || named === undefined) return [];
      const service = objectsOf(context)
        ?.servicesHaving(named.service.slice(0, named.service.indexOf('.')))
        .find((one) => `${one.name}.${one.namespace}` === named.service);
      const envoy = context.cluster.pod(visit.pod.namespace, visit.pod.name).envoy().value;
      const assignments = envoy?.config?.endpoints(name) ?? [];
      if (service === undefined || assignments.length === 0 || !endpointsKnown(context, service)) return [];
      const proxied = new Set(assignments.flatMap(({ config }) => hostsOf(config)));
      const sliced = readyAddresses(context, service, named.port);
      const extra = [...proxied].filter((one) => !sliced.has(one));
      // Of a subset, and where localities have shares, the proxy is told of some alone.
      const isWhole = named.subset === '' && distributionOf(context, outcome) === undefined;
      const lacking = isWhole ? [...sliced].filter((one) => !proxied.has(one)) : [];
      if (extra.length === 0 && lacking.length === 0) return [];
      const parts = [
        extra.length === 0 ? null : `has ${listText(extra)}, which no ready endpoint of the EndpointSlices is`,
        lacking.length === 0 ? null : `lacks ${listText(lacking)}`,
      ];
      return [
        finding('KR408', {
          subject: serviceSubject(service),
          cause: `For cluster ${name} ${proxySubject(visit)} ${parts.filter((part) => part !== null).join(' and ')}.`,
          remedy:
            'See whether the proxy is connected to istiod and up to date (istioctl proxy-status); restart the one that is behind.',
          evidence: [
            ...assignments.slice(0, 1).map(({ config }) => config.at('endpoints').evidence()),
            ...slicesOf(context, service)
              .slice(0, 2)
              .map((slice) => slice.cursor.at('endpoints').evidence()),
          ],
        }),
      ];
    });
  },
};

/** Istio names outbound clusters `outbound|PORT|SUBSET|NAME.NAMESPACE.svc.DOMAIN`. */
function clusterName(
  name: string,
): { readonly port: number; readonly subset: string; readonly service: string } | undefined {
  const [direction, port, subset, host] = name.split('|');
  const match = host === undefined ? null : /^([^.]+\.[^.]+)\.svc\./.exec(host);
  if (direction !== 'outbound' || match?.[1] === undefined) return undefined;
  return { port: Number(port), subset: subset ?? '', service: match[1] };
}

function hostsOf(assignment: Cursor): readonly string[] {
  const hosts = assignment
    .at('endpoints')
    .items()
    .flatMap((locality) => locality.at('lb_endpoints').items());
  return hosts.map((host) => {
    const socket = host.at('endpoint', 'address', 'socket_address');
    return formatEndpoint(socket.at('address').string() ?? '', socket.at('port_value').number() ?? null);
  });
}

function readyAddresses(context: CheckContext, service: ServiceFact, port: number): ReadonlySet<string> {
  const servicePort = service.ports.find((one) => one.port === port);
  return new Set(
    slicesOf(context, service).flatMap((slice) => {
      const its = slice.ports.find((one) => (one.name ?? '') === (servicePort?.name ?? ''));
      const ready = slice.endpoints.filter((endpoint) => endpoint.ready);
      return its === undefined
        ? []
        : ready.flatMap((endpoint) => endpoint.addresses.map((ip) => formatEndpoint(ip, its.port)));
    }),
  );
}
