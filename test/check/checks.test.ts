/**
 * Every check once in a snapshot where its cause is there, and once where it is not. The snapshots are the bundled samples, with the
 * one change that brings the cause about; where the sample has it already, nothing is changed.
 */
import { describe, expect, it } from 'vitest';
import { CATALOGUE, type Code } from '../../src/check/catalogue.ts';
import { explain } from '../../src/explain/explain.ts';
import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import { ask, sampleFacts, type Changes, type SampleName } from '../sample-facts.ts';

interface Case {
  readonly sample: SampleName;
  readonly question: QuestionInput;
  readonly changes?: Changes;
}

type Item = Record<string, unknown> & { metadata: { name: string; [key: string]: unknown } };

const LAB = 'kube-proxy-iptables';
const MESH = 'one-node-bookinfo';
const NODE1 = 'nodes/node1/iptables-save.txt';
const SERVICES = 'resources/core/v1/services.json';
const SLICES = 'resources/discovery.k8s.io/v1/endpointslices.json';
const PODS = 'resources/core/v1/pods.json';
const ENVOY = 'pods/bookinfo/productpage-v1-abc/envoy/config_dump.json';

const lab = (to: string, more: Partial<QuestionInput> & { from?: string; changes?: Changes } = {}): Case => {
  const { from = 'cli-a', changes = {}, ...rest } = more;
  return { sample: LAB, question: ask(from, to, { namespace: 'shop', ...rest }), changes };
};
const bookinfo = (to: string, more: Partial<QuestionInput> & { from?: string; changes?: Changes } = {}): Case => {
  const { from = 'cli-a', changes = {}, ...rest } = more;
  return { sample: 'istio-bookinfo', question: ask(from, to, { namespace: 'bookinfo', ...rest }), changes };
};
const mesh = (to: string, more: Partial<QuestionInput> & { from?: string; changes?: Changes } = {}): Case => {
  const { from = 'productpage-v1-abc', changes = {}, ...rest } = more;
  return { sample: MESH, question: ask(from, to, { namespace: 'bookinfo', ...rest }), changes };
};

/** Changes every item of a List that `pick` takes. */
const items =
  (pick: (item: Item) => boolean, change: (item: Item) => unknown) =>
  (text: string): string => {
    const list = JSON.parse(text) as { items: Item[] };
    for (const item of list.items.filter(pick)) change(item);
    return JSON.stringify(list);
  };
const named = (name: string) => (item: Item) => item.metadata.name === name;
const drop = (pattern: RegExp) => (text: string) =>
  text
    .split('\n')
    .filter((line) => !pattern.test(line))
    .join('\n');
const endpointsOf = (item: Item) => item['endpoints'] as { conditions: Record<string, boolean> }[];

const denyIngress = JSON.stringify({
  kind: 'NetworkPolicyList',
  apiVersion: 'networking.k8s.io/v1',
  items: [
    {
      kind: 'NetworkPolicy',
      apiVersion: 'networking.k8s.io/v1',
      metadata: { name: 'deny', namespace: 'shop' },
      spec: { podSelector: { matchLabels: { app: 'solo' } }, policyTypes: ['Ingress'] },
    },
  ],
});

const DEPLOYMENT = JSON.stringify({
  kind: 'DeploymentList',
  apiVersion: 'apps/v1',
  items: [
    {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { replicas: 3, selector: { matchLabels: { app: 'web' } } },
    },
  ],
});
const ownedByWeb = items(
  ({ metadata }) => metadata.name.startsWith('web-'),
  ({ metadata }) => {
    metadata['labels'] = { app: 'web', 'pod-template-hash': 'abc' };
    metadata['ownerReferences'] = [{ kind: 'ReplicaSet', name: 'web-abc', uid: 'u', apiVersion: 'apps/v1' }];
  },
);

const CONFIG_MAPS = 'resources/core/v1/configmaps.json';
const CONFIGZ = 'nodes/node1/kube-proxy/configz';
const NODES = 'resources/core/v1/nodes.json';

const externalName = (name: string) =>
  items(named('ext'), (item) => ((item['spec'] as { externalName: string }).externalName = name));

/** Gives the first container of pods a port of their node. */
const wantsPort = (...pods: readonly string[]) =>
  items(
    ({ metadata }) => pods.includes(metadata.name),
    (item) => {
      const [container] = (item['spec'] as { containers: { ports: object[] }[] }).containers;
      container?.ports.push({ containerPort: 7777, protocol: 'TCP', hostPort: 9999 });
    },
  );

