/** Something that live collection needs to be allowed. */
export interface AccessNeed {
  readonly verb: string;
  /** `''` for core. */
  readonly group: string;
  /** Plural, with a subresource behind a slash. */
  readonly resource: string;
  /** The one namespace where it is needed; null: wherever the request goes, or of a kind that has no namespaces. */
  readonly namespace: string | null;
  readonly namespaced: boolean;
  /** One clause: what an answer lacks without it. */
  readonly without: string;
  /** An answer can be given without it, as far as objects alone tell. */
  readonly optional: boolean;
}

/** `everywhere`, `namespace`: in the one that was asked about; `no`; `unknown`: the API server did not say. */
export type AccessState = 'everywhere' | 'namespace' | 'no' | 'unknown';

export interface ReviewedNeed extends AccessNeed {
  readonly state: AccessState;
}

/** What an identity can collect of a cluster. */
export interface AccessReport {
  readonly cluster: string;
  readonly server: string;
  /** null: the API server does not tell. */
  readonly user: string | null;
  readonly groups: readonly string[];
  /** The namespace that was asked about where not all are open; null: none was named. */
  readonly namespace: string | null;
  /** Whether the objects of that namespace are all that is wanted; else those of every namespace are. */
  readonly namespaceOnly: boolean;
  readonly needs: readonly ReviewedNeed[];
  /** Objects that can be applied to allow all of it. */
  readonly manifest: readonly object[];
}

/** Whether a need is met as far as it was asked for. */
export function isMet(need: ReviewedNeed, { namespaceOnly }: Pick<AccessReport, 'namespaceOnly'>): boolean {
  return need.state === 'everywhere' || (need.state === 'namespace' && (namespaceOnly || need.namespace !== null));
}
