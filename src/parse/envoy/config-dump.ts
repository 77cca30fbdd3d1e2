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
import { readJson } from '../json-index/json-document.ts';
import type { JsonNode } from '../json-index/json-document.ts';
import { adminMember, CONFIG_DUMP, explainText } from './admin-document.ts';
import { LazyResource, protoMember, protoText } from './resource.ts';
import { BARE_RESOURCES, readDynamicListener, RESOURCE_LISTS, wrappedReader } from './sections.ts';
import type { ElementReader, ResourceKind } from './sections.ts';

const ADMIN = 'envoy.admin.v3.';
const LISTENERS_SECTION = 'ListenersConfigDump';
const BOOTSTRAP_SECTION = 'BootstrapConfigDump';

/** Parses a config_dump; what cannot be read leaves an empty dump and gaps. Never throws. */
export function parseEnvoyConfigDump(artefact: Artefact, parseWholeBytes?: number): Parsed<EnvoyConfigDump> {
  const document = readJson(artefact, parseWholeBytes);
  const reader = new ConfigDumpReader(artefact.name);
  const gaps: Gap[] = document.gaps.map(explainText);
  if (document.root !== null) {
    const configs = adminMember(artefact, document.root, CONFIG_DUMP);
    if ('problem' in configs) gaps.push(configs);
    else for (const config of configs.elements()) reader.read(config);
  }
  gaps.push(...reader.gaps);
  return { value: reader.dump(document.whole && gaps.length === 0), gaps };
}

class ConfigDumpReader {
  readonly gaps: Gap[] = [];
  readonly #artefact: string;
  readonly #sections = new Set<string>();
  readonly #resources = new Map<ResourceKind, EnvoyResource[]>();
  #bootstrap: Cursor;
  #partial = false;

  constructor(artefact: string) {
    this.#artefact = artefact;
    this.#bootstrap = new Cursor(artefact, '', undefined);
  }

  read(config: JsonNode): void {
    const type = config.member('@type')?.cursor().string();
    const name = type?.slice(type.lastIndexOf('/') + 1) ?? '';
    const bare = BARE_RESOURCES.get(name);
    if (bare !== undefined) this.#readBare(config, bare.kind, bare.name);
    else if (name.startsWith(ADMIN) && name.endsWith('ConfigDump')) this.#readSection(config, name.slice(ADMIN.length));
    else if (!this.#readElement(config, name)) this.#notUnderstood(config, type);
  }

  dump(whole: boolean): EnvoyConfigDump {
    const all = (kind: ResourceKind): readonly EnvoyResource[] => this.#resources.get(kind) ?? [];
    const routes = lazily(() => byName(all('route').filter((route) => route.origin === 'dynamic')));
    const clusters = lazily(() => byName(all('cluster')));
    const endpoints = lazily(() => byName(all('endpoint')));
    const extensions = lazily(() => byName(all('extension')));
    return {
      artefact: this.#artefact,
      complete: whole && !this.#partial && this.#bootstrap.exists,
      sections: this.#sections,
      bootstrap: this.#bootstrap,
      listeners: () => all('listener'),
      routes: () => all('route'),
      route: (name) => running(routes().get(name)),
      clusters: () => all('cluster'),
      cluster: (name) => running(clusters().get(name)),
      endpoints: (name) => endpoints().get(name) ?? [],
      secrets: () => all('secret'),
      extension: (name) => running(extensions().get(name)),
    };
  }

  #readSection(config: JsonNode, section: string): void {
    this.#sections.add(section);
    if (section === BOOTSTRAP_SECTION) this.#bootstrap = protoMember(config, 'bootstrap')?.cursor() ?? this.#bootstrap;
    for (const shape of RESOURCE_LISTS) {
      if (shape.section !== section) continue;
      this.#readElements(protoMember(config, shape.field), shape.kind, wrappedReader(shape));
    }
    if (section === LISTENERS_SECTION) {
      this.#readElements(protoMember(config, 'dynamic_listeners'), 'listener', readDynamicListener);
    }
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
    this.#add(shape?.kind ?? 'listener', reader(this.#artefact, config));
    return true;
  }

  #readBare(config: JsonNode, kind: ResourceKind, nameField: string): void {
    this.#partial = true;
    const section = RESOURCE_LISTS.find((list) => list.kind === kind)?.section;
    if (section !== undefined) this.#sections.add(section);
    if (!config.whole) return;
    const resource = new LazyResource(() => protoText(config, nameField), config, 'dynamic', 'active');
    this.#add(kind, { resources: [resource], gaps: [] });
  }

  #readElements(field: JsonNode | undefined, kind: ResourceKind, reader: ElementReader): void {
    for (const element of field?.elements() ?? []) this.#add(kind, reader(this.#artefact, element));
  }

  #add(kind: ResourceKind, read: ReturnType<ElementReader>): void {
    const list = this.#resources.get(kind) ?? [];
    list.push(...read.resources);
    this.#resources.set(kind, list);
    this.gaps.push(...read.gaps);
  }

  #notUnderstood(config: JsonNode, type: string | undefined): void {
    if (!config.whole) return;
    const { pointer } = config;
    const problem =
      type === undefined ? 'this part of the dump has no @type' : `the type ${gapRaw(type)} is none of a config_dump`;
    this.gaps.push({ kind: 'not-understood', artefact: this.#artefact, pointer, problem });
  }
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function byName(resources: readonly EnvoyResource[]): ReadonlyMap<string, readonly EnvoyResource[]> {
  const map = new Map<string, EnvoyResource[]>();
  for (const resource of resources) {
    const same = map.get(resource.name);
    if (same === undefined) map.set(resource.name, [resource]);
    else same.push(resource);
  }
  return map;
}

function running(resources: readonly EnvoyResource[] | undefined): EnvoyResource | undefined {
  return resources?.find((resource) => resource.state === 'active') ?? resources?.[0];
}
