import type { TransportProtocol } from './flow.ts';
import type { PodFact, ServiceFact, ServicePort } from './kubernetes.ts';
import type { ApplicationRequest } from './request.ts';

/** Who asks. */
export type Source =
  | { readonly kind: 'pod'; readonly cluster: string; readonly pod: PodFact }
  | { readonly kind: 'node'; readonly cluster: string; readonly node: string }
  /** a machine that is neither pod nor node of the snapshot */
  | { readonly kind: 'outside'; readonly cluster: string; readonly ip: string };

/** What is asked for: a host as the client writes it, and a port. */
export interface Target {
  /** A name, or an address in canonical text. */
  readonly host: string;
  readonly port: number;
  /** The object that the person named, when the text named one. */
  readonly service: ServiceFact | null;
  readonly servicePort: ServicePort | null;
  readonly pod: PodFact | null;
  /** As asked. */
  readonly text: string;
}

/** A question, resolved against what is known; ready to be walked. */
export interface Question {
  /** As asked. */
  readonly fromText: string;
  readonly source: Source;
  readonly target: Target;
  readonly protocol: TransportProtocol;
  readonly request: ApplicationRequest;
  /** uid of the client process; null: as the pod's spec says. */
  readonly uid: number | null;
  readonly sourcePort: number | null;
  /** The node at which a request from outside arrives; null: any. */
  readonly entryNode: string | null;
  /** Addresses for names that the snapshot cannot resolve (`--resolve HOST:IP`). */
  readonly resolve: ReadonlyMap<string, string>;
  /** Sentences: what the question left open and how it was filled in. */
  readonly notes: readonly string[];
}
