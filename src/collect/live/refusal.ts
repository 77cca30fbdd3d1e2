import type { Gap, GapKind } from '../../model/artefact.ts';

/** Why a request has no answer. */
export type RefusalKind =
  /** 401 */
  | 'unauthorized'
  /** 403 */
  | 'forbidden'
  /** 404 */
  | 'not-found'
  /** 410, or a continue token that expired */
  | 'gone'
  /** 429, after waiting */
  | 'throttled'
  /** 5xx, after trying again */
  | 'server-error'
  /** another status */
  | 'rejected'
  /** no whole answer within the deadline */
  | 'timeout'
  /** the person pressed Ctrl-C */
  | 'interrupted'
  /** the certificate, or the TLS handshake */
  | 'tls'
  /** the server's name has no address */
  | 'unresolved'
  /** no connection */
  | 'unreachable'
  /** the connection ended before the answer did */
  | 'connection-lost'
  /** somebody else answers: a login page, a proxy */
  | 'not-kubernetes'
  | 'too-large'
  /** the identity of the kubeconfig cannot be used */
  | 'credentials';

const GAP_KINDS: Readonly<Partial<Record<RefusalKind, GapKind>>> = {
  unauthorized: 'forbidden',
  forbidden: 'forbidden',
  'not-kubernetes': 'unreadable',
  'too-large': 'too-large',
};

/** A request that was refused or got lost: a clause that says what happened, and a clause that says what would help. */
export class RequestRefused extends Error {
  readonly kind: RefusalKind;
  /** null: no answer came. */
  readonly status: number | null;
  readonly remedy: string;
  /** Milliseconds that the server asks to wait; null: it does not say. */
  readonly retryAfter: number | null;

  constructor(
    kind: RefusalKind,
    problem: string,
    remedy: string,
    { status = null, retryAfter = null }: { status?: number | null; retryAfter?: number | null } = {},
  ) {
    super(problem);
    this.name = 'RequestRefused';
    this.kind = kind;
    this.status = status;
    this.remedy = remedy;
    this.retryAfter = retryAfter;
  }

  /** The hole that it leaves in an artefact. */
  gap(artefact: string): Gap {
    return { kind: GAP_KINDS[this.kind] ?? 'missing', artefact, problem: this.message, remedy: this.remedy };
  }
}

/** Whether the whole server cannot be asked, so that asking for something else would end alike. */
export function concernsServer(kind: RefusalKind): boolean {
  return SERVER.has(kind);
}

const SERVER: ReadonlySet<RefusalKind> = new Set(['unauthorized', 'tls', 'unresolved', 'unreachable', 'credentials']);

/** The refusal of whatever Ctrl-C ended. */
export function interrupted(): RequestRefused {
  return new RequestRefused(
    'interrupted',
    'it was interrupted before it was collected',
    'run it again and let it finish',
  );
}
