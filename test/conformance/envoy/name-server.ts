import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';

/** A DNS server on loopback: names under .example have the loopback address, no other name exists. */
export class NameServer {
  readonly port: number;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
  }

  static async start(): Promise<NameServer> {
    const socket = createSocket('udp4');
    socket.on('message', (query, { port, address }) => socket.send(answerTo(query), port, address));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new NameServer(socket);
  }

  /** `dns_cache_config` of a dynamic forward proxy that asks it. */
  get cache(): object {
    const type = 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig';
    const resolver = { socket_address: { protocol: 'UDP', address: '127.0.0.1', port_value: this.port } };
    return {
      dns_cache_config: {
        name: 'names',
        dns_lookup_family: 'V4_ONLY',
        typed_dns_resolver_config: {
          name: 'envoy.network.dns_resolver.cares',
          typed_config: { '@type': type, resolvers: [resolver] },
        },
      },
    };
  }

  /** A cluster `dynamic` of a dynamic forward proxy. */
  get cluster(): object {
    const type = 'type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig';
    return {
      name: 'dynamic',
      lb_policy: 'CLUSTER_PROVIDED',
      cluster_type: {
        name: 'envoy.clusters.dynamic_forward_proxy',
        typed_config: { '@type': type, ...this.cache },
      },
    };
  }

  stop(): void {
    this.#socket.close();
  }
}

/** RFC 1035, section 4: the query's header and question, with an address record or the error that there is no such name. */
function answerTo(query: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  while ((query[at] ?? 0) > 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
    at += query[at]! + 1;
  }
  const end = at + 5;
  const isAddress = query.readUInt16BE(at + 1) === 1;
  const exists = labels.at(-1)?.toLowerCase() === 'example';
  const head = Buffer.from(query.subarray(0, end));
  head.writeUInt16BE(exists ? 0x8180 : 0x8183, 2);
  head.writeUInt16BE(exists && isAddress ? 1 : 0, 6);
  head.fill(0, 8, 12);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
  return exists && isAddress ? Buffer.concat([head, record]) : head;
}
