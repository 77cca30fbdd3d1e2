import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import type { Lab } from '../lab/lab.ts';
import { CLUSTER } from '../lab/network.ts';
import type { Probe, ProbeResult, Sender } from '../lab/probe/probe.ts';
import { ask } from '../sample-facts.ts';

/** So many that each of three backends, picked by chance, is missed but once in ten million runs. */
const REQUESTS = 40;

/** A request that is explained and then sent. */
export interface RequestQuestion {
  readonly about: string;
  readonly from: Sender;
  /** `{store}` and `{store/6}` in it stand for an address of a pod of the first namespace that has one of that name. */
  readonly to: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** From outside: the node at which the router delivers it. */
  readonly node?: string;
  /** Who answers is not chance alone: fewer backends may answer than could. */
  readonly keepsBackend?: boolean;
  /** Whether it is answered is chance. */
  readonly varies?: boolean;
  /** What cannot be known of it, as the answer must say. */
  readonly unknown?: RegExp;
  /** What a server answers that is no agent, and so tells neither its name nor whom it saw. */
  readonly answer?: RegExp;
  /** It goes where nothing was captured, so that its end cannot be known. */
  readonly leaves?: boolean;
}

interface PodState {
  readonly metadata: { readonly name: string };
  readonly status: { readonly podIPs?: readonly { readonly ip: string }[] };
}

/** Questions with the addresses that pods have. */
export async function withAddresses(
  lab: Lab,
  questions: readonly RequestQuestion[],
): Promise<readonly RequestQuestion[]> {
  const pods = await lab.api.list<PodState>('/api/v1/pods');
  const address = (whole: string, name: string, family: string | undefined): string => {
    const addresses = pods.find(({ metadata }) => metadata.name === name)?.status.podIPs ?? [];
    const found = addresses.find(({ ip }) => ip.includes(':') === (family === '6'))?.ip;
    if (found === undefined) throw new Error(`${whole}: no such pod, or no address`);
    return family === '6' ? `[${found}]` : found;
  };
  return questions.map((question) => ({
    ...question,
    to: question.to.replaceAll(/\{([\w-]+)(?:\/(6))?\}/g, address),
  }));
}

/** What the tool is asked. @param namespace of senders that say none */
export function questionOf(
  { from, to, node, method, headers = {} }: RequestQuestion,
  namespace: string,
): QuestionInput {
  return ask(nameOf(from, to), to, {
    namespace: typeof from === 'object' && 'pod' in from ? (from.namespace ?? namespace) : namespace,
    node: node ?? null,
    method: method ?? null,
    headers: Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  });
}

/**
 * Sends it for real. A refusal is the same each time; who answers changes.
 * @param namespace of senders that say none
 * @param requests so many then
 */
export async function send(
  cluster: Pick<Lab, 'probes'>,
  { from, to, method, headers, varies = false }: RequestQuestion,
  namespace: string,
  requests = REQUESTS,
): Promise<ProbeResult[]> {
  const probe: Probe = {
    from: typeof from === 'object' && 'pod' in from ? { namespace, ...from } : from,
    to,
    ...(method === undefined ? {} : { method }),
    ...(headers === undefined ? {} : { headers }),
  };
  const first = await cluster.probes(probe, 2);
  const many = varies || first.some(({ disposition }) => disposition === 'delivered');
  return many ? cluster.probes(probe, requests) : first;
}

/** How a question names its sender. */
function nameOf(from: Sender, to: string): string {
  if (from === 'outside') return to.includes('[') ? CLUSTER.outside.v6 : CLUSTER.outside.v4;
  return 'pod' in from ? from.pod : `node/${from.node}`;
}
