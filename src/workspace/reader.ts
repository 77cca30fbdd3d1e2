import type { Artefact, ArtefactSource, Gap, Parsed } from '../model/artefact.ts';
import type { Reading } from '../model/facts.ts';
import { GapLedger } from './gap-ledger.ts';

/** Reads artefacts of a source as facts, and keeps account of the gaps. */
export class Reader {
  readonly ledger = new GapLedger();
  private readonly source: ArtefactSource;
  private readonly known: ReadonlySet<string>;

  constructor(source: ArtefactSource) {
    this.source = source;
    this.known = new Set(source.names());
    this.ledger.watch(() => source.gaps());
  }

  has(name: string): boolean {
    return this.known.has(name);
  }

  /** Whether the source was asked for it in vain, so that another artefact may have to do in its place. */
  refused(name: string): boolean {
    return this.source.artefact(name) === undefined && this.source.gaps().some((gap) => gap.artefact === name);
  }

  artefact(name: string): Artefact | undefined {
    return this.source.artefact(name);
  }

  /**
   * Why an artefact cannot be read: what the source says of it, or that nobody captured it.
   * @param remedy one clause: how a person would capture it
   */
  absence(name: string, remedy: string): readonly Gap[] {
    const said = this.source.gaps().filter((gap) => gap.artefact === name);
    if (said.length > 0) return said;
    return [{ kind: 'missing', artefact: name, problem: 'it was not captured', remedy: this.remedy(name, remedy) }];
  }

  /**
   * What would close a gap of an artefact: one clause.
   * @param byHand how a person would capture it
   */
  remedy(name: string, byHand: string): string {
    return this.source.remedy?.(name) ?? byHand;
  }

  /** A fact that is one artefact. Nothing read and something wrong means that the fact is not known. */
  read<T>(
    name: string,
    remedy: string,
    parse: (artefact: Artefact) => Parsed<T>,
    isEmpty: (value: T) => boolean,
  ): Reading<T> {
    const artefact = this.artefact(name);
    if (artefact === undefined) return this.noted({ gaps: this.absence(name, remedy), artefact: name });
    const { value, gaps } = parse(artefact);
    const known = gaps.length === 0 || !isEmpty(value);
    return this.noted({
      ...(known ? { value } : {}),
      gaps: capturedAgain(gaps, this.remedy(name, remedy)),
      artefact: name,
    });
  }

  /** As `read`, of an artefact that is understood bit by bit: its gaps may still grow. */
  readLive<T>(
    name: string,
    remedy: string,
    parse: (artefact: Artefact) => Parsed<T>,
    isEmpty: (value: T) => boolean,
  ): Reading<T> {
    const artefact = this.artefact(name);
    if (artefact === undefined) return this.noted({ gaps: this.absence(name, remedy), artefact: name });
    const parsed = parse(artefact);
    const closing = this.remedy(name, remedy);
    const known = parsed.gaps.length === 0 || !isEmpty(parsed.value);
    return this.noted({
      ...(known ? { value: parsed.value } : {}),
      get gaps() {
        return capturedAgain(parsed.gaps, closing);
      },
      artefact: name,
    });
  }

  /** Puts a reading's gaps on account. */
  noted<T>(reading: Reading<T>): Reading<T> {
    this.ledger.watch(() => reading.gaps);
    return reading;
  }
}

/** What is not of its format, a file or a line of it, wants to be captured again. */
function capturedAgain(gaps: readonly Gap[], remedy: string): readonly Gap[] {
  return gaps.map((gap) => (gap.remedy === undefined && gap.kind === 'unreadable' ? { ...gap, remedy } : gap));
}

/** Computes once, on first use. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Computes once for each key. */
export function onceFor<K, T>(make: (key: K) => T): (key: K) => T {
  const made = new Map<K, T>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}
