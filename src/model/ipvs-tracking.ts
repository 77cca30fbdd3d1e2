/** How IPVS hands packets to a real server: by translation (Masq), inside another packet (Tunnel), or as they are (Route). */
export type ForwardingMethod = 'nat' | 'tunnel' | 'direct';

/** The connection of a packet as IPVS of one namespace keeps it, for the way back. */
export interface IpvsTracking {
  readonly virtual: string;
  readonly virtualPort: number;
  readonly server: string;
  readonly serverPort: number;
  readonly method: ForwardingMethod;
  /** One-packet scheduling keeps no entry: answers are not found. */
  readonly onePacket: boolean;
  /** `ip:port` of every real server that takes new connections: other clients may be sent there. */
  readonly usable: readonly string[];
  /** Whether conntrack keeps the connection (net.ipv4.vs.conntrack). */
  readonly conntrack: boolean;
}
