/**
 * Reads an Envoy's config_dump, from the proxy's admin port or from istiod's debug endpoint.
 *
 * In: the artefact. Out: its resources by kind and name, each parsed when somebody reads it, and gaps for what is missing or not
 * understood. It must not decide what a resource does.
 */
import { gapRaw } from '../../model/artefact.ts';
import type { Artefact, Gap, Parsed } from '../../model/artefact.ts';
import type { EnvoyConfigDump, EnvoyResource } from '../../model/envoy.ts';
import { Cursor } from '../../model/json.ts';
import { PARSE_WHOLE_BYTES, readJson, readPrinted } from '../json-index/json-document.ts';
import type { JsonNode } from '../json-index/json-node.ts';
import { adminMember, CONFIG_DUMP, explainText } from './admin-document.ts';
import { LazyResource, protoMember, protoText } from './resource.ts';
import { ResourceLists } from './resource-lists.ts';
import { BARE_RESOURCES, readDynamicListener, RESOURCE_LISTS, wrappedReader } from './sections.ts';
import type { ElementReader, ResourceKind, ResourceList } from './sections.ts';

const ADMIN = 'envoy.admin.v3.';
const LISTENERS_SECTION = 'ListenersConfigDump';
const BOOTSTRAP_SECTION = 'BootstrapConfigDump';

/** How a config_dump is read. */
export interface DumpReading {
  /** Up to this size the whole is parsed at once. */
  readonly wholeBytes: number;
  /** From this size on one that is printed as Envoy prints is read by its lines, without a look at what nobody asks for. */
  readonly linesBytes: number;
}

const STRICT: DumpReading = { wholeBytes: PARSE_WHOLE_BYTES, linesBytes: Number.POSITIVE_INFINITY };

/**
 * Parses a config_dump; what cannot be read leaves an empty dump and gaps. Never throws. Of a large dump, resources of a kind are
 * listed when somebody asks for one; gaps that come to light then join the others.
 */
export function parseEnvoyConfigDump(artefact: Artefact, reading = STRICT): Parsed<EnvoyConfigDump> {
  const { length } = artefact.bytes;
  const printed = length >= reading.linesBytes ? readPrinted(artefact) : null;
  const document = printed ?? readJson(artefact, reading.wholeBytes);
  const gaps: Gap[] = document.gaps.map(explainText);
  const reader = new ConfigDumpReader(artefact, gaps);
  if (document.root !== null) {
    const configs = adminMember(artefact, document.root, CONFIG_DUMP);
    if ('problem' in configs) gaps.push(configs);
    else for (const config of configs.elements()) reader.read(config);
  }
  if (printed === null && length <= reading.wholeBytes) reader.readAll();
  return { value: reader.dump(document.whole), gaps };
}

class ConfigDumpReader {
  readonly #artefact: string;
  readonly #capturedAt: string | null;
  readonly #gaps: Gap[];
  readonly #sections = new Set<string>();
  readonly #lists: ResourceLists;
  #bootstrap: Cursor;
  #partial = false;

  constructor(artefact: Artefact, gaps: Gap[]) {
    this.#artefact = artefact.name;
    this.#capturedAt = artefact.capturedAt;
    this.#gaps = gaps;
    this.#lists = new ResourceLists(artefact.name, gaps);
    this.#bootstrap = new Cursor(artefact.name, '', undefined);
  }

