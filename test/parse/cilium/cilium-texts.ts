/** Texts of Cilium's tables, made after its source: api/v1/models (JSON of the agent) and cilium-dbg/cmd/bpf_lb_list.go (the maps). */

/** A backend as `cilium-dbg service list -o json` has it. */
export function backendJson(ip: string, port: number, state = 'active'): object {
  return { ip, nodeName: 'node1', port, preferred: state === 'active', protocol: 'TCP', state, weight: 100 };
}

/** A Service as `cilium-dbg service list -o json` has it. */
export function serviceJson(frontend: object, backends: readonly object[], flags: object = {}): object {
  const realized = {
    'backend-addresses': backends,
    flags: {
      extTrafficPolicy: 'Cluster',
      intTrafficPolicy: 'Cluster',
      trafficPolicy: 'Cluster',
      type: 'ClusterIP',
      ...flags,
    },
    'frontend-address': { protocol: 'TCP', scope: 'external', ...frontend },
    id: 5,
  };
  return { spec: realized, status: { realized } };
}

/** What `cilium-dbg bpf lb list` prints since 1.16: a line for each slot. */
export const SLOTS = `SERVICE ADDRESS               BACKEND ADDRESS (REVNAT_ID) (SLOT)
10.96.0.10:53/UDP (1)         10.244.0.104:53/UDP (3) (1)
10.96.0.10:53/UDP (0)         0.0.0.0:0 (3) (0) [ClusterIP, non-routable]
10.96.0.10:53/UDP (2)         10.244.0.191:53/UDP (3) (2)
[fd00::a]:80/TCP/i (0)        [::]:0 (4) (0) [NodePort, Local, two-scopes, sessionAffinity]
[fd00::a]:80/TCP/i (1)        [fd00:1::2]:8080/TCP (4) (1)
10.15.1.8:443/TCP (0)         0.0.0.0:0 (14) (0) [LoadBalancer]
10.200.5.1:80/TCP (0)         0.0.0.0:0 (9) (0) [ClusterIP, non-routable, l7-load-balancer] (L7LB Proxy Port: 17305)
`;

/** What it printed before: a block for each frontend, without protocols. */
export const BLOCKS = `SERVICE ADDRESS      BACKEND ADDRESS (REVNAT_ID) (SLOT)
10.43.144.23:9080    10.42.0.231:9080 (8) (1)
                     10.42.0.252:9080 (8) (2)
                     0.0.0.0:0 (8) (0) [ClusterIP, non-routable]
10.43.234.55:443     10.5.0.171:4244 (5) (1)
                     0.0.0.0:0 (5) (0) [ClusterIP, check source-range]
`;

/** The same table as JSON: the texts of its columns. */
export const SLOTS_JSON = JSON.stringify({
  '10.96.0.10:53/UDP (0)': ['0.0.0.0:0 (3) (0) [ClusterIP, non-routable] '],
  '10.96.0.10:53/UDP (1)': ['10.244.0.104:53/UDP (3) (1)'],
  '10.96.0.10:53/UDP (2)': ['10.244.0.191:53/UDP (3) (2)'],
});
