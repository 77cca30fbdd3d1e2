import type { EnvoyResource } from '../../model/envoy.ts';
import type { Cursor } from '../../model/json.ts';
import type { JsonNode, NamedMembers } from '../json-index/json-node.ts';
import type { NamedMember } from '../json-index/printed-members.ts';
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
  readonly printed = null;
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

  get rejected(): Cursor | null {
    return this.#rejected?.cursor() ?? null;
  }
}

/** A resource of which the text was looked at. */
export class PrintedResource implements EnvoyResource {
  readonly name: string;
  readonly origin: EnvoyResource['origin'];
  readonly state: EnvoyResource['state'];
  readonly rejected = null;
  readonly #list: NamedMembers;
  readonly #member: NamedMember;
  #node: JsonNode | undefined;

  /** @param list in which the member is */
  constructor(list: NamedMembers, member: NamedMember, { origin, state }: Pick<EnvoyResource, 'origin' | 'state'>) {
    this.name = member.name;
    this.origin = origin;
    this.state = state;
    this.#list = list;
    this.#member = member;
  }

  get config(): Cursor {
    this.#node ??= this.#list.node(this.#member);
    return this.#node.cursor();
  }

  get printed(): EnvoyResource['printed'] {
    return this.#member.printed;
  }
}
