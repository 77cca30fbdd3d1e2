/**
 * How istiod sees the proxies that are connected to it, as it says over gRPC: bytes to protobuf JSON (envoy/service/status/v3/csds.proto,
 * envoy/config/core/v3/base.proto, google/protobuf/struct.proto). Of each message the fields that istiod fills
 * (pilot/pkg/xds/statusgen.go) are read.
 */
import type { Reader } from 'protobufjs/minimal.js';
import { eachField, type AnyMessage, type DiscoveryResponse } from './discovery-codec.ts';

const CLIENT_CONFIG = 'type.googleapis.com/envoy.service.status.v3.ClientConfig';
/** envoy.service.status.v3.ConfigStatus */
const CONFIG_STATUS = ['UNKNOWN', 'SYNCED', 'NOT_SENT', 'STALE', 'ERROR'];
const NANOSECONDS_DIGITS = 9;

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
type Members = Record<string, Json>;

/** The answer to `istio.io/debug/syncz` as protobuf JSON. */
export function syncStatusJson({ versionInfo, resources, typeUrl, nonce, controlPlane }: DiscoveryResponse): Members {
  return {
    ...(versionInfo === '' ? {} : { versionInfo }),
    resources: resources.map(clientConfig),
    typeUrl,
    ...(nonce === '' ? {} : { nonce }),
    ...(controlPlane === null ? {} : { controlPlane: { identifier: controlPlane } }),
  };
}

function clientConfig({ typeUrl, value }: AnyMessage): Members {
  if (typeUrl !== CLIENT_CONFIG) return { '@type': typeUrl, value: value.toString('base64') };
  const configs: Members[] = [];
  const read = message(value, {
    1: (reader) => ({ node: message(reader.bytes(), NODE) }),
    3: (reader) => {
      configs.push(message(reader.bytes(), XDS_CONFIG));
      return {};
    },
  });
  return { '@type': typeUrl, ...read, ...(configs.length === 0 ? {} : { genericXdsConfigs: configs }) };
}

/** Reads a field into members. */
type Field = (reader: Reader) => Members;

const NODE: Readonly<Record<number, Field>> = {
  1: (reader) => ({ id: reader.string() }),
  2: (reader) => ({ cluster: reader.string() }),
  3: (reader) => ({ metadata: struct(reader.bytes()) }),
};

const ERROR_STATE: Readonly<Record<number, Field>> = {
  2: (reader) => ({ lastUpdateAttempt: timestamp(reader.bytes()) }),
  3: (reader) => ({ details: reader.string() }),
  4: (reader) => ({ versionInfo: reader.string() }),
};

const XDS_CONFIG: Readonly<Record<number, Field>> = {
  1: (reader) => ({ typeUrl: reader.string() }),
  2: (reader) => ({ name: reader.string() }),
  3: (reader) => ({ versionInfo: reader.string() }),
  5: (reader) => ({ lastUpdated: timestamp(reader.bytes()) }),
  6: (reader) => ({ configStatus: statusName(reader.int32()) }),
  8: (reader) => ({ errorState: message(reader.bytes(), ERROR_STATE) }),
};

function message(bytes: Uint8Array, fields: Readonly<Record<number, Field>>): Members {
  const members: Members = {};
  eachField(bytes, (number, reader) => {
    const field = fields[number];
    if (field === undefined) return false;
    Object.assign(members, field(reader));
    return true;
  });
  return members;
}

function statusName(number: number): Json {
  return CONFIG_STATUS[number] ?? number;
}

/** Seconds and nanoseconds since 1970 as RFC 3339. */
function timestamp(bytes: Uint8Array): string {
  let [seconds, nanoseconds] = [0, 0];
  eachField(bytes, (number, reader) => {
    if (number === 1) seconds = Number(reader.int64());
    else if (number === 2) nanoseconds = reader.int32();
    else return false;
    return true;
  });
  const whole = new Date(seconds * 1000).toISOString().slice(0, 'YYYY-MM-DDThh:mm:ss'.length);
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(NANOSECONDS_DIGITS, '0')}`;
  return `${whole}${fraction}Z`;
}

function struct(bytes: Uint8Array): Members {
  const members: Members = {};
  eachField(bytes, (number, reader) => {
    if (number !== 1) return false;
    let name = '';
    let value: Json = null;
    eachField(reader.bytes(), (part, entry) => {
      if (part === 1) name = entry.string();
      else if (part === 2) value = structValue(entry.bytes());
      else return false;
      return true;
    });
    members[name] = value;
    return true;
  });
  return members;
}

function structValue(bytes: Uint8Array): Json {
  let value: Json = null;
  eachField(bytes, (number, reader) => {
    if (number === 2) value = reader.double();
    else if (number === 3) value = reader.string();
    else if (number === 4) value = reader.bool();
    else if (number === 5) value = struct(reader.bytes());
    else if (number === 6) value = listValue(reader.bytes());
    else return false;
    return true;
  });
  return value;
}

function listValue(bytes: Uint8Array): Json {
  const values: Json[] = [];
  eachField(bytes, (number, reader) => {
    if (number !== 1) return false;
    values.push(structValue(reader.bytes()));
    return true;
  });
  return values;
}
