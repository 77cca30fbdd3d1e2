/** What proxies log, shown and changed: of pods of a live cluster, of an admin port, or of a captured answer. */
import { collectLooseFile } from '../collect/loose-file.ts';
import { loggersToChange, readLevels, readLoggers, type LevelChange } from '../explain/proxy-config/loggers.ts';
import { QuestionError } from '../explain/question/question-input.ts';
import type { LiveAccess } from '../live-question.ts';
import { renderTable } from '../render/istioctl/table.ts';
import { selectionOf } from './open-proxies.ts';
import { renderOwn } from './present.ts';
import { runningPlaces } from './running-proxies.ts';

/** Levels of loggers that are to be changed, and where. */
export interface LogInput {
  /** `[TYPE/]NAME[.NAMESPACE]`: all pods of it. */
  readonly target: string | null;
  readonly namespace: string | null;
  /** Labels of pods. */
  readonly selector: string | null;
  /** The admin port of a running proxy. */
  readonly admin: string | null;
  /** A file with the answer of /logging. */
  readonly file: string | null;
  readonly change: LevelChange;
  readonly live: LiveAccess;
}

type LogFormat = 'short' | 'reach-json' | 'reach-yaml';

/** The answer of one proxy's /logging. */
interface Logging {
  readonly proxy: string;
  readonly text: string;
}

/**
 * Shows the levels of proxies' loggers, after changing them where that is asked for. Levels and names are looked at before any is
 * changed.
 * @throws QuestionError when a level or logger is none, InputError or LiveError when a proxy does not answer
 */
export async function showLoggers(input: LogInput, format: LogFormat): Promise<string> {
  const { admin, file, target, selector } = input;
  const named = [admin !== null, file !== null, target !== null || selector !== null].filter(Boolean).length;
  if (named !== 1) {
    throw new QuestionError(named === 0 ? 'no proxy is named' : 'proxies are named in two ways', [
      'Give one of: a pod or its owner ([TYPE/]NAME[.NAMESPACE]) or --selector; --envoy-admin http://127.0.0.1:15000; --file FILE with the answer of /logging.',
    ]);
  }
  // Wrong usage is told before a cluster is asked.
  readLevels(input.change);
  if (file !== null) return await render([await ofFile(file, input.change)], format);
  if (admin !== null) return await render([await ofAdmin(admin, input.change)], format);
  const pods = await ofPods(input);
  if (format !== 'short') return await render(pods, format);
  return pods.map(({ proxy, text }) => `${proxy}:\n${text}`).join('');
}

async function ofFile(file: string, change: LevelChange): Promise<Logging> {
  const text = (await collectLooseFile(file)).bytes.toString('utf8');
  if (loggersToChange(readLoggers(text), change).length > 0) {
    throw new QuestionError('levels of a file cannot be changed', ['Name a running proxy.']);
  }
  return { proxy: file, text };
}

async function ofAdmin(admin: string, change: LevelChange): Promise<Logging> {
  // Loaded here: files and snapshots need no network.
  const { askEnvoyAdmin } = await import('../collect/envoy-admin.ts');
  const post = async (path: string): Promise<string> =>
    (await askEnvoyAdmin(admin, path, 'POST')).bytes.toString('utf8');
  const text = await post('/logging');
  return { proxy: admin, text: await changed(post, text, loggersToChange(readLoggers(text), change)) };
}

async function ofPods({ live, target, namespace, selector, change }: LogInput): Promise<Logging[]> {
  const selection = selectionOf({ target, namespace, selector, replicas: true, files: [], snapshots: [] });
  return await runningPlaces(live, selection, async (proxies, post) => {
    const shown: { readonly name: string; readonly pod: (typeof proxies)[number]; readonly text: string }[] = [];
    for (const pod of proxies) shown.push({ name: pod.name, pod, text: await post(pod, '/logging') });
    const requests = shown.map(({ text }) => loggersToChange(readLoggers(text), change));
    const answers: Logging[] = [];
    for (const [at, { name, pod, text }] of shown.entries()) {
      const ask = async (path: string): Promise<string> => await post(pod, path);
      answers.push({ proxy: name, text: await changed(ask, text, requests[at] ?? []) });
    }
    return answers;
  });
}

async function changed(
  post: (path: string) => Promise<string>,
  before: string,
  requests: readonly string[],
): Promise<string> {
  let text = before;
  for (const request of requests) text = await post(`/logging?${request}`);
  return text;
}

async function render(answers: readonly Logging[], format: LogFormat): Promise<string> {
  const loggers = answers.flatMap(({ proxy, text }) => readLoggers(text).map((logger) => ({ proxy, ...logger })));
  if (format !== 'short') return await renderOwn({ schemaVersion: '1.0', kind: 'loggers', items: loggers }, format);
  const rows = loggers.map(({ name, level }) => [`  ${name}:`, level]);
  return `active loggers:\n${renderTable({ columns: null, rows, padding: 1 })}`;
}
