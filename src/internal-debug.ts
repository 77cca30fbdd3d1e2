/**
 * The debug endpoints of istiods. In: which endpoint, of which istiods of a live cluster. Out: the text for standard output. It knows
 * neither flags nor the process.
 */
import { QuestionError } from './explain/question/question-input.ts';
import { LiveError } from './live-error.ts';
import { askInRounds, withCluster, type LiveAccess } from './live-question.ts';
import { runningIstiods, type IstiodSelection } from './proxy-config/istiods.ts';

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

/**
 * Asks a debug endpoint.
 * @throws QuestionError when none is named or istiod does not know it, LiveError when no istiod can be asked
 */
export async function showDebug({ endpoint, all, istiods, live }: DebugQuestion): Promise<string> {
  const answers = await withCluster(live, async (open) => {
    const { answer: running } = await askInRounds(open, () => runningIstiods(open.cluster.source, istiods));
    const told: { readonly istiod: string; readonly body: string }[] = [];
    for (const { name } of running) {
      const body = await open.cluster.askIstiod(name, endpoint ?? 'list');
      told.push({ istiod: name, body });
      if (!all && !ELSEWHERE.test(body)) return told.slice(-1);
    }
    return told;
  });
  for (const { body } of answers) refuseMistake(endpoint ?? 'list', body);
  if (!all) return printed(answers.at(-1)?.body ?? '');
  const members = answers.map(({ istiod, body }) => [istiod, valueOf(body)] as const);
  return `${JSON.stringify(Object.fromEntries(members), null, 2)}\n`;
}

/** istiod answers mistakes with status 200 and text. */
function refuseMistake(endpoint: string, body: string): void {
  if (body.startsWith('404 page not found')) {
    throw new QuestionError(`istiod has no debug endpoint ${endpoint}`, ['The list of them: internal-debug --list.']);
  }
  if (/proxyID/i.test(body) && !endpoint.includes('proxyID') && !/^\s*[{[]/.test(body)) {
    throw new QuestionError('You must provide a proxyID in the query string', [
      'As in: internal-debug "edsz?proxyID=istio-ingressgateway-abc.istio-system"',
    ]);
  }
  if (ELSEWHERE.test(body)) {
    throw new LiveError('the proxy is connected to none of the istiods that were asked', [
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
