import type { Reading } from '../model/facts.ts';
import { indexVirtualServers, type VirtualServer, type VirtualServers } from '../model/ipvs.ts';
import { parseVirtualServers } from '../parse/ipvs/virtual-servers.ts';
import { captureRemedy, type NetnsPlace } from './layout.ts';
import type { Reader } from './reader.ts';

const SAVE = 'ipvsadm-save.txt';
/** The kernel's own list: without flags of schedulers, but with the real servers in its order. */
const KERNEL = 'ip_vs.txt';

/**
 * The virtual servers of a namespace, from whichever listing was captured. Few namespaces have any, so that a missing listing is no gap
 * of the snapshot: who finds signs of IPVS says so.
 */
export function readVirtualServers(reader: Reader, place: NetnsPlace): Reading<VirtualServers> {
  const read = (file: string): Reading<VirtualServers> | undefined =>
    reader.has(`${place.folder}${file}`)
      ? reader.read(
          `${place.folder}${file}`,
          captureRemedy(place, file),
          parseVirtualServers,
          ({ all, incomplete }) => all.length === 0 && incomplete === undefined,
        )
      : undefined;
  const save = read(SAVE);
  const kernel = read(KERNEL);
  const name = `${place.folder}${SAVE}`;
  if (save?.value === undefined) {
    return kernel ?? save ?? { gaps: reader.absence(name, captureRemedy(place, SAVE)), artefact: name };
  }
  const { value } = save;
  const ordered = value.all.map((server) => inKernelOrder(server, kernel?.value));
  return {
    value: indexVirtualServers(value.artefact, ordered, value.incomplete),
    gaps: [...save.gaps, ...(kernel?.gaps ?? [])],
    artefact: save.artefact,
  };
}

/** The virtual server with its real ones as the kernel lists them, where both listings have the same ones. */
function inKernelOrder(server: VirtualServer, kernel: VirtualServers | undefined): VirtualServer {
  const same = kernel?.all.find((one) => one.name === server.name && one.servers.length === server.servers.length);
  if (server.ordered || same?.ordered !== true) return server;
  const servers = same.servers.flatMap(
    (one) =>
      server.servers.find(
        ({ address, port, weight }) => address === one.address && port === one.port && weight === one.weight,
      ) ?? [],
  );
  return servers.length === server.servers.length ? { ...server, servers, ordered: true } : server;
}
