/** What `access` asks the API server about, what it makes of the answers, and the role that it prints. */
import { describe, expect, it } from 'vitest';
import { reviewAccess } from '../../../src/collect/live/access/review-access.ts';
import { DEFAULT_COLLECTION, type CollectionOptions } from '../../../src/collect/live/collection-options.ts';
import { isComplete } from '../../../src/access.ts';
import { isMet, type AccessReport } from '../../../src/model/access.ts';
import { renderAccess } from '../../../src/render/access.ts';
import { answerJson, startApiServer } from './api-server.ts';
import { connectTo } from './connecting.ts';

interface Attributes {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
}

/** Reviews against a server whose RBAC is a function. */
async function reviewed(
  allows: (asked: Attributes) => boolean,
  namespace: string | null,
  options: Partial<CollectionOptions> = {},
  groups: readonly string[] = [],
  /** Whether the namespace is that of the context. */
  context = false,
): Promise<AccessReport> {
  const server = await startApiServer(({ path, body }, response) => {
    if (path === '/apis') {
      const served = groups.map((name) => ({ name, preferredVersion: { version: 'v1' } }));
      answerJson(response, { kind: 'APIGroupList', groups: served });
    } else if (path.endsWith('/selfsubjectreviews')) {
      answerJson(response, { status: { userInfo: { username: 'jane', groups: ['dev'] } } });
    } else {
      const { spec } = JSON.parse(body) as { readonly spec: { readonly resourceAttributes: Attributes } };
      answerJson(response, { status: { allowed: allows(spec.resourceAttributes) } });
    }
  });
  const connection = connectTo({ server: server.url, clusterName: 'lab' });
  try {
    return await reviewAccess(connection, namespace, namespace !== null && !context, {
      ...DEFAULT_COLLECTION,
      ...options,
    });
  } finally {
    connection.close();
    await server.close();
  }
}

/** What is asked for beside Lists of all namespaces. */
const rights = ({ needs }: AccessReport): string[] =>
  needs
    .filter(({ verb, namespace, resource }) => (verb !== 'list' || namespace !== null) && resource !== 'configmaps')
    .map(({ verb, resource, namespace }) => `${verb} ${resource}${namespace === null ? '' : ` in ${namespace}`}`);
const both = (resource: string): string[] => [`create ${resource}`, `get ${resource}`];

const POLICIES = 'networking.k8s.io';
const MESH = 'networking.istio.io';
const never = (): boolean => false;

describe('what is asked about', () => {
  it.each<[string, Partial<CollectionOptions>, string | null, string[]]>([
    [
      'auto',
      {},
      null,
      ['get pods', ...both('pods/exec').map((one) => `${one} in kube-system`), ...both('pods/portforward')],
    ],
    [
      'auto, of one namespace: the agents are in another one',
      {},
      'shop',
      [
        'get pods',
        'list pods in kube-system',
        ...both('pods/exec').map((one) => `${one} in kube-system`),
        ...both('pods/portforward').map((one) => `${one} in kube-system`),
        ...both('pods/portforward'),
      ],
    ],
    [
      'debug-pod',
      { nodeAccess: 'debug-pod', debugNamespace: 'debugging' },
      null,
      [
        'get pods',
        ...['create', 'delete', 'get'].map((verb) => `${verb} pods in debugging`),
        ...both('pods/exec').map((one) => `${one} in debugging`),
        ...both('pods/portforward'),
      ],
    ],
    ['local', { nodeAccess: 'local' }, null, ['get nodes', ...both('pods/portforward')]],
    ['none', { nodeAccess: 'none' }, null, both('pods/portforward')],
  ])('%s', async (_about, options, namespace, expected) => {
    expect(rights(await reviewed(never, namespace, options))).toEqual(expected);
  });

  it('istiod, where the cluster has one', async () => {
    const options = { nodeAccess: 'none', istioNamespace: 'mesh' } as const;
    expect(rights(await reviewed(never, null, options, [MESH]))).toEqual([
      ...both('pods/portforward'),
      'create serviceaccounts/token in mesh',
    ]);
  });
});