/** Sends packets from node1 for the pods of node2 through a third node, which sends them on to `gateway`. */
const throughNode3 = (gateway: string): Changes => ({
  'nodes/node1/ip-route.json': (text) =>
    text.replace('"dst":"10.244.2.0/24","gateway":"10.10.0.12"', '"dst":"10.244.2.0/24","gateway":"10.10.0.13"'),
  'nodes/node3/ip-route.json': () =>
    JSON.stringify([
      { dst: '10.244.0.0/16', gateway, dev: 'eth0', flags: [] },
      { dst: '10.10.0.0/24', dev: 'eth0', protocol: 'kernel', scope: 'link', prefsrc: '10.10.0.13', flags: [] },
      {
        type: 'local',
        dst: '10.10.0.13',
        dev: 'eth0',
        table: 'local',
        scope: 'host',
        prefsrc: '10.10.0.13',
        flags: [],
      },
    ]),
  'nodes/node3/ip-link.json': () =>
    JSON.stringify([
      { ifindex: 1, ifname: 'lo', flags: ['LOOPBACK', 'UP', 'LOWER_UP'], mtu: 65_536, link_type: 'loopback' },
      { ifindex: 2, ifname: 'eth0', flags: ['BROADCAST', 'UP', 'LOWER_UP'], mtu: 1500, link_type: 'ether' },
    ]),
  'nodes/node3/sysctl.txt': () =>
    'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 0\n',
  'nodes/node3/iptables-save.txt': () =>
    '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n',
  [NODES]: (text) => {
    const list = JSON.parse(text) as { items: object[] };
    const status = { addresses: [{ type: 'InternalIP', address: '10.10.0.13' }] };
    list.items.push({ kind: 'Node', apiVersion: 'v1', metadata: { name: 'node3' }, spec: {}, status });
    return JSON.stringify(list);
  },
});

/** Adds a ConfigMap of kube-system. */
const configMap = (name: string, data: Readonly<Record<string, string>>) => (text: string) => {
  const list = JSON.parse(text) as { items: unknown[] };
  const metadata = { name, namespace: 'kube-system' };
  list.items.push({ kind: 'ConfigMap', apiVersion: 'v1', metadata, data });
  return JSON.stringify(list);
};

/** Adds a ready pod of kube-proxy on each node. */
const kubeProxyOn =
  (...nodes: readonly string[]) =>
  (text: string) => {
    const list = JSON.parse(text) as { items: unknown[] };
    for (const node of nodes) {
      const metadata = { name: `kube-proxy-${node}`, namespace: 'kube-system', labels: { 'k8s-app': 'kube-proxy' } };
      const spec = { nodeName: node, hostNetwork: true, containers: [{ name: 'kube-proxy' }] };
      const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
      list.items.push({ kind: 'Pod', apiVersion: 'v1', metadata, spec, status });
    }
    return JSON.stringify(list);
  };

const noBridgeNetfilter: Changes = {
  'nodes/node1/sysctl.txt': (text) => `${text}\nnet.bridge.bridge-nf-call-iptables = 0\n`,
};

interface FilterChain {
  filter_chain_match?: { transport_protocol?: string };
}
/** Changes the filter chains of a sidecar's inbound listener. */
const inboundChains =
  (change: (chains: FilterChain[]) => FilterChain[]) =>
  (text: string): string => {
    const dump = JSON.parse(text) as {
      configs: {
        dynamic_listeners?: { name: string; active_state: { listener: { filter_chains: FilterChain[] } } }[];
      }[];
    };
    for (const { name, active_state } of dump.configs.flatMap((one) => one.dynamic_listeners ?? [])) {
      if (name === 'virtualInbound') active_state.listener.filter_chains = change(active_state.listener.filter_chains);
    }
    return JSON.stringify(dump);
  };
/** What istiod gives in place of a virtual host that lets everything pass. */
const registryOnly = (text: string): string =>
  JSON.stringify(
    JSON.parse(text, (_key, value: { name?: string; routes?: unknown } | null) =>
      value?.name === 'allow_any' && value.routes !== undefined
        ? {
            name: 'block_all',
            domains: ['*'],
            routes: [{ name: 'block_all', match: { prefix: '/' }, direct_response: { status: 502 } }],
          }
        : value,
    ),
  );
