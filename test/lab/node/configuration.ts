import { CLUSTER, type NodePlace } from '../network.ts';
import { PAUSE_IMAGE } from '../image/images.ts';

/** kubelet's configuration, for a node that is a set of namespaces: it shares the machine's memory and disk with everything else. */
export function kubeletConfiguration(): string {
  return JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: '/lab/etc/ca.crt' },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: '/lab/etc/kubelet.crt',
    tlsPrivateKeyFile: '/lab/etc/kubelet.key',
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    cgroupDriver: 'cgroupfs',
    failCgroupV1: false,
    failSwapOn: false,
    // Lowering it below what this process has would need a capability that containers of CI lack.
    oomScoreAdj: 0,
    enforceNodeAllocatable: [],
    evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '0%', 'imagefs.available': '0%' },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    localStorageCapacityIsolation: false,
    clusterDomain: 'cluster.local',
    clusterDNS: [CLUSTER.dnsService.v4],
    resolvConf: '/etc/resolv.conf',
    syncFrequency: '10s',
    nodeStatusUpdateFrequency: '5s',
    registryPullQPS: 0,
    // Two nodes start a dozen pods at once.
    serializeImagePulls: false,
    eventRecordQPS: 0,
    kubeAPIQPS: 100,
    kubeAPIBurst: 200,
  });
}

/** kubelet's command line, in words without blanks. */
export function kubeletFlags(node: NodePlace, zone: string): string {
  return [
    '--config=/lab/etc/kubelet.json',
    '--kubeconfig=/lab/etc/kubelet.yaml',
    `--hostname-override=${node.name}`,
    `--node-ip=${node.address.v4},${node.address.v6}`,
    `--node-labels=topology.kubernetes.io/zone=${zone}`,
    '--root-dir=/var/lib/kubelet',
  ].join(' ');
}

/** containerd 1.6: runc with cgroupfs, the plugins of CNI from a folder of ours, and no score that would need a capability. */
export function containerdConfiguration(): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
oom_score = 0
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/lab/bin/cni"
    conf_dir = "/lab/etc/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
`;
}

/** A bridge with addresses of both families, and ports of the node for pods that ask for them. */
export function cniConfiguration({ podRange }: NodePlace): string {
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'lab',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: '/run/cni',
          ranges: [[{ subnet: podRange.v4 }], [{ subnet: podRange.v6 }]],
          routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}
