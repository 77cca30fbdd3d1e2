/**
 * The debug endpoints of istiods. In: which endpoint, of which istiods of a live cluster. Out: the text for standard output. It knows
 * neither flags nor the process.
 */
import type { IstiodTold } from './collect/live/live.ts';
import { requestTimeout } from './collect/live/request-timeout.ts';
import { QuestionError } from './explain/question/question-input.ts';
import { LiveError, sentence } from './live-error.ts';
import { askInRounds, withCluster, type LiveAccess } from './live-question.ts';
import { runningIstiods, type Istiod, type IstiodSelection } from './proxy-config/istiods.ts';

export interface DebugQuestion {
  /** `syncz`, `edsz?proxyID=reviews-v1.bookinfo`; null: the list of them is wanted. */
  readonly endpoint: string | null;
  /** Of every istiod, not of the first that knows. */
  readonly all: boolean;
  readonly istiods: IstiodSelection;
  readonly live: LiveAccess;
}

/** What istiod says of a proxy that is connected to another one (pilot/pkg/xds/debug.go). */
const ELSEWHERE = /^Proxy not connected to this Pilot instance/;

interface ShownDebug {
  readonly text: string;
  /** Sentences for standard error: istiods that did not answer. */
  readonly notes: readonly string[];
}

type Told = { readonly istiod: string } & IstiodTold;

/**
 * Asks a debug endpoint. Each istiod may take as long as `live.timeout` says; one that does not answer does not fail the others.
 * @throws QuestionError when none is named or istiod does not know it, LiveError when no istiod can be asked
 */
export async function showDebug({ endpoint, all, istiods, live }: DebugQuestion): Promise<ShownDebug> {
  const path = endpoint ?? 'list';
  const limit = live.timeout === undefined ? null : requestTimeout(live.timeout, '--timeout');
  const told = await withCluster({ ...live, timeout: undefined }, async (open) => {
    const { answer: running } = await askInRounds(open, () => runningIstiods(open.cluster.source, istiods));
    const ask = async (istiod: string): Promise<Told> => ({
      istiod,
      ...(await open.cluster.askIstiod(istiod, path, limit)),
    });
    return all ? await Promise.all(running.map(async ({ name }) => ask(name))) : await untilOneKnows(running, ask);
  });
  const answers = told.flatMap((one) => ('body' in one ? [one] : []));
  const silent = told.flatMap((one) => ('problem' in one ? [one] : []));
  const [first] = silent;
  if (answers.length === 0 && first !== undefined) throw new LiveError(first.problem, [sentence(first.remedy)]);
  const notes = silent.map(({ problem }) => sentence(problem));
  refuseMistakes(path, answers, notes);
  if (!all) return { text: printed(answers.at(-1)?.body ?? ''), notes };
  const members = answers.map(({ istiod, body }) => [istiod, valueOf(body)] as const);
  return { text: `${JSON.stringify(Object.fromEntries(members), null, 2)}\n`, notes };
}

/** Asks one after the other. @returns what was told, that of the istiod that knows last */
async function untilOneKnows(istiods: readonly Istiod[], ask: (istiod: string) => Promise<Told>): Promise<Told[]> {
  const told: Told[] = [];
  for (const { name } of istiods) {
    const one = await ask(name);
    told.push(one);
    if ('body' in one && !ELSEWHERE.test(one.body)) break;
  }
  return told;
}

/** istiod answers mistakes with status 200 and text. */
function refuseMistakes(
  endpoint: string,
  answers: readonly { readonly body: string }[],
  notes: readonly string[],
): void {
  for (const { body } of answers) {
    if (body.startsWith('404 page not found')) {
      throw new QuestionError(`istiod has no debug endpoint ${endpoint}`, ['The list of them: internal-debug --list.']);
    }
    if (/proxyID/i.test(body) && !endpoint.includes('proxyID') && !/^\s*[{[]/.test(body)) {
      throw new QuestionError('You must provide a proxyID in the query string', [
        'As in: internal-debug "edsz?proxyID=istio-ingressgateway-abc.istio-system"',
      ]);
    }
  }
  if (answers.every(({ body }) => ELSEWHERE.test(body))) {
    throw new LiveError('the proxy is connected to none of the istiods that answered', [
      ...notes,
      'See which proxies are connected to which istiod: proxy-status.',
    ]);
  }
}

function printed(body: string): string {
  const value = valueOf(body);
  return `${value === body ? body.trimEnd() : JSON.stringify(value, null, 2)}\n`;
}

/** JSON as a value, anything else as text. */
function valueOf(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}