const expects = (protocol: string) => (chain: FilterChain) => chain.filter_chain_match?.transport_protocol === protocol;
const STRICT = JSON.stringify({
  kind: 'PeerAuthenticationList',
  apiVersion: 'security.istio.io/v1',
  items: [
    {
      kind: 'PeerAuthentication',
      apiVersion: 'security.istio.io/v1',
      metadata: { name: 'default', namespace: 'bookinfo' },
      spec: { mtls: { mode: 'STRICT' } },
    },
  ],
});
const PEERS = 'resources/security.istio.io/v1/peerauthentications.json';
const DETAILS_ENVOY = 'pods/bookinfo/details-v1/envoy/config_dump.json';
const CLIENT_ENVOY = 'pods/bookinfo/cli-a/envoy/config_dump.json';

const CASES: Readonly<Record<Code, { readonly fires: Case; readonly silent: Case }>> = {
  KR101: { fires: lab('empty'), silent: lab('web') },
  KR102: {
    fires: lab('api', {
      changes: {
        [SLICES]: items(
          ({ metadata }) => metadata.name.startsWith('api-5'),
          (item) =>
            endpointsOf(item).forEach((one) => (one.conditions = { ready: false, serving: false, terminating: false })),
        ),
      },
    }),
    silent: lab('api'),
  },
  KR103: { fires: lab('api-wrongport'), silent: lab('api') },
  KR104: { fires: lab('10.96.10.1:81'), silent: lab('10.96.10.1:9090') },
  KR105: {
    fires: lab('solo', { changes: { 'pods/shop/solo-a/netns/sockets.txt': drop(/:8080 /) } }),
    silent: lab('solo'),
  },
  KR106: { fires: lab('drain'), silent: lab('manual') },
  KR107: {
    fires: lab('manual', {
      changes: {
        [SLICES]: (text) =>
          text.replace(/("name":\s*"manual-1"[\s\S]*?"ports":\s*\[\s*\{\s*"name":\s*)"http"/, '$1"web"'),
      },
    }),
    silent: lab('manual'),
  },
  KR108: {
    fires: mesh('http://istio-ingressgateway/', { from: 'details-v1-abc' }),
    silent: mesh('http://istio-ingressgateway.istio-system/', { from: 'details-v1-abc' }),
  },
  KR109: { fires: lab('web-headless'), silent: lab('web-headless:8080') },
  KR110: {
    fires: lab('$WEB_SERVICE_HOST:80'),
    silent: lab('$WEB_SERVICE_HOST:80', {
      changes: {
        [SERVICES]: items(named('web'), ({ metadata }) => (metadata['creationTimestamp'] = '2025-12-31T00:00:00Z')),
      },
    }),
  },
  KR111: {
    fires: lab('http://web-v6', {
      changes: {
        [PODS]: items(named('cli-a'), (item) => {
          (item['status'] as { podIPs: unknown[] }).podIPs.length = 1;
        }),
      },
    }),
    silent: lab('http://web-v6'),
  },
  KR112: {
    fires: lab('api', {
      changes: {
        [PODS]: items(named('api-b'), (item) => {
          (item['spec'] as { containers: { ports?: unknown }[] }).containers.forEach((one) => delete one.ports);
        }),
      },
    }),
    silent: lab('api'),
  },
  KR113: { fires: lab('api-nr-headless:8443'), silent: lab('api') },
  KR114: {
    fires: lab('solo', { changes: { [SLICES]: (text) => text.replaceAll('"10.244.1.60"', '"10.244.1.66"') } }),
    silent: lab('mirrored'),
  },
  KR115: {
    fires: lab('solo', {
      changes: { [PODS]: items(named('solo-a'), ({ metadata }) => (metadata['uid'] = 'another')) },
    }),
    silent: lab('solo'),
  },
  KR116: {
    fires: lab('web', {
      changes: {
        [SLICES]: items(
          ({ metadata }) => metadata.name === 'web-b9nzm',
          (item) => (item['endpoints'] = endpointsOf(item).slice(1)),
        ),
      },
    }),
    silent: lab('web'),
  },
  KR117: { fires: lab('https://ext/'), silent: lab('https://web/') },
  KR118: { fires: lab('ext:80', { changes: { [SERVICES]: externalName('192.0.2.1') } }), silent: lab('ext:80') },
  KR119: {
    fires: lab('web', {
      changes: {
        'resources/networking.k8s.io/v1/servicecidrs.json': (text) => text.replaceAll('10.96.0.0/16', '10.0.0.0/8'),
      },
    }),
    silent: lab('web'),
  },
  KR120: {
    fires: lab('solo', {
      changes: {
        [PODS]: items(named('drain-a'), (item) => {
          (item['status'] as { podIPs: unknown; podIP: string }).podIPs = [{ ip: '10.244.1.60' }];
          (item['status'] as { podIPs: unknown; podIP: string }).podIP = '10.244.1.60';
        }),
      },
    }),
    silent: lab('solo'),
  },
  KR121: {
    fires: lab('10.10.0.11:9999', { changes: { [PODS]: wantsPort('web-a', 'web-b') } }),
    silent: lab('10.10.0.11:9999', { changes: { [PODS]: wantsPort('web-a', 'web-c') } }),
  },
  KR122: {
    fires: lab('ext:80', { changes: { [SERVICES]: externalName('ext.shop.svc.cluster.local') } }),
    silent: lab('ext:80', { changes: { [SERVICES]: externalName('web.shop.svc.cluster.local') } }),
  },
  KR201: {
    fires: lab('web', { changes: { [NODE1]: drop(/-A KUBE-SERVICES -d 10\.96\.10\.1\/32 .*--dport 80 /) } }),
    silent: lab('web'),
  },
  KR202: {
    fires: lab('solo', { changes: { [NODE1]: (text) => text.replaceAll('10.244.1.60:8080', '10.244.1.66:8080') } }),
    silent: lab('solo'),
  },
  KR203: {
    fires: lab('web', {
      changes: { [NODE1]: drop(/-A KUBE-SVC-67NZLRHBNDSAWJRO .*statistic.*KUBE-SEP-FZQ6KZLGXRSKN2AD/) },
    }),
    silent: lab('web'),
  },
  KR204: {
    fires: lab('203.0.113.10:80', {
      from: '10.10.0.50',
      node: 'node1',
      changes: { [NODE1]: drop(/-A KUBE-EXT-AKPB56V6DIC5CJT2 .*KUBE-MARK-MASQ/) },
    }),
    silent: lab('203.0.113.10:80', { from: '10.10.0.50', node: 'node1' }),
  },
  KR205: {
    fires: lab('web', {
      changes: {
        'nodes/node1/iptables-legacy-save.txt': () =>
          '# Generated by iptables-save v1.8.9\n*nat\n:PREROUTING ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\nCOMMIT\n',
      },
    }),
    silent: lab('web'),
  },
  KR206: { fires: lab('db-internal-local'), silent: lab('db-internal-local', { from: 'cli-b' }) },
  KR207: { fires: lab('203.0.113.10:80'), silent: lab('203.0.113.10:80', { from: '10.10.0.50', node: 'node1' }) },
  KR208: {
    fires: mesh('http://10.96.1.13:9080/', { from: 'details-v1-abc', changes: noBridgeNetfilter }),
    silent: mesh('http://10.96.1.13:9080/', { from: 'details-v1-abc' }),
  },
  KR209: {
    fires: lab('web', {
      changes: {
        'nodes/node1/sysctl.txt': (text) =>
          text.replace(/^(net\.ipv4\.(ip_forward|conf\.[^.]+\.forwarding)) = 1$/gm, '$1 = 0'),
      },
    }),
    silent: lab('web'),
  },
  KR210: { fires: lab('web-affinity'), silent: lab('web') },
  KR211: {
    fires: lab('udp://dns:53', {
      changes: {
        'nodes/node1/conntrack.txt': (text) =>
          `${text}ipv4     2 udp      17 29 src=10.244.1.20 dst=10.96.10.13 sport=40000 dport=53 [UNREPLIED] src=10.244.9.9 dst=10.244.1.20 sport=5353 dport=40000 mark=0 use=1\n`,
      },
    }),
    silent: lab('udp://dns:53'),
  },
  KR212: {
    fires: lab('web', { changes: { [PODS]: kubeProxyOn('node2') } }),
    silent: lab('web', { changes: { [PODS]: kubeProxyOn('node1', 'node2') } }),
  },
  KR213: {
    fires: lab('web', {
      changes: {
        'nodes/node1/ip-link.json': (text) => {
          const links = JSON.parse(text) as object[];
          const device = {
            ifindex: 99,
            ifname: 'kube-ipvs0',
            flags: ['BROADCAST', 'NOARP'],
            mtu: 1500,
            operstate: 'DOWN',
          };
          return JSON.stringify([...links, { ...device, linkinfo: { info_kind: 'dummy' }, link_type: 'ether' }]);
        },
      },
    }),
    silent: lab('web'),
  },
  KR214: {
    fires: lab('web', {
      changes: { [CONFIG_MAPS]: configMap('kube-proxy', { 'config.conf': 'kind: X\nmode: ipvs\n' }) },
    }),
    silent: lab('web', {
      changes: { [CONFIG_MAPS]: configMap('kube-proxy', { 'config.conf': 'kind: X\nmode: ""\n' }) },
    }),
  },
  KR215: {
    fires: lab('web', {
      changes: { [CONFIGZ]: (text) => text.replace('"clusterCIDR":"10.244.0.0/16', '"clusterCIDR":"10.245.0.0/16') },
    }),
    silent: lab('web'),
  },
  KR216: {
    fires: lab('10.10.0.11:30080', {
      from: '10.10.0.50',
      changes: {
        [CONFIGZ]: (text) => text.replace('"nodePortAddresses":null', '"nodePortAddresses":["192.0.2.0/24"]'),
      },
    }),
    silent: lab('10.10.0.11:30080', { from: '10.10.0.50' }),
  },
  KR217: {
    fires: lab('10.10.0.11:30080', {
      from: '10.10.0.50',
      changes: {
        'nodes/node1/sockets.txt': (text) =>
          `${text.trimEnd()}\ntcp LISTEN 0      4096     0.0.0.0:30080 0.0.0.0:* users:(("squid",pid=4711,fd=15))\n`,
      },
    }),
    silent: lab('10.10.0.11:30080', { from: '10.10.0.50' }),
  },
  KR218: {
    fires: lab('web', {
      changes: {
        'nodes/node1/sysctl.txt': (text) => text.replace(/(nf_conntrack_count) = \d+/, '$1 = 262000'),
      },
    }),
    silent: lab('web'),
  },
  KR219: {
    fires: lab('web', { changes: { [NODE1]: (text) => text.replaceAll(':FORWARD ACCEPT', ':FORWARD DROP') } }),
    silent: lab('empty'),
  },
  KR220: {
    fires: lab('10.244.2.50:5432', { changes: throughNode3('10.10.0.11') }),
    // It routes for the other node.
    silent: lab('10.244.2.50:5432', { changes: throughNode3('10.10.0.12') }),
  },
  KR221: {
    fires: lab('web', { changes: { [CONFIG_MAPS]: configMap('cilium-config', { 'kube-proxy-replacement': 'true' }) } }),
    silent: lab('web', {
      changes: { [CONFIG_MAPS]: configMap('cilium-config', { 'kube-proxy-replacement': 'false' }) },
    }),
  },
  KR222: {
    fires: lab('web-zonal', {
      changes: {
        [SLICES]: items(
          ({ metadata }) => metadata.name === 'web-zonal-785gv',
          (item) => {
            delete (endpointsOf(item)[0] as { hints?: unknown }).hints;
          },
        ),
      },
    }),
    silent: lab('web-zonal'),
  },
  KR223: {
    fires: lab('10.244.2.50:5432', {
      changes: { 'pods/shop/cli-a/netns/ip-link.json': (text) => text.replaceAll('"mtu":1500', '"mtu":9000') },
    }),
    silent: lab('10.244.2.50:5432'),
  },
  KR301: {
    fires: lab('solo', { changes: { 'resources/networking.k8s.io/v1/networkpolicies.json': () => denyIngress } }),
    silent: lab('web', { changes: { 'resources/networking.k8s.io/v1/networkpolicies.json': () => denyIngress } }),
  },
  KR401: { fires: mesh('http://reviews:9080/dangling'), silent: mesh('http://reviews:9080/reviews/1') },
  KR402: {
    fires: mesh('http://reviews:9080/dangling', {
      changes: { [ENVOY]: (text) => text.replaceAll(/("cluster":\s*"outbound\|9080\|)v9-empty\|/g, '$1v10|') },
    }),
    silent: mesh('http://reviews:9080/dangling'),
  },
  KR403: {
    fires: mesh('http://10.96.1.40/', { from: 'details-v1-abc', headers: ['Host: nosuch.example.com'] }),
    silent: mesh('http://10.96.1.40/productpage', { from: 'details-v1-abc', headers: ['Host: bookinfo.example.com'] }),
  },
  KR404: {
    fires: mesh('http://reviews:9080/reviews/1', { headers: ['x-fault: abort'] }),
    silent: mesh('http://reviews:9080/reviews/1'),
  },
  KR405: {
    fires: mesh('http://reviews:9080/reviews/1', { method: 'DELETE' }),
    silent: mesh('http://reviews:9080/reviews/1', { method: 'POST' }),
  },
  KR406: {
    fires: mesh('http://10.96.1.12:9080/', { headers: ['Host: nosuch.example'] }),
    silent: mesh('http://reviews:9080/reviews/1'),
  },
  KR407: {
    fires: mesh('http://240.240.1.1/', { headers: ['Host: httpbin.example.org'] }),
    silent: mesh('http://ratings:9080/ratings/1'),
  },
  KR408: {
    fires: mesh('http://ratings:9080/ratings/1', {
      changes: { [SLICES]: (text) => text.replaceAll('10.244.1.21', '10.244.1.29') },
    }),
    silent: mesh('http://ratings:9080/ratings/1'),
  },
  KR409: {
    fires: mesh('http://ratings:9080/ratings/1', {
      changes: {
        [ENVOY]: (text) => {
          const dump = JSON.parse(text) as {
            configs: { dynamic_listeners?: { name: string; error_state?: object }[] }[];
          };
          const listener = dump.configs
            .flatMap((one) => one.dynamic_listeners ?? [])
            .find((one) => one.name === '0.0.0.0_9080');
          if (listener !== undefined) listener.error_state = { details: 'no such extension', version_info: '2' };
          return JSON.stringify(dump);
        },
      },
    }),
    silent: mesh('http://ratings:9080/ratings/1'),
  },
  KR410: {
    fires: bookinfo('http://details:9080/details/0', {
      from: 'opted-out',
      changes: {
        [DETAILS_ENVOY]: inboundChains((chains) => chains.filter((chain) => !expects('raw_buffer')(chain))),
        [PEERS]: () => STRICT,
      },
    }),
    silent: bookinfo('http://details:9080/details/0', { from: 'opted-out' }),
  },
  KR411: {
    fires: bookinfo('http://details:9080/details/0', {
      changes: {
        [DETAILS_ENVOY]: inboundChains((chains) =>
          chains
            .filter((chain) => !expects('tls')(chain))
            .map(({ filter_chain_match: { transport_protocol: _, ...match } = {}, ...chain }) => ({
              ...chain,
              filter_chain_match: match,
            })),
        ),
      },
    }),
    silent: bookinfo('http://details:9080/details/0'),
  },
  KR412: {
    fires: bookinfo('http://details:9080/details/0', {
      changes: { [CLIENT_ENVOY]: (text) => text.replaceAll('/sa/bookinfo-details"', '/sa/somebody-else"') },
    }),
    silent: bookinfo('http://details:9080/details/0'),
  },
  KR413: {
    fires: bookinfo('http://details:9080/', {
      headers: ['Host: nosuch.example'],
      changes: {
        [CLIENT_ENVOY]: registryOnly,
      },
    }),
    silent: bookinfo('http://details:9080/', { headers: ['Host: nosuch.example'] }),
  },
  KR414: {
    fires: bookinfo('http://details:9080/details/0', {
      changes: {
        [DETAILS_ENVOY]: (text) => text.replace(/"name": "ROOTCA",(?=\s+"version_info")/, '"name": "OTHER",'),
      },
    }),
    silent: bookinfo('http://details:9080/details/0'),
  },
  KR501: {
    fires: lab('solo', {
      from: 'deploy/web',
      changes: {
        'resources/apps/v1/deployments.json': () => DEPLOYMENT,
        [PODS]: ownedByWeb,
        'nodes/node2/iptables-save.txt': drop(/-A KUBE-SERVICES -d 10\.96\.10\.27\/32 /),
      },
    }),
    silent: lab('solo', {
      from: 'deploy/web',
      changes: { 'resources/apps/v1/deployments.json': () => DEPLOYMENT, [PODS]: ownedByWeb },
    }),
  },
};

async function codesOf({ sample, question, changes }: Case) {
  const { findings, summary } = explain(await sampleFacts(sample, changes), question);
  return { codes: findings.map((finding) => finding.code), findings, summary };
}

describe.each(Object.entries(CASES))('%s', (code, { fires, silent }) => {
  it('fires where its cause is there', async () => {
    const { codes, findings, summary } = await codesOf(fires);
    expect(codes, summary).toContain(code);
    for (const finding of findings.filter((one) => one.code === code)) {
      expect(finding.severity).toBe(CATALOGUE[code as Code].severity);
      for (const sentence of [finding.cause, finding.remedy]) expect(sentence).toMatch(/^[A-Za-z"].{20,}$/s);
    }
  });

  it('is silent where it is not', async () => {
    const { codes, summary } = await codesOf(silent);
    expect(codes, summary).not.toContain(code);
  });
});
