/** How a stream to a pod failed. */
export type StreamFailure =
  /** 401 or 403: the message names the verb and the resource */
  | 'forbidden'
  /** 404: no such pod */
  | 'gone'
  /** the API server or the kubelet answered something else than a stream: a status, 5xx, a container that is not there */
  | 'refused'
  /** there is an answer, but nobody speaks WebSocket there */
  | 'no-websocket'
  /** no connection to the API server */
  | 'unreachable'
  /** nobody listens on the port inside the pod */
  | 'port-closed'
  /** the connection ended before the answer was whole */
  | 'cut-off'
  /** the deadline passed, or nothing was heard for too long */
  | 'timeout'
  /** more bytes than the limit */
  | 'too-large'
  /** the other side broke the protocol */
  | 'protocol'
  /** the caller gave up */
  | 'aborted';

/** A stream to a pod that failed. The message is one clause. */
export class StreamError extends Error {
  readonly failure: StreamFailure;
  /** HTTP status, where there was one. */
  readonly status: number | null;
  /** Seconds that a 429 or 503 asks to wait. */
  readonly retryAfter: number | null;

  constructor(failure: StreamFailure, message: string, details: { status?: number; retryAfter?: number } = {}) {
    super(message);
    this.name = 'StreamError';
    this.failure = failure;
    this.status = details.status ?? null;
    this.retryAfter = details.retryAfter ?? null;
  }
}

/** Longest text of the other side that a message repeats. */
const TEXT_LIMIT = 300;

/** Text of the other side on one line, cut to what a message can hold. */
export function quoted(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= TEXT_LIMIT ? line : `${line.slice(0, TEXT_LIMIT - 1)}…`;
}

/** The failure of a request that was answered with a status instead of a stream. */
export function refusal(status: number, body: string, retryAfter: number | undefined): StreamError {
  const message = statusMessage(body);
  const details = { status, ...(retryAfter === undefined ? {} : { retryAfter }) };
  const said = message === '' ? `HTTP status ${status}` : `${quoted(message)} (HTTP status ${status})`;
  if (status === 401 || status === 403) return new StreamError('forbidden', said, details);
  if (status === 404) return new StreamError('gone', said, details);
  // An API server or a proxy before it that does not upgrade says so in one of these ways.
  if (
    status === 426 ||
    (status < 300 && status >= 200) ||
    /upgrade request required|unable to upgrade: missing/i.test(message)
  ) {
    const problem = `the API server does not speak WebSocket for this request, which exec and port-forward need: ${said}`;
    return new StreamError('no-websocket', problem, details);
  }
  return new StreamError('refused', said, details);
}

/** The message of a `Status` object, or the text itself. */
function statusMessage(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed && typeof parsed.message === 'string') {
      return parsed.message;
    }
  } catch {
    // The kubelet answers in plain text.
  }
  return body;
}
