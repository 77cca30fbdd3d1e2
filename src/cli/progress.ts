/** The part of a terminal stream that progress needs. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const PATIENCE_MS = 1000;
const CLEAR_LINE = '\r\u001b[K';

/**
 * One line on standard error that says what is being done: only in a terminal, only after a second, and gone at the end.
 * It is looked at whenever the work enters its next phase, and by a timer while the work waits.
 */
export class Progress {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  readonly #start: number;
  #timer: NodeJS.Timeout | undefined;
  #text = '';
  #shown = false;

  constructor(stream: ProgressStream = process.stderr, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
    this.#start = now();
  }

  /** Says what is being done from here on, e.g. `reading samples/istio-bookinfo`. */
  phase(text: string): void {
    if (this.#stream.isTTY !== true) return;
    this.#text = text;
    const left = PATIENCE_MS - (this.#now() - this.#start);
    if (left <= 0) this.#show();
    else this.#timer ??= setTimeout(() => this.#show(), left).unref();
  }

  /** Takes the line away; called before the answer is printed. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#shown) this.#stream.write(CLEAR_LINE);
    this.#shown = false;
  }

  #show(): void {
    this.#stream.write(`${CLEAR_LINE}${this.#text.slice(0, (this.#stream.columns ?? 80) - 2)}…`);
    this.#shown = true;
  }
}
