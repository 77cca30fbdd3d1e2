import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianPackage } from '../build/debian-packages.ts';
import { goProgram } from '../build/go-modules.ts';
import type { ClusterKind } from '../topology/topology.ts';
import { CLUSTER, type Network } from '../network.ts';
import { progress } from '../progress.ts';
import type { LabRecord } from '../record.ts';
import { ApiClient } from './api-client.ts';
import { Authority, type KeyPair } from './certificates.ts';
import { IDENTITIES, tokenFile } from './identities.ts';
import { writeKubeconfig } from './kubeconfig.ts';

/** A running etcd, kube-apiserver, kube-controller-manager and, with kubelets, kube-scheduler. */
export interface ControlPlane {
  readonly api: ApiClient;
  readonly authority: Authority;
  /** As this machine reaches it. */
  readonly server: string;
  /** As nodes and pods reach it. */
  readonly innerServer: string;
  /** Folder of kubeconfig files, each named after its identity. */
  readonly kubeconfigs: string;
}

/** Controllers that work on objects alone. Without node lifecycle and garbage collection, pods and nodes that no kubelet runs survive. */
const OBJECT_CONTROLLERS = [
  'endpoints-controller',
  'endpointslice-controller',
  'endpointslice-mirroring-controller',
  'namespace-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'root-ca-certificate-publisher-controller',
];

/**
 * Starts the control plane in the router's namespace, where the nodes and this machine reach it.
 * @param cluster what it is for: controllers and the scheduler start only where they are wanted
 */
