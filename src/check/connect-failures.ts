import { formatEndpoint } from '../model/address.ts';
import type { Cursor } from '../model/json.ts';
import { finding, type Check } from './check.ts';
import { proxyEnds, proxySubject } from './proxy-ends.ts';

/** The proxy's own counters say that connecting to this endpoint failed every time so far. */
export const connectFailuresCheck: Check = {
  code: 'KR407',
  run: (context) =>
    proxyEnds(context).flatMap(({ visit, end }) => {
      if (end.kind !== 'upstream') return [];
      const envoy = context.cluster.pod(visit.pod.namespace, visit.pod.name).envoy().value;
      const host = envoy?.clusters
        ?.cluster(end.cluster)
        ?.at('host_statuses')
        .items()
        .find((one) => isHost(one, end));
      if (host === undefined) return [];
      const failed = statistic(host, 'cx_connect_fail');
      const total = statistic(host, 'cx_total');
      if (failed === undefined || failed.value === 0 || failed.value !== total?.value) return [];
      return [
        finding('KR407', {
          subject: `endpoint ${formatEndpoint(end.address, end.port)} of cluster ${end.cluster}`,
          cause: `Each of the ${failed.value} connections that ${proxySubject(visit)} has tried there failed.`,
          remedy:
            'See whether the machine with that address runs and listens on the port, and whether a firewall is between.',
          evidence: [failed.cursor.evidence()],
        }),
      ];
    }),
};

function isHost(host: Cursor, end: { readonly address: string; readonly port: number }): boolean {
  const socket = host.at('address', 'socket_address');
  return socket.at('address').string() === end.address && socket.at('port_value').number() === end.port;
}

function statistic(host: Cursor, name: string): { readonly value: number; readonly cursor: Cursor } | undefined {
  const cursor = host
    .at('stats')
    .items()
    .find((one) => one.at('name').string() === name);
  return cursor === undefined ? undefined : { value: cursor.at('value').number() ?? 0, cursor };
}
