/**
 * Virtual hosts that differ in nothing but names: their own, those of their routes and those of the clusters that these lead to.
 * In: virtual hosts that were found. Out: of which kind each is. It must not take for a name what a rule looks at.
 */
import { freeMembers } from '../../../../model/free.ts';
import { field as valueOf, isMessage, list, text } from '../../../../model/protobuf-message.ts';
import { asksForCluster } from '../http/asks-for-cluster.ts';
import type { HostSearch } from '../http/host-search.ts';
import type { VirtualHostMatch } from '../http/virtual-host.ts';
import { field } from '../proto-json.ts';
import { Kinds, placeOf } from './alike.ts';
import { AlikeClusters } from './alike-clusters.ts';
import type { AlikeCluster, ClusteredProxy } from './alike-clusters.ts';
import type { Asked, HostQuestion } from './overhear.ts';

/** Virtual hosts that differ in names alone. */
export interface HostKind {
  /** From 1. */
  readonly number: number;
  /** The first of them that was found; for requests to the others it is followed in their place. */
  readonly standIn: VirtualHostMatch;
  readonly standInNames: HostNames | null;
}

/** A virtual host, and which others are like it. */
export interface KnownHost {
  readonly kind: HostKind;
  /** null: it is like no other, as far as is known. */
  readonly names: HostNames | null;
}

/** What stands in a virtual host where another of its kind has another name. */
export interface HostNames {
  readonly virtualHost: string;
  /** null: it has none. */
  readonly routes: readonly (string | null)[];
  /** Those that its routes may lead to, one route after the other. */
  readonly clusters: readonly AlikeCluster[];
}

/** Domains and routes are looked at apart. */
const VIRTUAL_HOST_NAMES = freeMembers({ name: 'text', domains: 'any', routes: 'any' });
const ROUTE_NAMES = freeMembers({
  name: 'text',
  metadata: 'any',
  decorator: 'any',
  route: freeMembers({
    cluster: 'text',
    weighted_clusters: freeMembers({ clusters: { each: freeMembers({ name: 'text' }) } }),
  }),
});

/** Asks of which kind the virtual host of a request is; 0: none takes it. The first of its kind is found in its place. */
export class AlikeHostQuestion implements HostQuestion {
  readonly #search: HostSearch;
  readonly #hosts: AlikeHosts;
  /** It is asked twice of each request. */
  #last: { readonly asked: Asked; readonly host: KnownHost | null } | null = null;

  constructor(search: HostSearch, hosts: AlikeHosts) {
    this.#search = search;
    this.#hosts = hosts;
  }

  ask(asked: Asked): number {
    return this.hostOf(asked)?.kind.number ?? 0;
  }

  find(asked: Asked): VirtualHostMatch | undefined {
    return this.hostOf(asked)?.kind.standIn;
  }

  /** null: none takes the request. */
  hostOf(asked: Asked): KnownHost | null {
    if (this.#last?.asked === asked) return this.#last.host;
    const found = this.#search.find(asked.http.authority, asked.socket);
    const host = found === undefined ? null : this.#hosts.known(this.#search, found);
    this.#last = { asked, host };
    return host;
  }
}

/** Routes of a virtual host that are held against those of others at most: where there are more, looking costs more than it saves. */
const ROUTES = 32;

/** The virtual hosts of one proxy. */
export class AlikeHosts {
  readonly #questions = new Map<HostSearch, AlikeHostQuestion>();
  readonly #known = new Map<object, KnownHost>();
  /** By what they are made of; null: each is alone. */
  readonly #kinds = new Map<string, HostKind | null>();
  readonly #searches: HostSearch[] = [];
  readonly #virtualHosts = new Kinds(VIRTUAL_HOST_NAMES);
  readonly #routes = new Kinds(ROUTE_NAMES);
  readonly #clusters: AlikeClusters;
  #count = 0;

  constructor(proxy: ClusteredProxy) {
    this.#clusters = new AlikeClusters(proxy);
  }

  /** There is one question for each search. */
  question(search: HostSearch): AlikeHostQuestion {
    const question = this.#questions.get(search) ?? new AlikeHostQuestion(search, this);
    this.#questions.set(search, question);
    return question;
  }

  known(search: HostSearch, found: VirtualHostMatch): KnownHost {
    const { value } = found.virtualHost;
    if (!isMessage(value)) return this.#alone(found);
    let known = this.#known.get(value);
    if (known === undefined) {
      known = this.#look(search, found, value);
      this.#known.set(value, known);
    }
    return known;
  }

  #alone(found: VirtualHostMatch): KnownHost {
    return { kind: { number: ++this.#count, standIn: found, standInNames: null }, names: null };
  }

  #look(search: HostSearch, found: VirtualHostMatch, value: Record<string, unknown>): KnownHost {
    const routes = list(value, 'routes');
    const alike = routes.length > ROUTES ? null : this.#kindOf(search, value, routes);
    if (alike === null) return this.#alone(found);
    const { key, names } = alike;
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      const { hcm, routeConfig } = search;
      const { virtualHost } = found;
      const alone = asksForCluster(hcm, [routeConfig, virtualHost, ...field(virtualHost, 'routes').items()]);
      kind = alone ? null : { number: ++this.#count, standIn: found, standInNames: names };
      this.#kinds.set(key, kind);
    }
    return kind === null ? this.#alone(found) : { kind, names };
  }

  /** What a virtual host is made of; null: something of it is like nothing else. */
  #kindOf(search: HostSearch, value: unknown, routes: readonly unknown[]): { key: string; names: HostNames } | null {
    const parts: (number | string)[] = [placeOf(this.#searches, search)];
    const host = this.#virtualHosts.kindOf(value);
    if (host === null) return null;
    parts.push(host);
    const names: (string | null)[] = [];
    const clusters: AlikeCluster[] = [];
    for (const route of routes) {
      const kind = this.#routes.kindOf(route);
      if (kind === null) return null;
      const name = text(route, 'name') || null;
      names.push(name);
      // Which of its own names is the same as another counts, too.
      parts.push(kind, names.indexOf(name));
      for (const cluster of clusterNames(route)) {
        const known = cluster === null ? null : this.#clusters.of(cluster);
        if (known === null) return null;
        clusters.push(known);
        parts.push(clusters.indexOf(known), known.kind);
      }
    }
    return { key: parts.join('/'), names: { virtualHost: text(value, 'name'), routes: names, clusters } };
  }
}

/** The clusters that a route names, each another; null among them: something else has a say. */
function clusterNames(route: unknown): readonly (string | null)[] {
  const action = valueOf(route, 'route');
  if (action === undefined) return [];
  const only = text(action, 'cluster');
  if (only !== '') return [only];
  const weighted = valueOf(action, 'weighted_clusters');
  if (!isMessage(weighted) || text(weighted, 'runtime_key_prefix') !== '') return [null];
  const names = list(weighted, 'clusters').map((entry) => text(entry, 'name'));
  return names.includes('') || new Set(names).size < names.length ? [null] : names;
}
