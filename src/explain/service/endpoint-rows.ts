import { formatEndpoint } from '../../model/address.ts';
import type { EndpointSliceFact, ServiceFact } from '../../model/kubernetes.ts';
import { compareText } from '../../model/order.ts';
import type { ServiceEndpointRow } from '../../model/service-report.ts';

/** Every endpoint of a Service with each of its ports, over all its slices. */
export function endpointRows(
  service: ServiceFact,
  slices: readonly EndpointSliceFact[],
): readonly ServiceEndpointRow[] {
  const rows = slices.flatMap((slice) =>
    slice.endpoints.flatMap((endpoint) => {
      const { ready, serving, terminating, nodeName, zone, podName, podNamespace } = endpoint;
      const hints = [
        ...(endpoint.hintZones ?? []).map((one) => `zone ${one}`),
        ...(endpoint.hintNodes ?? []).map((one) => `node ${one}`),
      ];
      const pod = podName === null ? null : `${podNamespace ?? service.namespace}/${podName}`;
      const ports = slice.ports.length === 0 ? [{ name: null, port: null }] : slice.ports;
      return endpoint.addresses.slice(0, 1).flatMap((address) =>
        ports.map(({ name, port }) => ({
          address,
          port,
          portName: name,
          ready,
          serving,
          terminating,
          pod,
          node: nodeName,
          zone,
          hints,
          slice: slice.name,
        })),
      );
    }),
  );
  return rows.toSorted((a, b) => compareText(rowKey(a), rowKey(b)));
}

function rowKey({ portName, address, port, slice }: ServiceEndpointRow): string {
  return `${portName ?? ''} ${formatEndpoint(address, port)} ${slice}`;
}

/** In one or two words, as kube-proxy sees it. */
export function conditionText({ ready, serving, terminating }: ServiceEndpointRow): string {
  if (terminating) return serving ? 'terminating, serving' : 'terminating';
  return ready ? 'ready' : 'not ready';
}
