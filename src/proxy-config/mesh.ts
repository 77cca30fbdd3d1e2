/** What two proxies trust, and what a proxy enforces. */
import { authorizationRows, authorizationTable } from '../explain/proxy-config/authorization-table.ts';
import { rootAuthorities } from '../explain/proxy-config/root-authorities.ts';
import { QuestionError } from '../explain/question/question-input.ts';
import { escapeControls } from '../render/escape-controls.ts';
import type { LiveAccess } from '../live-question.ts';
import { readProxies } from './ask-proxies.ts';
import type { Proxies, Proxy } from './proxies.ts';
import { present, renderOwn, type Printed } from './present.ts';

/** Proxies or files whose authorities are compared. */
export interface RootInput {
  readonly sides: readonly string[];
  readonly namespace: string | null;
  readonly snapshots: readonly string[];
  readonly files: readonly string[];
  readonly live: LiveAccess;
}

/**
 * Whether two proxies trust an authority in common, in istioctl's words.
 * @throws QuestionError when there are not two, or one has no ROOTCA
 */
export async function compareRoots(
  { sides, namespace, snapshots, files, live }: RootInput,
  format: 'short' | 'reach-json' | 'reach-yaml',
): Promise<{ readonly text: string; readonly same: boolean }> {
  if (sides.length + files.length !== 2) {
    throw new QuestionError('rootca-compare requires 2 pods or files', [
      'Give two pods (of the cluster, or of a snapshot with --snapshot PATH), or two files (-f A.json -f B.json).',
    ]);
  }
  const places = [
    ...sides.map((target) => ({ target, namespace, snapshots, files: [] })),
    ...files.map((file) => ({ target: null, namespace, snapshots: [], files: [file] })),
  ];
  const found: { readonly proxy: string; readonly authorities: ReadonlySet<string> }[] = [];
  for (const place of places) {
    const proxies = await readProxies({ ...place, live }, ['config-dump']);
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
): Promise<Printed & { readonly notes: readonly string[] }> {
  const part = (proxy: Proxy) => ({
    short: () => authorizationTable(authorizationRows(proxy.config())),
    messages: () => {
      throw new QuestionError('these are no messages of istioctl', ['Ask for -o reach-json.']);
    },
    items: () => authorizationRows(proxy.config()),
  });
  return { ...(await present('authorization-policies', proxies, part, how)), notes: [] };
}
