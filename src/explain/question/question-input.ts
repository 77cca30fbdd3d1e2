/** A question as a person types it. Nothing is checked yet. */
export interface QuestionInput {
  /** `productpage-v1`, `pod/name`, `deploy/name`, `node/name`, `name.namespace`, or an address. */
  readonly from: string;
  /** `reviews`, `reviews.bookinfo:9080`, `svc/name`, `pod/name:port`, a URL, `ip:port`, `host:port`. */
  readonly to: string;
  /** `-n`: where bare names are looked up. */
  readonly namespace: string | null;
  /** Where FROM's bare name is looked up, when it differs. */
  readonly fromNamespace: string | null;
  /** Namespace of the context of a live cluster, where FROM's bare name is looked up when no flag says otherwise. */
  readonly contextNamespace?: string | null;
  readonly method: string | null;
  /** `Name: value`, as curl's -H. */
  readonly headers: readonly string[];
  readonly protocol: 'tcp' | 'udp' | 'sctp' | null;
  readonly uid: number | null;
  readonly sourcePort: number | null;
  /** The node at which a request from outside arrives. */
  readonly node: string | null;
  /** `HOST:IP`, as curl's --resolve without the port. */
  readonly resolve: readonly string[];
}

/** A question that cannot be asked: what is wrong, and what exists instead. Exit status 2. */
export class QuestionError extends Error {
  /** Sentences: what to do next. */
  readonly hints: readonly string[];

  constructor(message: string, hints: readonly string[] = []) {
    super(message);
    this.name = 'QuestionError';
    this.hints = hints;
  }
}

/** What the question is about was not captured at all. */
export class NotCapturedError extends QuestionError {
  /** What is the case where nothing more can be captured: there is no such object. */
  readonly absent: QuestionError;

  /**
   * @param absent a clause: there is no such object
   * @param why a clause: what was not captured
   * @param resource as kubectl names it
   */
  constructor(absent: string, why: string, resource: string, hints: readonly string[] = []) {
    super(`${absent}: ${why}`, [...hints, `Capture them with: kubectl get ${resource} -A -o json`]);
    this.absent = new QuestionError(absent, [...hints, `See what there is with: kubectl get ${resource} -A`]);
  }
}
