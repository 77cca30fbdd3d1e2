import { request } from 'node:http';
import type { Lab } from '../lab.ts';
import { progress } from '../progress.ts';

/** How many objects a cluster is filled with. */
export interface Size {
  readonly services: number;
  readonly pods: number;
  /** How many nodes the pods are said to run on. */
  readonly nodes: number;
}

const SERVICES_PER_NAMESPACE = 100;
const OBJECTS_PER_WRITE = 500;
const CREATED = '2026-01-01T00:00:00Z';

/**
 * Fills the API server with nodes, Services, their EndpointSlices and pods of usual size (some 4 kB each). They are written into etcd,
 * which takes seconds where creating 50,000 pods through the API takes ten minutes; the API server reads JSON there as well as its own
 * format, and serves them like any others. Service `i` is `svc-i` in namespace `scale-(i/100)`, with as many pods as there are per Service.
 * For clusters of objects alone: controllers would set about reconciling.
 */
export async function fillWithObjects(lab: Lab, size: Size): Promise<void> {
  progress(`fills the API server: ${size.services} Services, ${size.pods} pods, ${size.nodes} nodes`);
  const endpoint = `http://${lab.state.network.entrance}:2379`;
  let batch: [string, object][] = [];
  for (const entry of entries(size)) {
    batch.push(entry);
    if (batch.length === OBJECTS_PER_WRITE) {
      await write(endpoint, batch);
      batch = [];
    }
  }
  const revision = await write(endpoint, batch);
  // The server's own cache answers when it has read up to here. Without a version the server would read all pods from etcd meanwhile.
  const fresh = `resourceVersion=${revision}&resourceVersionMatch=NotOlderThan`;
  const none = `/api/v1/pods?fieldSelector=metadata.name%3Dnone&${fresh}`;
  await lab.api.until('the API server has read all of it', 300, async () => (await lab.api.call('GET', none)) !== '');
}

/** What etcd says of a transaction. */
interface Written {
  readonly header: { readonly revision: string };
}

/** Keys are those of kube-apiserver's storage (`--etcd-prefix` /registry). */
function* entries({ services, pods, nodes }: Size): Generator<[string, object]> {
  for (let node = 0; node < nodes; node += 1) yield [`/registry/minions/${nodeName(node)}`, nodeOf(node)];
  const perService = Math.floor(pods / services);
  for (let service = 0; service < services; service += 1) {
    const namespace = namespaceOf(service);
    if (service % SERVICES_PER_NAMESPACE === 0) yield [`/registry/namespaces/${namespace}`, namespaceObject(namespace)];
    yield [`/registry/services/specs/${namespace}/svc-${service}`, serviceOf(service, namespace)];
    yield [`/registry/ipaddresses/${clusterAddress(service)}`, addressOf(service, namespace)];
    const own = Array.from({ length: perService }, (_, at) => service * perService + at);
    yield [`/registry/endpointslices/${namespace}/svc-${service}-1`, sliceOf(service, namespace, own, nodes)];
    for (const pod of own) {
      yield [`/registry/pods/${namespace}/${podName(service, pod)}`, podOf(service, namespace, pod, nodes)];
    }
  }
}

/** One transaction over etcd's JSON gateway. @returns its revision */
function write(endpoint: string, batch: readonly [string, object][]): Promise<string> {
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  const success = batch.map(([key, value]) => ({
    requestPut: { key: encode(key), value: encode(JSON.stringify(value)) },
  }));
  return new Promise((resolve, reject) => {
    const sent = request(`${endpoint}/v3/kv/txn`, { method: 'POST' }, (response) => {
      let answer = '';
      response.on('data', (chunk) => (answer += String(chunk)));
      response.once('end', () => {
        if (response.statusCode === 200) resolve((JSON.parse(answer) as Written).header.revision);
        else reject(new Error(`etcd: ${response.statusCode} ${answer.slice(0, 400)}`));
      });
    });
    sent.once('error', reject);
    sent.end(JSON.stringify({ success }));
  });
}

const namespaceOf = (service: number): string => `scale-${Math.floor(service / SERVICES_PER_NAMESPACE)}`;
const nodeName = (node: number): string => `scale-node-${node}`;
const podName = (service: number, pod: number): string =>
  `svc-${service}-7d9f8b6c5d-${pod.toString(36).padStart(5, '0')}`;
const clusterAddress = (service: number): string => `10.96.${128 + (service >> 8)}.${service & 255}`;
const podAddress = (pod: number): string => `10.${160 + (pod >> 16)}.${(pod >> 8) & 255}.${pod & 255}`;
const nodeAddress = (node: number): string => `10.20.${node >> 8}.${node & 255}`;