export async function startControlPlane(
  record: LabRecord,
  network: Network,
  cluster: ClusterKind,
): Promise<ControlPlane> {
  const folder = join(record.folder, 'control-plane');
  const kubeconfigs = join(record.folder, 'kubeconfig');
  mkdirSync(folder);
  mkdirSync(kubeconfigs);
  progress('starts etcd and kube-apiserver');
  const [etcd, apiServer, controllerManager] = await Promise.all([
    debianPackage('etcd-server'),
    goProgram('kube-apiserver'),
    goProgram('kube-controller-manager'),
  ]);
  const netns = network.router;
  const data = join(folder, 'etcd');
  record.start({
    name: 'etcd',
    netns,
    program: join(etcd, 'usr/bin/etcd'),
    parameters: [
      `--data-dir=${data}`,
      `--listen-client-urls=http://127.0.0.1:2379,http://${network.entrance}:2379`,
      '--advertise-client-urls=http://127.0.0.1:2379',
      '--listen-peer-urls=http://127.0.0.1:2380',
      '--max-txn-ops=2048',
      '--max-request-bytes=16777216',
      '--quota-backend-bytes=4294967296',
    ],
  });

  const authority = await Authority.create(folder);
  const server = `https://${network.entrance}:6443`;
  const innerServer = `https://${CLUSTER.router.v4}:6443`;
  const serves =
    `DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost,` +
    `IP:10.96.0.1,IP:fd00:96::1,IP:127.0.0.1,IP:${CLUSTER.router.v4},IP:${CLUSTER.router.v6},IP:${network.entrance}`;
  const [serving, toKubelet, admin, manager, scheduler, proxy, signing] = await Promise.all([
    authority.issue('kube-apiserver', { subject: '/CN=kube-apiserver', serves }),
    authority.issue('kube-apiserver-kubelet-client', { subject: '/O=system:masters/CN=kube-apiserver-kubelet-client' }),
    authority.issue('admin', { subject: '/O=system:masters/CN=admin' }),
    authority.issue('kube-controller-manager', { subject: '/CN=system:kube-controller-manager' }),
    authority.issue('kube-scheduler', { subject: '/CN=system:kube-scheduler' }),
    authority.issue('kube-proxy', { subject: '/CN=system:kube-proxy' }),
    authority.signingKey('service-account'),
  ]);
  const tokens = join(folder, 'tokens.csv');
  writeFileSync(tokens, tokenFile());
  record.start({
    name: 'kube-apiserver',
    netns,
    program: apiServer,
    parameters: [
      '--etcd-servers=http://127.0.0.1:2379',
      '--bind-address=0.0.0.0',
      `--advertise-address=${CLUSTER.router.v4}`,
      `--service-cluster-ip-range=${CLUSTER.serviceRange.v4},${CLUSTER.serviceRange.v6}`,
      '--service-node-port-range=30000-32767',
      `--tls-cert-file=${serving.certificate}`,
      `--tls-private-key-file=${serving.key}`,
      `--client-ca-file=${authority.certificate}`,
      `--token-auth-file=${tokens}`,
      '--authorization-mode=Node,RBAC',
      '--allow-privileged=true',
      '--enable-admission-plugins=NodeRestriction',
      ...(cluster === 'kubelets' ? [] : ['--disable-admission-plugins=ServiceAccount,TaintNodesByCondition']),
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${signing.certificate}`,
      `--service-account-signing-key-file=${signing.key}`,
      `--kubelet-certificate-authority=${authority.certificate}`,
      `--kubelet-client-certificate=${toKubelet.certificate}`,
      `--kubelet-client-key=${toKubelet.key}`,
      '--kubelet-preferred-address-types=InternalIP',
      // Webhooks of Services are dialled at their endpoints: no kube-proxy serves the router.
      '--enable-aggregator-routing=true',
      '--profiling=false',
    ],
  });
  const api = new ApiClient(server, authority.certificate, admin);
  await api.until('kube-apiserver is ready', 60, async () => (await api.call('GET', '/readyz')) === 'ok');

  const outer = { server, authority: authority.certificate };
  const inner = { server: innerServer, authority: authority.certificate };
  writeKubeconfig(join(kubeconfigs, 'admin.yaml'), outer, 'admin', admin);
  const managerConfig = writeKubeconfig(join(folder, 'kube-controller-manager.yaml'), inner, 'manager', manager);
  const schedulerConfig = writeKubeconfig(join(folder, 'kube-scheduler.yaml'), inner, 'scheduler', scheduler);
  writeKubeconfig(join(folder, 'kube-proxy.yaml'), inner, 'kube-proxy', proxy);
  await furnishIdentities(api, authority, kubeconfigs, outer);

  if (cluster === 'objects') return { api, authority, server, innerServer, kubeconfigs };
  record.start({
    name: 'kube-controller-manager',
    netns,
    program: controllerManager,
    parameters: [
      `--kubeconfig=${managerConfig}`,
      '--leader-elect=false',
      '--use-service-account-credentials=true',
      '--allocate-node-cidrs=false',
      '--secure-port=0',
      `--service-account-private-key-file=${signing.key}`,
      `--root-ca-file=${authority.certificate}`,
      ...(cluster === 'kubelets' ? [] : [`--controllers=${OBJECT_CONTROLLERS.join(',')}`]),
    ],
  });
  if (cluster === 'kubelets') {
    record.start({
      name: 'kube-scheduler',
      netns,
      program: await goProgram('kube-scheduler'),
      parameters: [`--kubeconfig=${schedulerConfig}`, '--leader-elect=false', '--secure-port=0'],
    });
  }
  return { api, authority, server, innerServer, kubeconfigs };
}

/** Each identity twice: with a client certificate and with a token. */
async function furnishIdentities(
  api: ApiClient,
  authority: Authority,
  folder: string,
  target: { readonly server: string; readonly authority: string },
): Promise<void> {
  for (const { user, group, token, namespace, objects } of IDENTITIES) {
    for (const object of objects) await api.apply(object);
    const pair: KeyPair = await authority.issue(user, { subject: `/O=${group}/CN=${user}` });
    writeKubeconfig(join(folder, `${user}.yaml`), target, user, pair, namespace);
    writeKubeconfig(join(folder, `${user}-token.yaml`), target, user, { token }, namespace);
  }
  chmodSync(folder, 0o755);
}
