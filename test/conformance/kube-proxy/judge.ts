import type { Branch, Explanation } from '../../../src/model/explanation.ts';
import type { ProbeResult } from '../../lab/probe/probe.ts';
import type { ServiceQuestion } from './questions.ts';

/** What is said of one question, against what happened. */
export interface Judgement {
  /** In words, what differs. */
  readonly problems: readonly string[];
  /** Why it was left open; null: it was not. */
  readonly open: string | null;
}

/** What did not happen was told wrongly, unless this or more is the chance of its being missed. */
const CHANCE = 1e-5;

/** Reduced to what both an answer and a connection can say. */
interface Ends {
  /** `refused`, `delivered to web-1 from 10.244.1.10` …, and how likely each is. */
  readonly told: ReadonlyMap<string, number>;
  /** Whether there may be others. */
  readonly open: string | null;
}

/** @param nameOf whose a source address is, or the address itself */
function endsOf({ branches }: Explanation, nameOf: (address: string) => string): Ends {
  const live = branches.filter(({ probability }) => probability > 0);
  const isOpen = ({ disposition }: Branch): boolean =>
    disposition === 'undetermined' || disposition === 'leaves-snapshot';
  const told = new Map<string, number>();
  for (const branch of live.filter((one) => !isOpen(one))) {
    const end = foretold(branch, nameOf);
    told.set(end, (told.get(end) ?? 0) + branch.probability);
  }
  return {
    told,
    open: live.find(isOpen)?.reason ?? null,
  };
}

function foretold({ disposition, backend, observedSource }: Branch, nameOf: (address: string) => string): string {
  if (disposition !== 'delivered') return disposition;
  return `delivered to ${backend?.pod?.replace(/^.*\//, '') ?? 'outside'} from ${nameOf(observedSource ?? '')}`;
}

function happened({ disposition, backend, source }: ProbeResult, nameOf: (address: string) => string): string {
  return disposition === 'delivered' ? `delivered to ${backend} from ${nameOf(source ?? '')}` : disposition;
}

/** How often a question is sent. @param each so many requests for each backend among several, so that none is missed by chance, and for other ends together */
export function requestsFor(
  { keepsBackend = false }: ServiceQuestion,
  { branches }: Explanation,
  each: number,
): number {
  if (keepsBackend) return 2;
  const live = branches.filter(({ probability }) => probability > 0);
  const backends = new Set(live.map(({ backend }) => backend?.ip));
  // Of several ends without an answer, each that is silent takes its time.
  return backends.size < 2 ? (live.length < 2 ? 2 : each) : backends.size * each;
}

/**
 * Holds what the node's rules say, and what the API objects intend, against what happened.
 * @param programmed the answer from all that was captured
 * @param intended the answer without the rules of nodes
 * @param ownerOf whose an address is: what objects intend does not say by which of its addresses a node is seen
 */
export function judge(
  { keepsBackend = false }: ServiceQuestion,
  programmed: Explanation,
  intended: Explanation,
  results: readonly ProbeResult[],
  ownerOf: (address: string) => string,
): Judgement {
  const exact = (address: string): string => address;
  const real = new Set(results.map((result) => happened(result, exact)));
  const ours = endsOf(programmed, exact);
  const asked = endsOf(intended, ownerOf);
  const byOwner = new Set(results.map((result) => happened(result, ownerOf)));
  return {
    problems: [
      ...compare('rules', ours, real, keepsBackend, results.length),
      ...(keepsBackend ? [] : verdictProblem(programmed, ours, results)),
      ...compare('objects', asked, byOwner, keepsBackend, results.length),
    ],
    open: ours.open,
  };
}

function compare(
  from: string,
  { told, open }: Ends,
  real: ReadonlySet<string>,
  keepsBackend: boolean,
  sent: number,
): string[] {
  const surprising = open === null ? [...real].filter((one) => !told.has(one)) : [];
  const isDue = (chance: number): boolean => (1 - chance) ** sent < CHANCE;
  const missed = keepsBackend
    ? []
    : [...told].flatMap(([one, chance]) => (!real.has(one) && isDue(chance) ? [one] : []));
  return [
    ...surprising.map((one) => `by the ${from}, not foretold: ${one}; foretold: ${[...told.keys()].join(', ')}`),
    ...missed.map((one) => `by the ${from}, did not happen: ${one}; happened: ${[...real].join(', ')}`),
  ];
}

function verdictProblem({ verdict }: Explanation, { open }: Ends, results: readonly ProbeResult[]): string[] {
  const delivered = results.filter(({ disposition }) => disposition === 'delivered').length;
  const real = delivered === results.length ? 'reachable' : delivered === 0 ? 'unreachable' : 'partial';
  const right = open === null ? real : 'undetermined';
  return verdict === right ? [] : [`the verdict is ${verdict}, and it was ${real}`];
}
