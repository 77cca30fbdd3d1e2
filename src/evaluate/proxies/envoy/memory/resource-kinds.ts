/**
 * Resources of one type, sorted by kind. In: resources, and which of their members are mere names. Out: of which kind each is; where its text
 * tells that it is like an earlier one, it is never parsed.
 */
import type { EnvoyResource, PrintedResource } from '../../../../model/envoy.ts';
import type { Free } from '../../../../model/free.ts';
import { isMessage } from '../../../../model/protobuf-message.ts';
import { Kinds } from './alike.ts';

/** A resource whose kind is known. */
export interface SortedResource {
  readonly kind: number;
  /** The resource itself, or an earlier one that differs in names alone. */
  readonly standIn: EnvoyResource;
  /** null: it stands for itself. */
  readonly printed: PrintedResource | null;
}

/** Resources that are printed alike. */
interface KnownForm {
  readonly kind: number;
  readonly standIn: EnvoyResource;
}

/** Sorts resources of one type. */
export class ResourceKinds {
  readonly #kinds: Kinds;
  /** null: what is printed so has no kind. */
  readonly #forms = new Map<PrintedResource['form'], KnownForm | null>();

  /** @param free what may differ within a kind, and in what is printed alike */
  constructor(free: Free) {
    this.#kinds = new Kinds(free);
  }

  /** @returns null: it cannot be read, or there are too many kinds */
  of(resource: EnvoyResource): SortedResource | null {
    const { printed } = resource;
    const known = printed === null ? this.#parsed(resource) : this.#formed(resource, printed);
    return known && { kind: known.kind, standIn: known.standIn, printed };
  }

  #formed(resource: EnvoyResource, { form }: PrintedResource): KnownForm | null {
    let known = this.#forms.get(form);
    if (known === undefined) {
      known = this.#parsed(resource);
      this.#forms.set(form, known);
    }
    return known;
  }

  #parsed(resource: EnvoyResource): KnownForm | null {
    const { value } = resource.config;
    const kind = isMessage(value) ? this.#kinds.kindOf(value) : null;
    return kind === null ? null : { kind, standIn: resource };
  }
}
