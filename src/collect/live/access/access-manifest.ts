import type { AccessNeed } from '../../../model/access.ts';

const NAME = 'kubectl-reach';
const RBAC = 'rbac.authorization.k8s.io';
const API_VERSION = `${RBAC}/v1`;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/**
 * Objects that allow the needs and nothing else, with bindings for the user when it is known: everywhere, or of what lives in
 * namespaces in the one alone.
 */
export function accessManifest(
  needs: readonly AccessNeed[],
  namespace: string | null,
  user: string | null,
): readonly object[] {
  const own = (place: string): readonly AccessNeed[] => needs.filter((need) => need.namespace === place);
  const anywhere = needs.filter((need) => need.namespace === null);
  const elsewhere = [...new Set(needs.flatMap((need) => need.namespace ?? []))].toSorted();
  const wide = namespace === null ? anywhere : anywhere.filter((need) => !need.namespaced);
  const inside = namespace === null ? [] : anywhere.filter((need) => need.namespaced);
  return [
    ...role(wide, null, user),
    ...(namespace === null ? [] : role([...inside, ...own(namespace)], namespace, user)),
    ...elsewhere.filter((place) => place !== namespace).flatMap((place) => role(own(place), place, user)),
  ];
}

function role(needs: readonly AccessNeed[], namespace: string | null, user: string | null): readonly object[] {
  if (needs.length === 0) return [];
  const kind = namespace === null ? 'ClusterRole' : 'Role';
  const metadata = { name: NAME, ...(namespace === null ? {} : { namespace }) };
  const binding = {
    apiVersion: API_VERSION,
    kind: `${kind}Binding`,
    metadata,
    roleRef: { apiGroup: RBAC, kind, name: NAME },
    subjects: [subject(user ?? '')],
  };
  return [{ apiVersion: API_VERSION, kind, metadata, rules: rulesOf(needs) }, ...(user === null ? [] : [binding])];
}

function rulesOf(needs: readonly AccessNeed[]): readonly Rule[] {
  const byKey = new Map<string, AccessNeed[]>();
  for (const need of needs) {
    const key = `${need.verb} ${need.group}`;
    byKey.set(key, [...(byKey.get(key) ?? []), need]);
  }
  return [...byKey.values()].map((alike) => ({
    apiGroups: [alike[0]?.group ?? ''],
    resources: alike.map((need) => need.resource).toSorted(),
    verbs: [alike[0]?.verb ?? ''],
  }));
}

function subject(user: string): object {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):(.+)$/.exec(user) ?? [];
  if (namespace !== undefined && name !== undefined) return { kind: 'ServiceAccount', name, namespace };
  return { kind: 'User', apiGroup: RBAC, name: user };
}
