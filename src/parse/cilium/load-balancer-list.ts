/**
 * Reads `cilium-dbg bpf lb list`, as JSON or as the table that it prints: what stands in the eBPF maps of a node. In: one artefact. Out:
 * its frontends, and gaps. The texts are those of cilium-dbg/cmd/bpf_lb_list.go (dumpSVC) and pkg/maps/lbmap in Cilium's source.
 */
import { gapRaw, type Artefact, type Parsed } from '../../model/artefact.ts';
import type { CiliumBackend, CiliumFrontend, CiliumServices } from '../../model/cilium.ts';
import type { Evidence } from '../../model/evidence.ts';
import { GapLog } from '../../model/gap-log.ts';
import { textLines } from '../../model/text-lines.ts';
import { readJson } from '../json-index/json-document.ts';
import { readPlace } from './frontend-text.ts';
import { listedFrontends } from './listed-frontends.ts';

const HEADING = /^SERVICE ADDRESS {2,}BACKEND ADDRESS/;
/** The address of a frontend, with its slot since 1.16, and what stands in it; a line without the address is for the one before. */
const ROW = /^(\S+(?: \(\d{1,5}\))?)? +(\S.*)$/;
/** Slot 0 is the frontend itself: `0.0.0.0:0 (3) (0) [ClusterIP, non-routable]`. */
const MASTER = /^(?:0\.0\.0\.0|\[::\]):0 \(\d{1,5}\) \(0\) \[([^\]]{1,200})\](?: \(L7LB Proxy Port: \d{1,5}\))?$/;
/** The others are backends: `10.244.0.191:53/UDP (3) (2)`. */
const SLOT = /^(\S+) \(\d{1,5}\) \(\d{1,5}\)$/;

/** Reads whichever form it is. A line or member that is not understood is a gap, and then the list is not complete. */
export function parseLoadBalancerList(artefact: Artefact): Parsed<CiliumServices> {
  const log = new GapLog(artefact.name);
  const reader = new Reader(log);
  if (/^\s*\{/.test(artefact.bytes.toString('latin1', 0, 100))) readMembers(artefact, reader, log);
  else readRows(artefact, reader);
  return listedFrontends(artefact.name, reader.frontends(), log);
}

function readMembers(artefact: Artefact, reader: Reader, log: GapLog): void {
  const { root, gaps } = readJson(artefact);
  log.addAll(gaps);
  for (const [key, list] of root?.cursor().entries() ?? []) {
    for (const entry of list.items()) reader.read(key, entry.string() ?? '', entry.evidence());
    if (!Array.isArray(list.value)) reader.read(key, '', list.evidence());
  }
}

function readRows(artefact: Artefact, reader: Reader): void {
  let frontend = '';
  for (const { number: line, text: raw } of textLines(artefact)) {
    if (raw.trim() === '' || HEADING.test(raw)) continue;
    const [, address, entry = ''] = ROW.exec(raw) ?? [];
    if (address !== undefined) frontend = address;
    reader.read(frontend, entry.trim(), { artefact: artefact.name, line, raw });
  }
}

/** A frontend while its slots are read. */
interface Draft extends CiliumFrontend {
  readonly backends: CiliumBackend[];
}

class Reader {
  private readonly log: GapLog;
  private readonly drafts = new Map<string, Draft>();

  constructor(log: GapLog) {
    this.log = log;
  }

  frontends(): readonly CiliumFrontend[] {
    return [...this.drafts.values()];
  }

  /** @param text of one slot */
  read(frontend: string, text: string, evidence: Evidence): void {
    const place = readPlace(frontend);
    const words = MASTER.exec(text.trim())?.[1];
    const backend = words === undefined ? readPlace(SLOT.exec(text.trim())?.[1] ?? '') : undefined;
    if (place === undefined || (words === undefined && backend === undefined)) {
      const { line, pointer } = evidence;
      const at = line === undefined ? { pointer: pointer ?? '' } : { line };
      this.log.add('not-understood', 'this entry of the load balancer is not understood', {
        ...at,
        raw: gapRaw(evidence.raw),
      });
      return;
    }
    const { address, port, protocol, scope } = place;
    const key = `${address} ${port} ${protocol ?? ''} ${scope}`;
    const draft = this.drafts.get(key) ?? {
      address,
      port,
      protocol,
      scope,
      type: null,
      flags: [],
      backends: [],
      evidence,
    };
    this.drafts.set(key, draft);
    if (backend !== undefined) {
      draft.backends.push({ address: backend.address, port: backend.port, state: null, evidence });
    } else if (words !== undefined) {
      const [type = null, ...flags] = words.split(', ');
      this.drafts.set(key, { ...draft, type, flags, evidence });
    }
  }
}