/** Stable, so that two fills are alike. */
function uid(kind: number, number: number): string {
  return `${kind.toString(16).padStart(8, '0')}-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

function metadata(kind: number, number: number, name: string, namespace?: string, labels?: object): object {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: uid(kind, number),
    creationTimestamp: CREATED,
    ...(labels === undefined ? {} : { labels }),
  };
}

function namespaceObject(name: string): object {
  const own = metadata(1, Number(name.slice('scale-'.length)), name, undefined, {
    'kubernetes.io/metadata.name': name,
  });
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: own,
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

function nodeOf(node: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: metadata(2, node, nodeName(node), undefined, { 'kubernetes.io/hostname': nodeName(node) }),
    spec: {},
    status: {
      addresses: [{ type: 'InternalIP', address: nodeAddress(node) }],
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
    },
  };
}

function serviceOf(service: number, namespace: string): object {
  const app = `svc-${service}`;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(3, service, app, namespace, { app }),
    spec: {
      type: 'ClusterIP',
      clusterIP: clusterAddress(service),
      clusterIPs: [clusterAddress(service)],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      selector: { app },
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
    },
    status: { loadBalancer: {} },
  };
}

function addressOf(service: number, namespace: string): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: metadata(4, service, clusterAddress(service), undefined, {
      'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      'ipaddress.kubernetes.io/ip-family': 'IPv4',
    }),
    spec: { parentRef: { resource: 'services', namespace, name: `svc-${service}` } },
  };
}

function sliceOf(service: number, namespace: string, pods: readonly number[], nodes: number): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadata(5, service, `svc-${service}-1`, namespace, {
      'kubernetes.io/service-name': `svc-${service}`,
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    }),
    addressType: 'IPv4',
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: pods.map((pod) => ({
      addresses: [podAddress(pod)],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: nodeName(pod % nodes),
      targetRef: { kind: 'Pod', namespace, name: podName(service, pod), uid: uid(6, pod) },
    })),
  };
}

function podOf(service: number, namespace: string, pod: number, nodes: number): object {
  const app = `svc-${service}`;
  const labels = { app, 'pod-template-hash': '7d9f8b6c5d', 'app.kubernetes.io/part-of': namespace };
  const node = pod % nodes;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata(6, pod, podName(service, pod), namespace, labels),
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `${app}-7d9f8b6c5d`,
          uid: uid(7, service),
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: managedFields(app),
    },
    spec: {
      nodeName: nodeName(node),
      serviceAccountName: 'default',
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      containers: [
        {
          name: 'app',
          image: `registry.example.test/${app}:1.0.${pod}`,
          ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
          env: Array.from({ length: 12 }, (_, at) => ({
            name: `SETTING_${at}`,
            value: `value-of-setting-${at}-in-${app}`,
          })),
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
          readinessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 10 },
          volumeMounts: [
            { name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
          ],
        },
      ],
      volumes: [
        {
          name: 'kube-api-access',
          projected: {
            defaultMode: 420,
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            ],
          },
        },
      ],
      tolerations: ['not-ready', 'unreachable'].map((taint) => ({
        key: `node.kubernetes.io/${taint}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
    },
    status: {
      phase: 'Running',
      hostIP: nodeAddress(node),
      podIP: podAddress(pod),
      podIPs: [{ ip: podAddress(pod) }],
      startTime: CREATED,
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: CREATED,
      })),
      containerStatuses: [
        {
          name: 'app',
          ready: true,
          started: true,
          restartCount: 0,
          image: `registry.example.test/${app}:1.0.${pod}`,
          imageID: `registry.example.test/${app}@sha256:${uid(6, pod).replaceAll('-', '').repeat(2)}`,
          containerID: `containerd://${uid(8, pod).replaceAll('-', '').repeat(2)}`,
          state: { running: { startedAt: CREATED } },
        },
      ],
    },
  };
}

/** What server-side apply keeps about each field: a third of a usual pod. */
function managedFields(app: string): object[] {
  const fields = {
    'f:metadata': { 'f:labels': { 'f:app': {} } },
    'f:spec': { 'f:containers': { 'k:{"name":"app"}': {} } },
  };
  return ['kube-controller-manager', 'kubelet'].map((manager) => ({
    manager,
    operation: 'Update',
    apiVersion: 'v1',
    time: CREATED,
    fieldsType: 'FieldsV1',
    fieldsV1: {
      ...fields,
      [`f:${app}`]: Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`f:field${at}`, {}])),
    },
  }));
}
