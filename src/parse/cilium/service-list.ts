/**
 * Reads `cilium-dbg service list -o json`: what the agent of a node says that it has programmed. In: one artefact. Out: its frontends,
 * and gaps. The members are those of api/v1/models/service.go and its neighbours in Cilium's source.
 */
import { parseAddress } from '../../model/address.ts';
import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { CiliumBackend, CiliumFrontend, CiliumServices } from '../../model/cilium.ts';
import { GapLog } from '../../model/gap-log.ts';
import type { Cursor } from '../../model/json.ts';
import { readJson } from '../json-index/json-document.ts';
import { readProtocol } from './frontend-text.ts';
import { listedFrontends } from './listed-frontends.ts';

/** States of a backend (api/v1/models/backend_address.go); releases before 1.12 have no member of that name. */
const STATES: ReadonlySet<string> = new Set([
  'active',
  'terminating',
  'terminating-not-serving',
  'quarantined',
  'maintenance',
]);

/** Reads the list. A Service that is not understood is a gap, and then the list is not complete. */
export function parseCiliumServices(artefact: Artefact): Parsed<CiliumServices> {
  const { root, gaps } = readJson(artefact);
  const log = new GapLog(artefact.name);
  log.addAll(gaps);
  const list = root?.cursor();
  if (list !== undefined && !Array.isArray(list.value))
    log.add('unreadable', 'this is no list of Services', { pointer: '' });
  const all = (list?.items() ?? []).flatMap((service) => {
    const read = readService(service);
    if (read === undefined) {
      const raw = JSON.stringify(service.value);
      log.add('not-understood', 'this Service of Cilium is not understood', { pointer: service.pointer, raw });
    }
    return read ?? [];
  });
  return listedFrontends(artefact.name, all, log);
}

function readService(service: Cursor): CiliumFrontend | undefined {
  // What the agent was asked for stands in `spec`, what it did in `status.realized`.
  const realized = service.at('status', 'realized');
  const frontend = realized.at('frontend-address');
  const address = readAddress(frontend);
  const protocol = readProtocol(frontend.at('protocol').string());
  const port = readPort(frontend);
  const scope = frontend.at('scope').string() ?? 'external';
  const backends = realized.at('backend-addresses').items().map(readBackend);
  const known = backends.filter((one) => one !== undefined);
  if (address === undefined || protocol === undefined || port === undefined) return undefined;
  if ((scope !== 'external' && scope !== 'internal') || known.length < backends.length) return undefined;
  const flags = realized.at('flags');
  return {
    address,
    port,
    protocol,
    scope,
    type: flags.at('type').string() ?? null,
    flags: [],
    backends: known,
    evidence: frontend.evidence(),
  };
}

function readBackend(backend: Cursor): CiliumBackend | undefined {
  const address = readAddress(backend);
  const port = readPort(backend);
  const state = backend.at('state').string() ?? null;
  if (address === undefined || port === undefined || (state !== null && !STATES.has(state))) return undefined;
  return { address, port, state, evidence: backend.evidence() };
}

function readAddress(place: Cursor): string | undefined {
  const address = parseAddress(place.at('ip').string() ?? '');
  return address === undefined ? undefined : address.text;
}

function readPort(place: Cursor): number | undefined {
  const port = place.at('port').number() ?? 0;
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : undefined;
}