describe('what is made of the answers', () => {
  it('allowed everywhere, in the namespace alone, or not at all', async () => {
    const report = await reviewed(
      ({ resource, namespace }) => resource === 'services' || (resource === 'pods' && namespace === 'shop'),
      'shop',
      { nodeAccess: 'none' },
      [POLICIES],
    );
    const states = Object.fromEntries(report.needs.map(({ verb, resource, state }) => [`${verb} ${resource}`, state]));
    expect(states).toMatchObject({
      'list services': 'everywhere',
      'list pods': 'namespace',
      'list nodes': 'no',
      'create pods/portforward': 'namespace',
    });
    const text = renderAccess(report, 200);
    expect(text).toContain('User jane at http://127.0.0.1:');
    expect(text).toMatch(/^ {2}yes {6}list services$/m);
    expect(text).toMatch(/^ {2}in shop {2}list pods$/m);
    expect(text).toMatch(/^ {2}NO {7}list nodes$/m);
    expect(text).toContain('  - which node a packet passes is not known');
    expect(text).not.toContain('no Service can be found');
  });

  it('allowed in the namespace of the context alone: the role is for every namespace all the same', async () => {
    const inShop = ({ namespace }: Attributes): boolean => namespace === 'shop' || namespace === 'kube-system';
    const report = await reviewed(inShop, 'shop', {}, [], true);
    expect(isComplete(report)).toBe(false);
    expect(report.needs.filter((need) => !isMet(need, report)).map(({ resource }) => resource)).toContain('services');
    expect((report.manifest as readonly Manifest[]).map(placed)).toEqual([
      'ClusterRole',
      'ClusterRoleBinding',
      'Role kube-system',
      'RoleBinding kube-system',
    ]);
    const text = renderAccess(report, 200);
    expect(text).toMatch(/^ {2}in shop {2}list services$/m);
    expect(text).toContain('  - no Service can be found');
    expect(text).toMatch(/kubectl reach access -o yaml$/m);
    expect(renderAccess(await reviewed(inShop, 'shop'), 200)).toMatch(/kubectl reach access -n shop -o yaml$/m);
  });

  it('everything is allowed', async () => {
    const text = renderAccess(await reviewed(() => true, null), 200);
    expect(text).toContain('Everything that live collection asks for is allowed.');
    expect(text).not.toContain('NO');
  });
});

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string };
  readonly rules?: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
  readonly subjects?: readonly { readonly kind: string; readonly name: string }[];
}
const placed = ({ kind, metadata }: Manifest): string =>
  metadata.namespace === undefined ? kind : `${kind} ${metadata.namespace}`;

describe('the role', () => {
  it('of one namespace: what has no namespaces everywhere, exec where the agents are, and nothing writes', async () => {
    const manifest = (await reviewed(never, 'shop')).manifest as readonly Manifest[];
    expect(manifest.map(placed)).toEqual([
      'ClusterRole',
      'ClusterRoleBinding',
      'Role shop',
      'RoleBinding shop',
      'Role kube-system',
      'RoleBinding kube-system',
    ]);
    const granted = manifest.flatMap((one) =>
      (one.rules ?? []).flatMap(({ resources, verbs }) =>
        verbs.flatMap((verb) => resources.map((resource) => `${placed(one)}: ${verb} ${resource}`)),
      ),
    );
    expect(granted.filter((one) => /exec/.test(one))).toEqual(
      both('pods/exec').map((one) => `Role kube-system: ${one}`),
    );
    expect(granted.filter((one) => !/: (?:list|get) |pods\/(?:exec|portforward)$/.test(one))).toEqual([]);
    expect(granted.filter((one) => one.startsWith('ClusterRole')).toSorted()).toEqual([
      'ClusterRole: list namespaces',
      'ClusterRole: list nodes',
    ]);
    expect(manifest.flatMap(({ subjects }) => subjects ?? [])).toEqual(
      Array.from({ length: 3 }, () => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' })),
    );
  });
});
