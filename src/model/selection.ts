/** Some objects of one kind, as the API server selects them; a member that is absent selects nothing out. */
export interface Selection {
  readonly namespace?: string;
  /** `key=value` pairs, sorted, with commas between. */
  readonly labels?: string;
  /** One field and its value: `metadata.name=web`. */
  readonly fields?: string;
}

/** The object of this name; in every namespace when none is given. */
export function byName(name: string, namespace?: string): Selection {
  return { ...(namespace === undefined ? {} : { namespace }), fields: `metadata.name=${name}` };
}

/** The pods whose first address this is; that there is none says nothing about a second address (core/pod/strategy.go ToSelectableFields). */
export function byPodAddress(ip: string): Selection {
  return { fields: `status.podIP=${ip}` };
}

/** The pods of a node. */
export function byNode(node: string): Selection {
  return { fields: `spec.nodeName=${node}` };
}

/** The slices of a Service. */
export function byService(namespace: string, service: string): Selection {
  return byLabels(namespace, { 'kubernetes.io/service-name': service });
}

/** The objects of a namespace that carry these labels. */
export function byLabels(namespace: string, labels: Readonly<Record<string, string>>): Selection {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? { namespace } : { namespace, labels: pairs.toSorted().join(',') };
}

/** Whether whoever has all of `held` has all of `wanted`. */
export function covers(held: Selection, wanted: Selection): boolean {
  return (
    (held.namespace === undefined || held.namespace === wanted.namespace) &&
    (held.labels === undefined || isWithin(held.labels, wanted.labels)) &&
    (held.fields === undefined || held.fields === wanted.fields)
  );
}

/** Whether each pair of `pairs` stands in `among`: more labels select fewer objects. */
function isWithin(pairs: string, among: string | undefined): boolean {
  const present = new Set(among?.split(','));
  return pairs.split(',').every((pair) => present.has(pair));
}

/** For people: `in namespace shop with labels app=web`, `with status.podIP=10.0.0.7`. */
export function selectionText({ namespace, labels, fields }: Selection): string {
  return [
    ...(namespace === undefined ? [] : [`in namespace ${namespace}`]),
    ...(labels === undefined ? [] : [`with labels ${labels}`]),
    ...(fields === undefined ? [] : [`with ${fields}`]),
  ].join(' ');
}
