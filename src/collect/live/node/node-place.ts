import type { GapKind } from '../../../model/artefact.ts';
import type { HttpAnswer } from '../stream/pod-http.ts';
import type { CommandRunner } from './command-runner.ts';

/** Why a node cannot be read. */
export interface NodeRefusal {
  readonly gap: GapKind;
  /** One clause. */
  readonly problem: string;
  /** One clause. */
  readonly remedy: string;
}

/** Asks an HTTP server on a node's own loopback interface. */
export interface LoopbackHttp {
  /** `through pod kube-system/kube-proxy-x1` */
  readonly place: string;
  /** One clause: what would allow it where it is forbidden. */
  readonly remedy?: string;
  /** @throws StreamError when there is no whole answer */
  get(port: number, path: string, signal: AbortSignal): Promise<HttpAnswer>;
}

/** How a node is read: from the place that tells best to the one that tells least. */
export interface NodePlace {
  /** Each works in the node's own network namespace. */
  readonly runners: readonly CommandRunner[];
  /** Those that see the node's processes, and can enter a pod's network namespace from there. */
  readonly entrances: readonly Entrance[];
  readonly loopback: readonly LoopbackHttp[];
  /** For people: through what it is read. */
  readonly note: string;
}

/** A place from which the namespaces of the node's processes can be entered. */
export interface Entrance {
  readonly runner: CommandRunner;
  /** The same place, inside the network namespace of a process of the node. */
  enter(pid: number): CommandRunner;
}

/** Opens nodes; each node once. */
export interface NodeAccess {
  /** What would close a gap that is left when a node was read this way: one clause. */
  readonly remedy: string;
  open(node: string, signal: AbortSignal): Promise<NodePlace | NodeRefusal>;
  /** Takes away whatever it made; never throws. */
  close(): Promise<void>;
}
