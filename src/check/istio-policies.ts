import type { Cursor } from '../model/json.ts';
import type { ObjectFact, PodFact } from '../model/kubernetes.ts';
import { DEFAULT_ISTIO_NAMESPACE } from '../model/istio-namespace.ts';
import { compareText } from '../model/order.ts';
import { objectsOf, type CheckContext } from './check.ts';

/** An object, and the field of it that decides. */
export interface DecidingField {
  readonly object: ObjectFact;
  /** `spec.mtls.mode` */
  readonly field: string;
  readonly cursor: Cursor;
}

/** `PeerAuthentication bookinfo/vault` */
export function istioObjectName({ kind, namespace, name }: ObjectFact): string {
  return `${kind} ${namespace}/${name}`;
}

/**
 * The field of a PeerAuthentication that asks for mutual TLS at a port of a pod: of the workload's own, the namespace's or the mesh's
 * object, the first that says anything; a port's mode stands in the workload's own alone, and of several objects at one level the
 * oldest counts (pilot/pkg/security/authn/utils.go, ComposePeerAuthentication).
 * @param port of the pod, not of a Service
 * @returns undefined: none asks for it, or what there is was not captured
 */
export function strictPeerAuthentication(context: CheckContext, pod: PodFact, port: number): DecidingField | undefined {
  const all = objectsOf(context)?.istio('PeerAuthentication') ?? [];
  const own = applying(all, pod.namespace, (one) => hasSelector(one) && selectsPod(one, pod));
  const ofNamespace = applying(all, pod.namespace, (one) => !hasSelector(one));
  const ofMesh = applying(all, DEFAULT_ISTIO_NAMESPACE, (one) => !hasSelector(one));
  const fields = [
    ...field(own, `spec.portLevelMtls.${port}.mode`, ['portLevelMtls', String(port), 'mode']),
    ...[own, ofNamespace, ofMesh].flatMap((object) => field(object, 'spec.mtls.mode', ['mtls', 'mode'])),
  ];
  const deciding = fields.find(({ cursor }) => cursor.string() !== 'UNSET');
  return deciding?.cursor.string() === 'STRICT' ? deciding : undefined;
}

function field(object: ObjectFact | undefined, name: string, path: readonly string[]): DecidingField[] {
  if (object === undefined) return [];
  const cursor = object.cursor.at('spec', ...path);
  return cursor.exists ? [{ object, field: name, cursor }] : [];
}

/**
 * The Sidecar of a pod: one of its namespace that selects it, else its namespace's own, else the mesh's
 * (pilot/pkg/model/push_context.go, getSidecarScope).
 */
export function sidecarOf(context: CheckContext, pod: PodFact): ObjectFact | undefined {
  const all = objectsOf(context)?.istio('Sidecar') ?? [];
  return (
    applying(all, pod.namespace, (one) => hasSelector(one, 'workloadSelector') && selectsPod(one, pod)) ??
    applying(all, pod.namespace, (one) => !hasSelector(one, 'workloadSelector')) ??
    applying(all, DEFAULT_ISTIO_NAMESPACE, (one) => !hasSelector(one, 'workloadSelector'))
  );
}

/** Objects of a kind that patch or select a pod: of its namespace and of the mesh's, without a selector or with one that it meets. */
export function objectsFor(context: CheckContext, kind: string, pod: PodFact): readonly ObjectFact[] {
  const all = objectsOf(context)?.istio(kind) ?? [];
  return all.filter(
    (one) => (one.namespace === pod.namespace || one.namespace === DEFAULT_ISTIO_NAMESPACE) && selectsPod(one, pod),
  );
}

/** Gateways that select a pod, of whatever namespace. */
export function gatewaysOf(context: CheckContext, pod: PodFact): readonly ObjectFact[] {
  return (objectsOf(context)?.istio('Gateway') ?? []).filter((one) => selectsPod(one, pod));
}

/** The object that a configuration names. */
export function namedObject(
  context: CheckContext,
  { kind, namespace, name }: { readonly kind: string; readonly namespace: string; readonly name: string },
): ObjectFact | undefined {
  const all = objectsOf(context)?.istio(kind) ?? [];
  return all.find((one) => one.namespace === namespace && one.name === name);
}

/** Whether a selector (`selector.matchLabels`, `workloadSelector.labels`, or the plain map of a Gateway) takes a pod; without one, all. */
export function selectsPod(object: ObjectFact, pod: PodFact): boolean {
  return labelsOf(object).every(([key, value]) => pod.labels[key] === value.string());
}

function labelsOf({ cursor, kind }: ObjectFact): readonly (readonly [string, Cursor])[] {
  const spec = cursor.at('spec');
  if (kind === 'Gateway') return spec.at('selector').entries();
  return [...spec.at('selector', 'matchLabels').entries(), ...spec.at('workloadSelector', 'labels').entries()];
}

function hasSelector({ cursor }: ObjectFact, name = 'selector'): boolean {
  return cursor.at('spec', name).exists;
}

/** The oldest of a namespace's that satisfy a condition. */
function applying(
  all: readonly ObjectFact[],
  namespace: string,
  takes: (one: ObjectFact) => boolean,
): ObjectFact | undefined {
  const [oldest] = all
    .filter((one) => one.namespace === namespace && takes(one))
    .toSorted((a, b) => compareText(a.createdAt ?? '', b.createdAt ?? '') || compareText(a.name, b.name));
  return oldest;
}
