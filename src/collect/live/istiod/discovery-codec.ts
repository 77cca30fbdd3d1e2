/**
 * The few messages of Envoy's discovery protocol that istiod's debug types are carried in, as bytes
 * (envoy/service/discovery/v3/discovery.proto, envoy/config/core/v3/base.proto, google/protobuf/{any,struct}.proto). Fields that
 * are not needed are skipped, as protobuf wants it.
 */
import { Reader, Writer } from 'protobufjs/minimal.js';

export interface DiscoveryRequest {
  readonly node: { readonly id: string; readonly metadata: Readonly<Record<string, string>> };
  readonly resourceNames: readonly string[];
  readonly typeUrl: string;
}

/** A message of a type that its URL names, as bytes. */
export interface AnyMessage {
  readonly typeUrl: string;
  readonly value: Buffer;
}

export interface DiscoveryResponse {
  readonly versionInfo: string;
  readonly typeUrl: string;
  readonly nonce: string;
  readonly resources: readonly AnyMessage[];
  /** `control_plane.identifier`: JSON of istiod, sent with some types only. */
  readonly controlPlane: string | null;
}

/** A field's key on the wire: its number, and 2 for whatever carries its length. */
const key = (field: number): number => (field << 3) | 2;

/** Bytes of a DiscoveryRequest. */
export function encodeDiscoveryRequest({ node, resourceNames, typeUrl }: DiscoveryRequest): Buffer {
  const writer = Writer.create();
  writer.uint32(key(2)).fork();
  writer.uint32(key(1)).string(node.id);
  writer.uint32(key(3)).fork();
  for (const [name, text] of Object.entries(node.metadata)) {
    // Struct.fields, a map of names to Values; a Value's field 3 is its string.
    writer.uint32(key(1)).fork().uint32(key(1)).string(name);
    writer.uint32(key(2)).fork().uint32(key(3)).string(text).ldelim().ldelim();
  }
  writer.ldelim().ldelim();
  for (const name of resourceNames) writer.uint32(key(3)).string(name);
  writer.uint32(key(4)).string(typeUrl);
  return Buffer.from(writer.finish());
}

/**
 * Reads a DiscoveryResponse.
 * @throws RangeError or Error of protobufjs when the bytes are no message
 */
export function decodeDiscoveryResponse(bytes: Buffer): DiscoveryResponse {
  const resources: AnyMessage[] = [];
  let [versionInfo, typeUrl, nonce] = ['', '', ''];
  let controlPlane: string | null = null;
  eachField(bytes, (field, reader) => {
    if (field === 1) versionInfo = reader.string();
    else if (field === 2) resources.push(decodeAny(reader.bytes()));
    else if (field === 5) nonce = reader.string();
    else if (field === 4) typeUrl = reader.string();
    else if (field === 6) controlPlane = stringField(reader.bytes(), 1);
    else return false;
    return true;
  });
  return { versionInfo, typeUrl, nonce, resources, controlPlane };
}

function decodeAny(bytes: Uint8Array): AnyMessage {
  let value: Uint8Array = new Uint8Array();
  eachField(bytes, (field, reader) => {
    if (field !== 2) return false;
    value = reader.bytes();
    return true;
  });
  return { typeUrl: stringField(bytes, 1) ?? '', value: Buffer.from(value) };
}

function stringField(bytes: Uint8Array, wanted: number): string | null {
  let text: string | null = null;
  eachField(bytes, (field, reader) => {
    if (field !== wanted) return false;
    text = reader.string();
    return true;
  });
  return text;
}

/**
 * Goes through the fields of a message.
 * @param take reads a field and says whether it did; what it does not read is skipped
 */
export function eachField(bytes: Uint8Array, take: (field: number, reader: Reader) => boolean): void {
  const reader = Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (!take(tag >>> 3, reader)) reader.skipType(tag & 7);
  }
}
