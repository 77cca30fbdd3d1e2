import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { HttpRequest } from '../../../../model/request.ts';
import type { EachCounts, HeaderView } from '../match/header-match.ts';
import { isUnknown } from '../truth.ts';
import type { Truth } from '../truth.ts';
import type { RequestView } from './request-view.ts';
import type { PathTest } from './sent-request.ts';
import type { VirtualHostMatch } from './virtual-host.ts';

/** The values of headers as a filter leaves them, by name in lower case; none: it has taken it away. */
export type ChangedHeaders = ReadonlyMap<string, readonly string[] | Unknown>;

/** Headers of which more than their value is derived. */
const MEANINGFUL: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'upgrade',
  'te',
  'transfer-encoding',
  'content-length',
  'content-type',
  'x-forwarded-for',
  'x-forwarded-proto',
]);

/** Whether nothing else than its value depends on a header. */
export function isPlainHeader(name: string): boolean {
  return !name.startsWith(':') && !MEANINGFUL.has(name);
}

/** The request with headers that a filter has changed, each of them a plain one. */
export function withHeaders(request: RequestView, changed: ChangedHeaders): RequestView {
  return changed.size === 0 ? request : new ChangedRequest(request, { changed });
}

/** The request with a path that a filter has changed. */
export function withPath(request: RequestView, path: string): RequestView {
  return new ChangedRequest(request, { path });
}

/** The request whose route is looked for when filters have set dynamic metadata. */
export function withMetadata(request: RequestView, metadata: NonNullable<RequestView['metadata']>): RequestView {
  return new ChangedRequest(request, { metadata });
}

/** What is other than before. */
interface Changes {
  readonly changed?: ChangedHeaders;
  readonly path?: string;
  readonly metadata?: RequestView['metadata'];
}

class ChangedRequest implements RequestView, HeaderView {
  readonly #before: RequestView;
  readonly #changed: ChangedHeaders;
  /** null: it stays */
  readonly #path: string | null;
  readonly metadata: RequestView['metadata'];

  constructor(before: RequestView, { changed = new Map(), path, metadata }: Changes) {
    this.#before = before;
    this.#changed = changed;
    this.#path = path ?? null;
    this.metadata = metadata ?? before.metadata;
  }

  get tellsOfDropped(): boolean {
    return this.#before.tellsOfDropped;
  }

  get original(): HttpRequest {
    const { original } = this.#before;
    const changed = [...this.#changed];
    const added = changed.flatMap(([name, values]) =>
      isUnknown(values) ? [] : values.map((value) => [name, value] as const),
    );
    const open = changed.flatMap(([name, values]) => (isUnknown(values) ? [name] : []));
    const isOther = (name: string): boolean => !this.#changed.has(name);
    return {
      ...original,
      path: this.#path ?? original.path,
      headers: [...original.headers.filter(([name]) => isOther(name)), ...added],
      unknownHeaders: [...(original.unknownHeaders ?? []).filter(isOther), ...open],
    };
  }

  get method(): string {
    return this.#before.method;
  }

  get path(): string {
    return this.#path ?? this.#before.path;
  }

  get hasPath(): boolean {
    return this.#before.hasPath;
  }

  get plainPath(): boolean {
    return this.#before.plainPath;
  }

  testPath(test: PathTest): Truth {
    return this.#before.testPath(test);
  }

  get authority(): string {
    return this.#before.authority;
  }

  virtualHostIn(routeConfig: Cursor): VirtualHostMatch | undefined {
    return this.#before.virtualHostIn(routeConfig);
  }

  get scheme(): RequestView['scheme'] {
    return this.#before.scheme;
  }

  get internal(): RequestView['internal'] {
    return this.#before.internal;
  }

  get grpc(): boolean {
    return this.#before.grpc;
  }

  get upgrade(): string | null {
    return this.#before.upgrade;
  }

  get envoyMinor(): number | undefined {
    return this.#before.envoyMinor;
  }

  get headers(): HeaderView {
    return this;
  }

  get(name: string): string | null | Unknown {
    const changed = this.#values(name);
    return changed === undefined ? this.#before.headers.get(name) : joined(changed);
  }

  compared(name: string): string | null | Unknown {
    const changed = this.#values(name);
    return changed === undefined ? this.#before.headers.compared(name) : joined(changed);
  }

  several(name: string): readonly string[] | null {
    const changed = this.#values(name);
    if (changed === undefined) return this.#before.headers.several(name);
    return isUnknown(changed) || changed.length < 2 ? null : changed;
  }

  eachCounts(name: string, rule: EachCounts): boolean {
    return this.#before.headers.eachCounts(name, rule);
  }

  /** undefined: as before */
  #values(name: string): readonly string[] | Unknown | undefined {
    return name === ':path' && this.#path !== null ? [this.#path] : this.#changed.get(name);
  }
}

function joined(values: readonly string[] | Unknown): string | null | Unknown {
  return isUnknown(values) ? values : values.length === 0 ? null : values.join(',');
}
