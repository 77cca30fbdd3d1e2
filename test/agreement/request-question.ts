import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import type { Lab } from '../lab/lab.ts';
import { CLUSTER } from '../lab/network.ts';
import type { Probe, ProbeResult, Sender } from '../lab/probe/probe.ts';
import { ask } from '../sample-facts.ts';

/** So many that each of three backends, picked by chance, is missed but once in ten million runs. */
const REQUESTS = 40;
/** Questions of a sender whose first requests are under way at a time. */
const FIRST_AT_ONCE = 8;

/** A request that is explained and then sent. */
export interface RequestQuestion {
  readonly about: string;
  readonly from: Sender;
  /** `{store}` and `{store/6}` in it stand for an address of a pod of the first namespace that has one of that name. */
  readonly to: string;
  /** Address that the host of `to` stands for; without it the sender resolves it. */
  readonly address?: string;
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

/** @returns what puts addresses of pods, of the first namespace that has one of that name, for `{store}` and `{store/6}` in a text */
export async function podAddresses(lab: Lab): Promise<(text: string) => string> {
  const pods = await lab.api.list<PodState>('/api/v1/pods');
  const address = (whole: string, name: string, family: string | undefined): string => {
    const addresses = pods.find(({ metadata }) => metadata.name === name)?.status.podIPs ?? [];
    const found = addresses.find(({ ip }) => ip.includes(':') === (family === '6'))?.ip;
    if (found === undefined) throw new Error(`${whole}: no such pod, or no address`);
    return family === '6' ? `[${found}]` : found;
  };
  return (text) => text.replaceAll(/\{([\w-]+)(?:\/(6))?\}/g, address);
}

/** Questions with the addresses that pods have. */
export async function withAddresses(
  lab: Lab,
  questions: readonly RequestQuestion[],
): Promise<readonly RequestQuestion[]> {
  const fill = await podAddresses(lab);
  return questions.map((question) => ({ ...question, to: fill(question.to) }));
}

/** What the tool is asked. @param namespace of senders that say none */
export function questionOf(
  { from, to, address, node, method, headers = {} }: RequestQuestion,
  namespace: string,
): QuestionInput {
  return ask(nameOf(from, to), to, {
    namespace: typeof from === 'object' && 'pod' in from ? (from.namespace ?? namespace) : namespace,
    node: node ?? null,
    method: method ?? null,
    headers: Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(address === undefined ? {} : { resolve: [`${new URL(to).hostname}:${address}`] }),
  });
}

/** What requests are sent by. */
type Cluster = Pick<Lab, 'together'>;

/**
 * Sends requests for real. The first two of each tell whether there is more to see, and many questions wait for silence side by side: a
 * refusal is the same each time. Who answers changes: what was answered is sent again and again, for one question after another.
 * @param namespace of senders that say none
 * @param requests so many of a question that is answered
 * @returns the results of each question, in their order
 */
export async function sendAll(
  cluster: Cluster,
  questions: readonly RequestQuestion[],
  namespace: string,
  requests: (question: RequestQuestion) => number = () => REQUESTS,
): Promise<readonly (readonly ProbeResult[])[]> {
  const first = await sendEach(cluster, questions, namespace, () => 2, FIRST_AT_ONCE);
  const isAnswered = (question: RequestQuestion): boolean =>
    first.get(question)?.some(({ disposition }) => disposition === 'delivered') === true;
  const again = questions.filter((question) => question.varies === true || isAnswered(question));
  const many = await sendEach(cluster, again, namespace, requests, 1);
  return questions.map((question) => many.get(question) ?? first.get(question) ?? []);
}

/** Sends each question so many times: senders at once, of a sender so many questions at a time. */
async function sendEach(
  cluster: Cluster,
  questions: readonly RequestQuestion[],
  namespace: string,
  requests: (question: RequestQuestion) => number,
  atOnce: number,
): Promise<ReadonlyMap<RequestQuestion, readonly ProbeResult[]>> {
  const senders = new Map(questions.map(({ from }) => [JSON.stringify(from), from]));
  const results = [...senders].map(async ([key, from]) => {
    const own = questions.filter((question) => JSON.stringify(question.from) === key);
    const sender = typeof from === 'object' && 'pod' in from ? { namespace, ...from } : from;
    const probes = own.map((question) => ({ probe: probeOf(question), count: requests(question) }));
    const sent = await cluster.together(sender, probes, atOnce);
    return own.map((question, at) => [question, sent[at] ?? []] as const);
  });
  return new Map((await Promise.all(results)).flat());
}

function probeOf({ to, address, method, headers }: RequestQuestion): Omit<Probe, 'from'> {
  return {
    to,
    ...(address === undefined ? {} : { address }),
    ...(method === undefined ? {} : { method }),
    ...(headers === undefined ? {} : { headers }),
  };
}

/** How a question names its sender. */
function nameOf(from: Sender, to: string): string {
  if (from === 'outside') return to.includes('[') ? CLUSTER.outside.v6 : CLUSTER.outside.v4;
  return 'pod' in from ? from.pod : `node/${from.node}`;
}
