/**
 * What becomes of a request to one virtual host, told of the same request to others of its kind. In: outcomes, and which names stand for
 * which. Out: what is told of them under other names. It must not tell of a host what depends on more than names.
 */
import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import { sharesOf, takenBy, underOtherNames } from '../walk.ts';
import type { HostShare } from '../walk.ts';
import type { HostKind, HostNames, KnownHost } from './alike-hosts.ts';
import type { Refill, Telling } from './telling.ts';

/** A name of a virtual host of the kind; undefined: it has none that is known. */
type NameOf = (names: HostNames) => string | null | undefined;

/** Marks begin with it: a character that hardly any name has. It is one of Latin-1, so that V8 keeps what is told in half the space. */
const MARK = '\u{a4}';

/** Outcomes of a request, told so that they can be those of the same request to a virtual host that is alike. */
export class AlikeOutcomes<Told> {
  readonly #names: readonly NameOf[];
  readonly #refill: Refill<Told>;

  private constructor(names: readonly NameOf[], refill: Refill<Told>) {
    this.#names = names;
    this.#refill = refill;
  }

  /**
   * @param outcomes of a request to the host that stands for the kind
   * @returns null: more than names may differ
   */
  static of<Told>(
    { standInNames: names }: HostKind,
    outcomes: readonly EnvoyOutcome[],
    telling: Telling<Told>,
  ): AlikeOutcomes<Told> | null {
    if (names === null) return null;
    const marks = new Marks();
    const marked: EnvoyOutcome[] = [];
    for (const outcome of outcomes) {
      const one = markedOutcome(names, outcome, marks);
      if (one === null) return null;
      marked.push(one);
    }
    return new AlikeOutcomes(marks.names, telling.refill(telling.tell(marked), marks.texts));
  }

  /** @returns undefined: they are not like those of this virtual host */
  on({ names: own }: KnownHost): Told | undefined {
    if (own === null) return undefined;
    const names: (string | null)[] = [];
    for (const nameOf of this.#names) {
      const name = nameOf(own);
      if (name === undefined) return undefined;
      names.push(name);
    }
    return this.#refill(names);
  }
}

/** What stands for names. */
class Marks {
  readonly texts: string[] = [];
  readonly names: NameOf[] = [];
  readonly #known = new Map<string, string>();

  /** The mark of a name. @param place what it is called by */
  of(place: string, nameOf: NameOf): string {
    let mark = this.#known.get(place);
    if (mark === undefined) {
      mark = `${MARK}${this.texts.length}`;
      this.#known.set(place, mark);
      this.texts.push(mark);
      this.names.push(nameOf);
    }
    return mark;
  }
}

/** The outcome with marks for names; null: something of it may not be the same elsewhere. */
function markedOutcome(names: HostNames, outcome: EnvoyOutcome, marks: Marks): EnvoyOutcome | null {
  const taken = takenBy(outcome);
  const shares = sharesOf(outcome);
  if (shares === null && outcome.end.kind !== 'reply') return null;
  if (taken.virtualHost !== names.virtualHost || outcome.conditions.length > 0 || looksMarked(outcome)) return null;
  const route = placeAmong(names.routes, taken.route);
  const clusters = names.clusters.map(({ name }) => name);
  const cluster = placeAmong(clusters, taken.cluster);
  if (route === undefined || cluster === undefined) return null;
  const hosts = shares === null ? null : markedHosts(names, cluster, shares, marks);
  if (hosts === undefined) return null;
  const marked = {
    ...taken,
    virtualHost: marks.of('virtual host', (own) => own.virtualHost),
    route: route === null ? null : marks.of(`route ${route}`, (own) => own.routes[route] ?? null),
    cluster: cluster === null ? null : marks.of(`cluster ${cluster}`, (own) => own.clusters[cluster]?.name),
  };
  return underOtherNames(outcome, marked, hosts);
}

/** Whether something that is told beside the names could be taken for a mark. */
function looksMarked(outcome: EnvoyOutcome): boolean {
  const { listener, filterChain } = takenBy(outcome);
  const detail = outcome.end.kind === 'reply' ? outcome.end.detail : null;
  return [listener, filterChain, detail].some((text) => text?.startsWith(MARK) === true);
}

/** undefined: the hosts are not told apart by addresses. */
function markedHosts(
  { clusters }: HostNames,
  cluster: number | null,
  shares: readonly HostShare[],
  marks: Marks,
): readonly HostShare[] | undefined {
  const addresses = cluster === null ? null : (clusters[cluster]?.hosts ?? null);
  if (cluster === null || addresses === null) return undefined;
  const hosts: HostShare[] = [];
  for (const { host, share } of shares) {
    const place = addresses.indexOf(host);
    if (place < 0) return undefined;
    const nameOf: NameOf = (own) => own.clusters[cluster]?.hosts?.[place];
    hosts.push({ host: marks.of(`host ${place} of ${cluster}`, nameOf), share });
  }
  return hosts;
}

/** undefined: it is none of them; null: there is none, nor among them. */
function placeAmong(names: readonly (string | null)[], name: string | null): number | null | undefined {
  const place = names.indexOf(name);
  return place >= 0 ? place : name === null ? null : undefined;
}
