import type { Unknown, Weighted } from '../../model/branching.ts';
import type { HeardReset } from '../../model/envoy.ts';
import type { Backend, Basis, Disposition, Hop, HopKind, Step } from '../../model/explanation.ts';
import { newFlow, type Flow } from '../../model/flow.ts';
import type { PodFact } from '../../model/kubernetes.ts';
import type { Encapsulation } from '../../model/netfilter.ts';
import type { ApplicationRequest } from '../../model/request.ts';
import type { HandshakeFailure } from '../../model/tls.ts';
import type { Owner } from '../../model/trace.ts';
import type { WaitingProxy } from '../../evaluate/proxies/envoy/upstream-failure.ts';

/** Where a branch of the walk stands. Each kind has one function that moves it on. */
export type Place =
  /** the client, before it knows an address */
  | { readonly kind: 'client' }
  /** a process of `owner` sends the first packet of a connection */
  | { readonly kind: 'process'; readonly owner: Owner }
  /** a packet enters a node by `device` (undefined: not known) */
  | { readonly kind: 'node'; readonly cluster: string; readonly node: string; readonly device: string | undefined }
  /** a frame crosses a node's bridge from one port to another */
  | {
      readonly kind: 'bridge';
      readonly cluster: string;
      readonly node: string;
      readonly bridge: string;
      /** The step that found it out. */
      readonly link: Step;
      readonly to: PodFact;
    }
  /** a packet left a node by `device` for the node `to` */
  | {
      readonly kind: 'wire';
      readonly cluster: string;
      readonly fromNode: string;
      readonly device: string | null;
      readonly to: string;
      /** What a router or tunnel between them carries on, as a clause; null: the node sends to the other node itself. */
      readonly carried: string | null;
      /** The packet travels inside another one, which the other node takes out. */
      readonly encapsulation?: Encapsulation;
    }
  /** a packet enters a pod's network namespace */
  | { readonly kind: 'pod'; readonly cluster: string; readonly pod: PodFact }
  /** a packet reaches the sockets of `owner`'s network namespace */
  | { readonly kind: 'socket'; readonly owner: Owner }
  /** a connection reaches a proxy's listener */
  | { readonly kind: 'proxy'; readonly cluster: string; readonly pod: PodFact };

/** A proxy that has accepted the request and waits for its upstream. */
export interface ProxyFrame extends WaitingProxy {
  readonly pod: PodFact;
  /** Seconds; null: none. */
  readonly connectTimeout: number | null;
  /** For how long its filters hold the request, in seconds. */
  readonly delay: number;
  /** What it answers as soon as it has a connection, whoever takes it; null: it sends the request on. */
  readonly refuses: End | null;
  readonly choice: HostChoice;
}

/** The host that a proxy chose for a request. */
export interface HostChoice {
  /** The same for all that the proxy may do with one request. */
  readonly visit: object;
  /** How the request came to its cluster: a retry chooses again among the hosts of that cluster. */
  readonly way: () => string;
  /** Its address and port. */
  readonly host: string;
  /** The host that a retry asks. */
  readonly again: 'drawn' | 'same' | Unknown;
}

/** One namespace that a connection went through, for the way back. */
export interface Passage {
  readonly owner: Owner;
  readonly before: Flow;
  readonly after: Flow;
  readonly inDevice: string | null | undefined;
  readonly outDevice: string | null;
}

/** One branch of the walk, immutable. `flow` is null until the client knows an address. */
export interface WalkState extends Weighted {
  readonly place: Place;
  readonly flow: Flow | null;
  readonly request: ApplicationRequest;
  readonly hops: readonly Hop[];
  readonly proxies: readonly ProxyFrame[];
  /** Namespaces that the present connection passed, in order. */
  readonly passages: readonly Passage[];
  /** Places and packets already met, and in which connection of the request: meeting one again is a loop. */
  readonly met: readonly { readonly key: string; readonly connection: number }[];
}

/** How a packet gets through one network namespace, whatever that was evaluated from. */
export interface Crossing extends Weighted {
  readonly verdict: 'forward' | 'local' | 'drop' | 'reject' | 'unroutable' | 'undetermined';
  /** The packet as it leaves. */
  readonly flow: Flow;
  /** For `forward`: the way out; null where it is not known. */
  readonly device: string | null;
  readonly gateway: string | null;
  /** It leaves inside another packet, to that one's destination. */
  readonly encapsulation?: Encapsulation;
  readonly basis: Basis;
  readonly steps: readonly Step[];
  /** One sentence, unless the verdict is `forward` or `local`. */
  readonly reason: string | null;
  /** errno or ICMP kind. */
  readonly detail: string | null;
  readonly unknown?: Unknown;
}

/** A packet that gets through unchanged, as the objects intend it; what differs is put over it. */
export function intendedCrossing(flow: Flow): Crossing {
  return {
    probability: 1,
    conditions: [],
    verdict: 'forward',
    flow,
    device: null,
    gateway: null,
    basis: 'intended',
    steps: [],
    reason: null,
    detail: null,
  };
}

/** How a branch ends. */
export interface End {
  readonly disposition: Disposition;
  readonly status?: number | null;
  /** Of an answer to a gRPC request. */
  readonly grpcStatus?: number | null;
  readonly flag?: string | null;
  readonly detail?: string | null;
  /** One sentence. */
  readonly reason: string;
  readonly backend?: Backend | null;
  readonly observedSource?: string | null;
  readonly unknown?: Unknown;
  /** For how long the proxy that answers holds the request before, in seconds; absent: no filter does. */
  readonly delay?: number;
  /** Set where a proxy before it speaks TLS and its handshake fails thereby. */
  readonly handshake?: HandshakeFailure;
  /** What a proxy before it hears that speaks HTTP/2; absent: that the connection ends. */
  readonly heard?: HeardReset;
}

/** What a place's function makes of a state: it goes on, or it ends. */
export type Move =
  | { readonly kind: 'on'; readonly state: WalkState }
  | { readonly kind: 'end'; readonly state: WalkState; readonly end: End };

/** A packet as it enters another network namespace: nobody there knows its sender, its mark or its connection yet. */
export function arriving(flow: Flow, device: string | undefined): Flow {
  const { family, protocol, source, sourcePort, destination, destinationPort, unknownPort } = flow;
  const packet = { family, protocol, source, sourcePort, destination, destinationPort, unknownPort };
  return newFlow({ ...packet, inInterface: device });
}

/** The state moved on to `place`. */
export function on(state: WalkState, change: Partial<WalkState> & Pick<WalkState, 'place'>): Move {
  return { kind: 'on', state: { ...state, ...change } };
}

export function end(state: WalkState, how: End): Move {
  return { kind: 'end', state, end: how };
}

/** The state with one more hop. */
export function withHop(state: WalkState, next: Hop): WalkState {
  return { ...state, hops: [...state.hops, next] };
}

export function hop(kind: HopKind, name: string, role: string | null, basis: Basis, steps: readonly Step[]): Hop {
  return { kind, name, role, basis, steps };
}

/** A branch of the state: probabilities multiply, conditions join. Undefined when the conditions contradict each other. */
export function branched(state: WalkState, branch: Weighted): WalkState | undefined {
  const conditions = [...state.conditions];
  for (const condition of branch.conditions) {
    const same = conditions.find((one) => one.key === condition.key);
    if (same === undefined) conditions.push(condition);
    else if (same.value !== condition.value) return undefined;
  }
  return { ...state, probability: state.probability * branch.probability, conditions };
}
