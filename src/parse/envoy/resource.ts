import type { EnvoyResource } from '../../model/envoy.ts';
import { Cursor } from '../../model/json.ts';
import type { JsonNode } from '../json-index/json-node.ts';
import { camelCase } from '../../model/protobuf-name.ts';

/** Protobuf JSON may spell a field `like_this` (Envoy) or `likeThis` (istiod); both are the same field. */
export function protoMember(node: JsonNode | undefined, field: string): JsonNode | undefined {
  return node?.member(field) ?? node?.member(camelCase(field));
}

/** The string under a field; only that string is parsed. */
export function protoText(node: JsonNode | undefined, field: string): string | undefined {
  return protoMember(node, field)?.text();
}

/** A resource whose name and configuration are parsed when somebody reads them. */
export class LazyResource implements EnvoyResource {
  readonly origin: EnvoyResource['origin'];
  readonly state: EnvoyResource['state'];
  readonly #config: JsonNode;
  readonly #readName: () => string | undefined;
  readonly #rejected: JsonNode | undefined;
  #name: string | undefined;

  constructor(
    readName: () => string | undefined,
    config: JsonNode,
    origin: EnvoyResource['origin'],
    state: EnvoyResource['state'],
    rejected?: JsonNode,
  ) {
    this.#readName = readName;
    this.origin = origin;
    this.state = state;
    this.#config = config;
    this.#rejected = rejected;
  }

  get name(): string {
    this.#name ??= this.#readName() ?? '';
    return this.#name;
  }

  get config(): Cursor {
    return this.#config.cursor();
  }

  get printed(): string | undefined {
    return this.#config.head();
  }

  get rejected(): Cursor | null {
    return this.#rejected?.cursor() ?? null;
  }
}
