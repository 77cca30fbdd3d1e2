import type { Reading } from '../model/facts.ts';
import { indexVirtualServers, type VirtualServer, type VirtualServers } from '../model/ipvs.ts';
import { parseVirtualServers } from '../parse/ipvs/virtual-servers.ts';
import { captureRemedy, type NetnsPlace } from './layout.ts';
import type { Reader } from './reader.ts';

const SAVE = 'ipvsadm-save.txt';
/** The kernel's own list: without flags of schedulers, but with the real servers in its order. */
const KERNEL = 'ip_vs.txt';

/** Keys that are there once the kernel has loaded IPVS (net/netfilter/ipvs/ip_vs_ctl.c ip_vs_control_net_init_sysctl). */
const LOADED = 'net.ipv4.vs.';

/**
 * Whether a listing of IPVS is there. A running node is asked for it where its kernel has IPVS: on all others the tools are missing,
 * which nobody wants to be told.
 */
export function holdsIpvs(reader: Reader, { folder }: NetnsPlace, file: string): boolean {
  if (reader.has(folder + file)) return true;
  const isLoaded = reader.artefact(`${folder}sysctl.txt`)?.bytes.includes(LOADED) === true;
  return isLoaded && reader.artefact(folder + file) !== undefined;
}

/**
 * The virtual servers of a namespace, from whichever listing was captured. Few namespaces have any, so that a missing listing is no gap
 * of the snapshot: who finds signs of IPVS says so.
 */
export function readVirtualServers(reader: Reader, place: NetnsPlace): Reading<VirtualServers> {
  const read = (file: string): Reading<VirtualServers> | undefined =>
    holdsIpvs(reader, place, file)
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
