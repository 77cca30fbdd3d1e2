/**
 * What Cilium's tables have for a connection. In: the tables of a node, a packet. Out: the backends it may go to, or why that is open.
 * Which of several is taken, how the connection is carried there, and what Cilium's policies say of it stands in no table that is read:
 * a packet for a frontend is never followed further than to the list of its backends.
 */
import { formatEndpoint } from '../../model/address.ts';
import type { CiliumFrontend, CiliumServices } from '../../model/cilium.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { Flow } from '../../model/flow.ts';
import type { HookEntry, HookModule, HookWay } from '../../model/netfilter.ts';
import { listText } from '../../model/wording.ts';

/** What the tables say of a connection. */
export type CiliumAnswer =
  /** It goes to one of these. */
  | { readonly kind: 'backends'; readonly frontend: CiliumFrontend; readonly to: readonly Backend[] }
  /** Somebody else than the list of backends decides, or nobody is known; `reason` is one clause. */
  | { readonly kind: 'open'; readonly reason: string; readonly evidence: readonly Evidence[] };

interface Backend {
  readonly ip: string;
  readonly port: number;
}

/** What decides beside the backends: who may ask, or who takes the connection instead (pkg/loadbalancer, ServiceFlags.String). */
const DECIDING: ReadonlySet<string> = new Set(['check source-range', '46x64', 'l7-load-balancer', 'delegate-if-local']);
/** Programs at the socket and at the device come before all rules (bpf/bpf_sock.c, bpf/bpf_lxc.c, bpf/bpf_host.c). */
const BEFORE_RULES = -(2 ** 31);

/**
 * What the tables of a node have for a connection.
 * @param inside whether a program of the node or of its pods makes it
 * @returns null when no frontend takes it, and all are known
 */
export function evaluateCilium(services: CiliumServices, flow: Flow, inside: boolean): CiliumAnswer | null {
  const { protocol, destination, destinationPort } = flow;
  const to = formatEndpoint(destination, destinationPort);
  const frontend = services.at(protocol, destination, destinationPort, inside ? 'internal' : 'external');
  if (frontend === undefined) {
    return services.incomplete === undefined ? null : { kind: 'open', ...services.incomplete };
  }
  const evidence = [frontend.evidence];
  const deciding = frontend.flags.filter((flag) => DECIDING.has(flag));
  if (frontend.type === 'LocalRedirect') deciding.push('LocalRedirect');
  if (deciding.length > 0) return { kind: 'open', reason: `Cilium notes of ${to}: ${listText(deciding)}`, evidence };
  const usable = usableOf(frontend);
  if (usable.length > 0) return { kind: 'backends', frontend, to: usable };
  const reason = `Cilium has no backend for ${to}: connections are refused or dropped, as service-no-backend-response says`;
  return { kind: 'open', reason, evidence };
}

/** Those that terminate get connections where none is active (pkg/loadbalancer, BackendStateTerminating). */
function usableOf({ backends }: CiliumFrontend): readonly Backend[] {
  const inState = (...states: readonly (string | null)[]): readonly Backend[] =>
    backends.filter(({ state }) => states.includes(state)).map(({ address, port }) => ({ ip: address, port }));
  const active = inState('active', null);
  return active.length > 0 ? active : inState('terminating');
}

/** The answer as one clause that says why the way of a packet ends there, with what proves it. */
export function ciliumUnknown(answer: CiliumAnswer): {
  readonly reason: string;
  readonly evidence: readonly Evidence[];
} {
  if (answer.kind === 'open') return answer;
  const { frontend, to } = answer;
  const asked = formatEndpoint(frontend.address, frontend.port);
  const backends = listText(to.map(({ ip, port }) => formatEndpoint(ip, port)));
  const reason = `Cilium's tables send ${asked} to one of ${backends}; which one, how it gets there and whether Cilium's policies let it pass is not evaluated`;
  return { reason, evidence: [frontend.evidence] };
}

/** What Cilium does before the rules of a machine: a packet for one of its frontends is not followed further. */
export function ciliumModule(services: CiliumServices): HookModule {
  const ask: HookEntry['ask'] = ({ flow, madeHere }) => {
    const answer = flow.tracking.direction === 'REPLY' ? null : evaluateCilium(services, flow, madeHere);
    return [answer === null ? PASS : { ...PASS, kind: 'unknown', unknown: ciliumUnknown(answer) }];
  };
  const entries = (['prerouting', 'output'] as const).map((hook) => ({ hook, priority: BEFORE_RULES, ask }));
  return { artefact: services.artefact, entries };
}

const PASS: HookWay = { kind: 'pass', probability: 1, conditions: [], matched: [] };
