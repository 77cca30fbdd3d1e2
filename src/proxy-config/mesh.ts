/** What two proxies trust, what a proxy enforces, and what it logs. */
import { authorizationRows, authorizationTable } from '../explain/proxy-config/authorization-table.ts';
import { rootAuthorities } from '../explain/proxy-config/root-authorities.ts';
import { loggersToChange, readLoggers, type LevelChange } from '../explain/proxy-config/loggers.ts';
import { QuestionError } from '../explain/question/question-input.ts';
import { collectLooseFile } from '../collect/loose-file.ts';
import { renderTable } from '../render/istioctl/table.ts';
import { escapeControls } from '../render/escape-controls.ts';
import { openProxies, type Proxies, type Proxy } from './open-proxies.ts';
import { present, renderOwn } from './present.ts';

/** Proxies or files whose authorities are compared. */
export interface RootInput {
  readonly sides: readonly string[];
  readonly namespace: string | null;
  readonly snapshots: readonly string[];
  readonly files: readonly string[];
}

/**
 * Whether two proxies trust an authority in common, in istioctl's words.
 * @throws QuestionError when there are not two, or one has no ROOTCA
 */
export async function compareRoots(
  { sides, namespace, snapshots, files }: RootInput,
  format: 'short' | 'reach-json' | 'reach-yaml',
): Promise<{ readonly text: string; readonly same: boolean }> {
  if (sides.length + files.length !== 2) {
    throw new QuestionError('rootca-compare requires 2 pods or files', [
      'Give A B --snapshot PATH, or -f A.json -f B.json.',
    ]);
  }
  const places = [
    ...sides.map((target) => ({ target, namespace, snapshots, files: [] })),
    ...files.map((file) => ({ target: null, namespace, snapshots: [], files: [file] })),
  ];
  const found: { readonly proxy: string; readonly authorities: ReadonlySet<string> }[] = [];
  for (const place of places) {
    const proxies = await openProxies(place, ['config-dump']);
    for (const proxy of proxies.list)
      found.push({ proxy: proxy.name, authorities: rootAuthorities(proxy.config(), proxy.name) });
    proxies.check();
  }
  const [one, other] = found;
  const common = [...(one?.authorities ?? [])].filter((authority) => other?.authorities.has(authority)).length;
  const both = `Both [${one?.proxy ?? ''}] and [${other?.proxy ?? ''}] have the`;
  const text =
    common > 0
      ? `${both} identical ROOTCA, theoretically the connectivity between them is available\n`
      : `${both} non identical ROOTCA, theoretically the connectivity between them is unavailable\n`;
  if (format === 'short') return { text: escapeControls(text), same: common > 0 };
  const items = found.map(({ proxy, authorities }) => ({ proxy, authorities: authorities.size, common }));
  return { text: await renderOwn({ schemaVersion: '1.0', kind: 'rootca-compare', items }, format), same: common > 0 };
}

/** The AuthorizationPolicies that proxies enforce. */
export async function showAuthorization(
  proxies: Proxies,
  how: { readonly format: 'short' | 'reach-json' | 'reach-yaml'; readonly odd: boolean },
): Promise<{ readonly text: string; readonly notes: readonly string[] }> {
  const part = (proxy: Proxy) => ({
    short: () => authorizationTable(authorizationRows(proxy.config())),
    messages: () => {
      throw new QuestionError('these are no messages of istioctl', ['Ask for -o reach-json.']);
    },
    items: () => authorizationRows(proxy.config()),
  });
  return { text: await present('authorization-policies', proxies, part, how), notes: [] };
}

/** Levels of loggers that are to be changed, and where. */
export interface LogInput {
  /** The admin port of a running proxy; null: a file. */
  readonly admin: string | null;
  /** A file with the answer of /logging. */
  readonly file: string | null;
  readonly change: LevelChange;
}

/**
 * Shows the levels of a proxy's loggers, after changing them where that is asked for.
 * @throws QuestionError when a level or logger is none, InputError when the proxy does not answer
 */
export async function showLoggers(
  { admin, file, change }: LogInput,
  format: 'short' | 'reach-json' | 'reach-yaml',
): Promise<string> {
  const ask = async (path: string): Promise<string> => {
    const { askEnvoyAdmin } = await import('../collect/envoy-admin.ts');
    return (await askEnvoyAdmin(admin ?? '', path, 'POST')).bytes.toString('utf8');
  };
  if (admin === null && file === null) {
    throw new QuestionError('no proxy is named', [
      'Name the admin port of a running proxy (--envoy-admin http://127.0.0.1:15000), or a file with its /logging (--file FILE).',
    ]);
  }
  let text = file === null ? await ask('/logging') : (await collectLooseFile(file)).bytes.toString('utf8');
  const requests = loggersToChange(readLoggers(text), change);
  if (requests.length > 0 && admin === null) {
    throw new QuestionError('levels of a file cannot be changed', ['Name a running proxy with --envoy-admin.']);
  }
  for (const request of requests) text = await ask(`/logging?${request}`);
  const loggers = readLoggers(text);
  if (format === 'short') {
    const rows = loggers.map(({ name, level }) => [`  ${name}:`, level]);
    return `active loggers:\n${renderTable({ columns: null, rows, padding: 1 })}`;
  }
  const items = loggers.map((logger) => ({ proxy: admin ?? file ?? '', ...logger }));
  return renderOwn({ schemaVersion: '1.0', kind: 'loggers', items }, format);
}
