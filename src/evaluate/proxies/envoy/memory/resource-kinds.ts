/**
 * Resources of one type, sorted by kind. In: resources, and which of their members are mere names. Out: of which kind each is; mostly that is
 * seen from its text, so that a resource which is like an earlier one is never parsed.
 */
import type { EnvoyResource } from '../../../../model/envoy.ts';
import { isMessage } from '../../../../model/protobuf-message.ts';
import { Kinds } from './alike.ts';
import type { Free } from './alike.ts';
import { PrintedForm } from './printed-form.ts';

/** A resource whose kind is known. */
export interface SortedResource {
  readonly kind: number;
  /** The resource itself, or an earlier one that differs in names alone. */
  readonly standIn: EnvoyResource;
  /** null: it stands for itself. */
  readonly printed: PrintedNames | null;
}

/** Names of a resource, from its text. */
export interface PrintedNames {
  readonly form: PrintedForm;
  /** What stands in the slots of the form. */
  readonly names: readonly string[];
}

interface KnownForm {
  readonly kind: number;
  readonly form: PrintedForm;
  readonly standIn: EnvoyResource;
}

/** Forms that are known at most: of one kind there are several where members of maps stand in any order. */
const FORMS = 64;

/** Sorts resources of one type. */
export class ResourceKinds {
  readonly #free: Free;
  readonly #kinds: Kinds;
  readonly #forms: KnownForm[] = [];
  /** Of the last resource: mostly the next one is of the same form. */
  #last: KnownForm | undefined;

  /** @param free what may differ within a kind */
  constructor(free: Free) {
    this.#free = free;
    this.#kinds = new Kinds(free);
  }

  /** @returns null: it cannot be read, or there are too many kinds */
  of(resource: EnvoyResource): SortedResource | null {
    const text = resource.printed;
    if (text === undefined) return this.#parsed(resource);
    const known = this.#byForm(text);
    if (known !== null) return known;
    const sorted = this.#parsed(resource);
    const form = sorted === null || this.#forms.length >= FORMS ? null : PrintedForm.of(text, this.#free);
    if (sorted !== null && form !== null) this.#forms.push({ kind: sorted.kind, form, standIn: resource });
    return sorted;
  }

  #parsed(resource: EnvoyResource): SortedResource | null {
    const { value } = resource.config;
    const kind = isMessage(value) ? this.#kinds.kindOf(value) : null;
    return kind === null ? null : { kind, standIn: resource, printed: null };
  }

  #byForm(text: string): SortedResource | null {
    const last = this.#last && named(this.#last, text);
    if (last) return last;
    for (const known of this.#forms) {
      if (known === this.#last) continue;
      const sorted = named(known, text);
      if (sorted === null) continue;
      this.#last = known;
      return sorted;
    }
    return null;
  }
}

function named({ kind, form, standIn }: KnownForm, text: string): SortedResource | null {
  const names = form.namesIn(text);
  return names === null ? null : { kind, standIn, printed: { form, names } };
}
