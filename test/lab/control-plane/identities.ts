import type { KubernetesObject } from './objects.ts';

/** Someone who asks the API server, with what it may do. */
interface Identity {
  readonly user: string;
  readonly group: string;
  readonly token: string;
  /** Namespace of its kubeconfig's context. */
  readonly namespace: string;
  readonly objects: readonly KubernetesObject[];
}

const RBAC = 'rbac.authorization.k8s.io/v1';
const READ = ['get', 'list', 'watch'];

/**
 * Restricted users. `reader` may read one namespace as the built-in role `view` allows; `watcher` may read the whole cluster but enter
 * no pod; `nobody` is known and may do nothing.
 */
export const IDENTITIES: readonly Identity[] = [
  {
    user: 'reader',
    group: 'lab:readers',
    token: 'lab-token-reader',
    namespace: 'shop',
    objects: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
      {
        apiVersion: RBAC,
        kind: 'Role',
        metadata: { name: 'reader', namespace: 'shop' },
        rules: [
          { apiGroups: [''], resources: ['pods', 'services', 'endpoints', 'configmaps'], verbs: READ },
          { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
          { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: READ },
        ],
      },
      binding('RoleBinding', 'reader', 'Role', 'shop'),
    ],
  },
  {
    user: 'watcher',
    group: 'lab:watchers',
    token: 'lab-token-watcher',
    namespace: 'default',
    objects: [
      {
        apiVersion: RBAC,
        kind: 'ClusterRole',
        metadata: { name: 'watcher' },
        rules: [
          { apiGroups: [''], resources: ['pods', 'services', 'endpoints', 'nodes', 'namespaces'], verbs: READ },
          { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
          { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: READ },
        ],
      },
      binding('ClusterRoleBinding', 'watcher', 'ClusterRole'),
    ],
  },
  { user: 'nobody', group: 'lab:nobodies', token: 'lab-token-nobody', namespace: 'default', objects: [] },
];

/** What `--token-auth-file` wants: token, user, uid, groups. */
export function tokenFile(): string {
  return IDENTITIES.map(({ token, user, group }) => `${token},${user},${user},"${group}"\n`).join('');
}

function binding(kind: string, user: string, roleKind: string, namespace?: string): KubernetesObject {
  return {
    apiVersion: RBAC,
    kind,
    metadata: { name: user, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: roleKind, name: user },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  };
}
