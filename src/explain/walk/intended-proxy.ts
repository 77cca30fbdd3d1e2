import type { KubernetesObjects, ObjectFact, PodFact } from '../../model/kubernetes.ts';
import { newFlow, type Flow } from '../../model/flow.ts';
import { listText } from '../../model/wording.ts';
import type { Owner } from '../../model/trace.ts';
import { ownerName } from '../sentences/names.ts';
import { sourcePorts } from '../world/source-ports.ts';
import type { World } from '../world/world.ts';
import { end, hop, on, withHop, type WalkState } from './state.ts';
import type { Moved } from './through.ts';

type PodOwner = Owner & { readonly kind: 'pod' };

/** Kinds of Istio objects that change what a sidecar does with traffic, and the plurals of their Lists. */
const DECIDING_KINDS = [
  ['VirtualService', 'virtualservices'],
  ['DestinationRule', 'destinationrules'],
  ['Sidecar', 'sidecars'],
  ['ServiceEntry', 'serviceentries'],
  ['AuthorizationPolicy', 'authorizationpolicies'],
  ['RequestAuthentication', 'requestauthentications'],
  ['PeerAuthentication', 'peerauthentications'],
  ['EnvoyFilter', 'envoyfilters'],
  ['WasmPlugin', 'wasmplugins'],
  ['ProxyConfig', 'proxyconfigs'],
] as const;

/** uid of Istio's proxy. */
const PROXY_UID = 1337;

/**
 * A sidecar whose configuration nobody captured. Without any Istio object that could decide, it hands the connection on: an
 * inbound one to the application, an outbound one to where it was going. With such objects the answer would be a guess, and so it
 * would where a List of them was not captured: a cluster that runs Istio serves each of these kinds.
 */
export function moveIntendedProxy(world: World, state: WalkState, owner: PodOwner): Moved {
  const { flow } = state;
  if (flow === null) return { moves: [], visits: [] };
  const objects = world.cluster(owner.cluster).objects;
  const role = flow.destinationPort === 15001 ? 'outbound' : flow.destinationPort === 15006 ? 'inbound' : 'gateway';
  const deciding = objects === undefined ? [] : decidingObjects(objects, owner.pod);
  const unlisted = objects === undefined ? [] : unlistedKinds(objects);
  const who = `the proxy of pod ${ownerName(owner)}`;
  if (role === 'gateway' || deciding.length > 0 || unlisted.length > 0 || objects === undefined) {
    const why =
      deciding.length > 0
        ? `${listText(
            deciding.map((one) => `${one.kind} ${one.namespace}/${one.name}`),
            3,
          )} may decide here`
        : role !== 'gateway' && unlisted.length > 0
          ? `objects that may decide here were not listed: ${listText(unlisted, 3)}`
          : 'what it does is written nowhere else';
    const reason = `the configuration of ${who} was not captured, and ${why}`;
    const evidence = deciding.slice(0, 3).map((one) => one.cursor.at('spec').evidence());
    const step = { kind: 'listener', action: 'unknown', text: reason, evidence };
    const next = withHop(state, hop('proxy', ownerName(owner), role, 'intended', [step]));
    return {
      moves: [end(next, { disposition: 'undetermined', reason: `${reason}.`, unknown: { reason, evidence } })],
      visits: [],
    };
  }
  const here = state.passages.at(-1)?.before ?? flow;
  const text = `${who} should pass the connection on to ${role === 'inbound' ? 'its application' : 'where it was going'} (its configuration was not captured)`;
  const step = { kind: 'listener', action: 'passed', text, evidence: [] };
  const next = withHop(state, hop('proxy', ownerName(owner), role, 'intended', [step]));
  const frame = {
    pod: owner.pod,
    http: state.request.http !== null,
    tls: false,
    grpc: false,
    mapAnswer: (status: number) => status,
    retries: null,
    limits: null,
    delay: 0,
    connectTimeout: null,
    flag: null,
    refuses: null,
    choice: { visit: state, way: () => '', host: '', again: 'drawn' as const },
  };
  const sent = upstreamFlow(world, here, role, owner);
  const place = { kind: 'process' as const, owner };
  return { moves: [on(next, { place, flow: sent, proxies: [...state.proxies, frame], passages: [] })], visits: [] };
}

/** Istio's inbound proxy connects from 127.0.0.6 (InboundPassthroughBindIpv4), its outbound one from the pod's address. */
function upstreamFlow(world: World, here: Flow, role: 'inbound' | 'outbound', owner: PodOwner): Flow {
  const { family, protocol, destination, destinationPort } = here;
  const own = owner.pod.ips.find((ip) => ip.includes(':') === (family === 6)) ?? here.source;
  const source = role === 'outbound' ? own : family === 4 ? '127.0.0.6' : '::6';
  return newFlow({
    family,
    protocol,
    source,
    sourcePort: null,
    unknownPort: sourcePorts(world, owner),
    destination,
    destinationPort,
    inInterface: null,
    uid: PROXY_UID,
    gid: PROXY_UID,
  });
}

/** Objects that may apply to the pod: all of its namespace and of the root namespace, and VirtualServices and the like of any. */
function decidingObjects(objects: KubernetesObjects, pod: PodFact): readonly ObjectFact[] {
  const namespaced = new Set([
    'AuthorizationPolicy',
    'RequestAuthentication',
    'PeerAuthentication',
    'EnvoyFilter',
    'WasmPlugin',
    'Sidecar',
    'ProxyConfig',
  ]);
  return DECIDING_KINDS.flatMap(([kind]) =>
    objects
      .istio(kind)
      .filter((one) => !namespaced.has(kind) || one.namespace === pod.namespace || one.namespace === 'istio-system'),
  );
}

function unlistedKinds(objects: KubernetesObjects): readonly string[] {
  return DECIDING_KINDS.flatMap(([kind, plural]) => (objects.captured(plural) ? [] : [kind]));
}
