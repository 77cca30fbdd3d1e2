import { parseAddress } from '../../model/address.ts';
import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { Neighbour } from '../../model/network-namespace.ts';
import { readEntries, reject } from './entries.ts';

/** Reads `ip -j neigh`. */
export function parseNeighbours(artefact: Artefact): Parsed<readonly Neighbour[]> {
  return readEntries(artefact, 'ip -j neigh', (entry, gaps) => {
    const address = parseAddress(entry.at('dst').string() ?? '');
    const device = entry.at('dev').string();
    if (address === undefined || device === undefined) {
      reject(gaps, entry, 'a neighbour without dst or dev');
      return [];
    }
    return [
      {
        address: address.text,
        device,
        mac: entry.at('lladdr').string() ?? null,
        states: entry.at('state').strings(),
        evidence: entry.evidence(),
      },
    ];
  });
}
