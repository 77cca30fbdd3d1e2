/**
 * Asks proxies for what is wanted of them, wherever their answers are: files, snapshots, an admin port, or pods of a live cluster. In: where,
 * and what makes an answer of the proxies. Out: the answer.
 */
import type { DocumentKind } from '../explain/proxy-config/documents.ts';
import type { LiveAccess } from '../live-question.ts';
import { openProxies, selectionOf, type ProxyInput } from './open-proxies.ts';
import type { Proxies } from './proxies.ts';

/** Where the answers of proxies are, a live cluster included. */
export interface AskedProxies extends ProxyInput {
  /** The cluster that is asked where no file, snapshot or admin port is named. */
  readonly live: LiveAccess;
}

/** An answer, with the proxies that it is of. */
export interface ProxiesAnswer<T> {
  readonly proxies: Proxies;
  readonly answer: T;
}

/**
 * Answers a question about proxies.
 * @param wanted the answers that are needed: of an admin port, others are not asked for
 * @param ask makes the answer; of a live cluster it is called once a round
 * @throws QuestionError when nothing or too much is named, InputError when a file or snapshot cannot be read, LiveError when a cluster
 *   cannot be asked
 */
export async function askProxies<T>(
  input: AskedProxies,
  wanted: readonly DocumentKind[],
  ask: (proxies: Proxies) => T | Promise<T>,
): Promise<ProxiesAnswer<T>> {
  if (!isLive(input)) {
    const proxies = await openProxies(input, wanted);
    return { proxies, answer: await ask(proxies) };
  }
  const selection = selectionOf(input);
  // Loaded here: what asks a cluster is more than what reads a file.
  const { askRunning } = await import('./running-proxies.ts');
  return await askRunning(input.live, async (_, open) => {
    const proxies = open(selection);
    return { proxies, answer: await ask(proxies) };
  });
}

/**
 * The proxies with what is wanted of them read, which then need no cluster any more.
 * @throws as {@link askProxies}
 */
export async function readProxies(input: AskedProxies, wanted: readonly DocumentKind[]): Promise<Proxies> {
  const { proxies } = await askProxies(input, wanted, ({ list }) => {
    // One that is missing is told by whoever needs it.
    for (const proxy of list) for (const kind of wanted) proxy.has(kind);
  });
  return proxies;
}

/** Whether a cluster is to be asked. */
function isLive({ files, snapshots, admin = null }: ProxyInput): boolean {
  return files.length === 0 && snapshots.length === 0 && admin === null;
}
