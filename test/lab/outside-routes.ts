import { CLUSTER, type IpCommands, type NodePlace } from './network.ts';

/** Of the router: where packets from outside for addresses of Services go. */
const TABLE = 100;

/**
 * What comes from outside takes the routes of a table of its own; what nodes did not translate belongs to no machine, so that the router
 * drops it.
 */
export function outsideCommands(): IpCommands {
  const ranges = [CLUSTER.serviceRange, CLUSTER.externalRange];
  const rule = `rule add iif outside lookup ${TABLE}`;
  return {
    v4: [rule, ...ranges.map(({ v4 }) => `route replace blackhole ${v4}`)],
    // A route of another kind to the same range would stay beside it.
    v6: [rule, ...ranges.map(({ v6 }) => `route replace blackhole ${v6} metric 1`)],
  };
}

/** What comes from outside for an address is delivered at a node. @param entries names of nodes by address */
export function entranceCommands(entries: ReadonlyMap<string, string>, nodes: readonly NodePlace[]): IpCommands {
  const ofFamily = (family: 'v4' | 'v6'): readonly string[] =>
    [...entries].flatMap(([address, name]) => {
      const node = nodes.find((candidate) => candidate.name === name);
      if (node === undefined) throw new Error(`no node ${name}`);
      const isWanted = address.includes(':') === (family === 'v6');
      return isWanted ? [`route replace ${address} via ${node.address[family]} table ${TABLE}`] : [];
    });
  return { v4: ofFamily('v4'), v6: ofFamily('v6') };
}
