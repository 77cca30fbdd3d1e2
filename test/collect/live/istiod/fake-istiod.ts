import { Server, ServerCredentials, status, type Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/** The messages as their .proto files have them, so that the codec is held against another one. */
const PROTO = `
syntax = "proto3";
package envoy.service.discovery.v3;
message Value { oneof kind { double number_value = 2; string string_value = 3; bool bool_value = 4; Struct struct_value = 5; } }
message Struct { map<string, Value> fields = 1; }
message Node { string id = 1; string cluster = 2; Struct metadata = 3; string user_agent_name = 6; }
message Any { string type_url = 1; bytes value = 2; }
message ControlPlane { string identifier = 1; }
message DiscoveryRequest { string version_info = 1; Node node = 2; repeated string resource_names = 3; string type_url = 4; string response_nonce = 5; }
message DiscoveryResponse { string version_info = 1; repeated Any resources = 2; bool canary = 3; string type_url = 4; string nonce = 5; ControlPlane control_plane = 6; }
`;
const { root } = protobuf.parse(PROTO, { keepCase: true });
export const Request = root.lookupType('envoy.service.discovery.v3.DiscoveryRequest');
export const Response = root.lookupType('envoy.service.discovery.v3.DiscoveryResponse');

interface Asked {
  readonly request: Record<string, unknown>;
  readonly metadata: Metadata;
}

export interface FakeIstiod {
  readonly port: number;
  readonly asked: Asked[];
  close(): void;
}

/** What it answers to a request: a message, a gRPC status, or nothing. */
export type IstiodAnswer = (asked: Asked) => object | { readonly code: number; readonly details: string } | null;

/** An istiod that speaks its discovery service, over TLS when there is a certificate. */
export async function startFakeIstiod(
  answer: IstiodAnswer,
  certificate?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<FakeIstiod> {
  const asked: Asked[] = [];
  const server = new Server();
  const definition = {
    StreamAggregatedResources: {
      path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
      requestStream: true,
      responseStream: true,
      requestSerialize: (value: object) => Buffer.from(Request.encode(value).finish()),
      requestDeserialize: (bytes: Buffer) => Request.toObject(Request.decode(bytes), { defaults: false }),
      responseSerialize: (value: object) => Buffer.from(Response.encode(Response.fromObject(value)).finish()),
      responseDeserialize: (bytes: Buffer) => Response.decode(bytes),
    },
  } as const;
  server.addService(definition, {
    StreamAggregatedResources: (call: ServerDuplexStream<Record<string, unknown>, object>) => {
      call.on('error', () => {});
      call.on('data', (request: Record<string, unknown>) => {
        const one = { request, metadata: call.metadata };
        asked.push(one);
        const given = answer(one);
        if (given === null) return;
        if ('code' in given) call.emit('error', { ...given, code: given.code === 0 ? status.UNKNOWN : given.code });
        else call.write(given);
      });
    },
  });
  const credentials =
    certificate === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [{ private_key: certificate.key, cert_chain: certificate.cert }]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  return { port, asked, close: () => server.forceShutdown() };
}