  /** Notes what one part of `configs` lists. */
  read(config: JsonNode): void {
    const type = config.member('@type')?.cursor().string();
    const name = type?.slice(type.lastIndexOf('/') + 1) ?? '';
    const bare = BARE_RESOURCES.get(name);
    if (bare !== undefined) this.#readBare(config, bare.kind, bare.name);
    else if (name.startsWith(ADMIN) && name.endsWith('ConfigDump')) this.#readSection(config, name.slice(ADMIN.length));
    else if (!this.#readElement(config, name)) this.#notUnderstood(config, type);
  }

  /** Lists every kind now, so that all gaps are known. */
  readAll(): void {
    this.#lists.readAll();
  }

  dump(whole: boolean): EnvoyConfigDump {
    const list = (kind: ResourceKind): readonly EnvoyResource[] => this.#lists.list(kind);
    const named = (kind: ResourceKind, name: string): readonly EnvoyResource[] => this.#lists.named(kind, name);
    const full = whole && !this.#partial && this.#bootstrap.exists;
    const gaps = this.#gaps;
    const seenAt = (): string | null => this.#capturedAt ?? this.#latestSecret();
    return {
      artefact: this.#artefact,
      get seenAt() {
        return seenAt();
      },
      get complete() {
        return full && gaps.length === 0;
      },
      sections: this.#sections,
      bootstrap: this.#bootstrap,
      listeners: () => list('listener'),
      routes: () => list('route'),
      route: (name) => running(named('route', name).filter(({ origin }) => origin === 'dynamic')),
      scopes: (name) => running(named('scoped-route', name).filter(({ origin }) => origin === 'dynamic')),
      clusters: () => list('cluster'),
      cluster: (name) => running(named('cluster', name)),
      endpoints: (name) => named('endpoint', name),
      secrets: () => list('secret'),
      extension: (name) => running(named('extension', name)),
    };
  }

  /** `last_updated` of the secret that changed last: the dump is no older. RFC 3339 texts of one length sort by time. */
  #latestSecret(): string | null {
    const times = this.#lists.elements('secret').map((element) => protoText(element, 'last_updated') ?? '');
    const latest = Math.max(...times.map((time) => Date.parse(time)).filter((time) => !Number.isNaN(time)));
    return Number.isFinite(latest) ? new Date(latest).toISOString() : null;
  }

  #readSection(config: JsonNode, section: string): void {
    this.#sections.add(section);
    if (section === BOOTSTRAP_SECTION) this.#bootstrap = protoMember(config, 'bootstrap')?.cursor() ?? this.#bootstrap;
    for (const shape of RESOURCE_LISTS) {
      if (shape.section === section)
        this.#await(shape.kind, protoMember(config, shape.field), wrappedReader(shape), shape);
    }
    if (section === LISTENERS_SECTION) {
      this.#await('listener', protoMember(config, 'dynamic_listeners'), readDynamicListener, null);
    }
  }

  #await(kind: ResourceKind, node: JsonNode | undefined, reader: ElementReader, shape: ResourceList | null): void {
    if (node === undefined) return;
    const listed = shape === null ? null : { node, shape };
    const named = (name: string): readonly JsonNode[] | undefined => node.elementsWith(name);
    this.#lists.add({ kind, elements: () => node.elements(), reader, listed, named });
  }

  /** A resource that stands alone. */
  #awaitOne(kind: ResourceKind, config: JsonNode, reader: ElementReader): void {
    this.#lists.add({ kind, elements: () => [config], reader, listed: null, named: () => undefined });
  }

  /** An element that `?resource=` lists on its own; its field is not told, so active and warming clusters look alike. */
  #readElement(config: JsonNode, type: string): boolean {
    const element = type.slice(ADMIN.length);
    const shape = RESOURCE_LISTS.find((list) => list.element === element);
    const reader =
      element === `${LISTENERS_SECTION}.DynamicListener` ? readDynamicListener : shape && wrappedReader(shape);
    if (reader === undefined) return false;
    this.#partial = true;
    this.#sections.add(shape?.section ?? LISTENERS_SECTION);
    this.#awaitOne(shape?.kind ?? 'listener', config, reader);
    return true;
  }

  #readBare(config: JsonNode, kind: ResourceKind, nameField: string): void {
    this.#partial = true;
    const section = RESOURCE_LISTS.find((list) => list.kind === kind)?.section;
    if (section !== undefined) this.#sections.add(section);
    if (!config.whole) return;
    const resource = new LazyResource(() => protoText(config, nameField), config, 'dynamic', 'active');
    const reader: ElementReader = () => ({ resources: [resource], gaps: [] });
    this.#awaitOne(kind, config, reader);
  }

  #notUnderstood(config: JsonNode, type: string | undefined): void {
    if (!config.whole) return;
    const { pointer } = config;
    const problem =
      type === undefined ? 'this part of the dump has no @type' : `the type ${gapRaw(type)} is none of a config_dump`;
    this.#gaps.push({ kind: 'not-understood', artefact: this.#artefact, pointer, problem });
  }
}

function running(resources: readonly EnvoyResource[]): EnvoyResource | undefined {
  return resources.find((resource) => resource.state === 'active') ?? resources[0];
}
