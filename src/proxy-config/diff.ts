/** Two proxies, two files or two snapshots held against each other. */
import { collectSnapshots } from '../collect/snapshot.ts';
import { diffLines, diffProxies, verdictOf, type KindDiff, type Verdict } from '../explain/proxy-config/proxy-diff.ts';
import { QuestionError } from '../explain/question/question-input.ts';
import { escapeControls } from '../render/escape-controls.ts';
import type { LiveAccess } from '../live-question.ts';
import { readProxies } from './ask-proxies.ts';
import { renderOwn } from './present.ts';
import type { Proxy } from './proxies.ts';
import { openSnapshot } from './snapshot-proxies.ts';

/** What is to be compared. */
export interface DiffInput {
  /** Proxies (`[TYPE/]NAME[.NAMESPACE]`) or files, none, one or two. */
  readonly sides: readonly string[];
  readonly namespace: string | null;
  /** One, or two with the same proxies. */
  readonly snapshots: readonly string[];
  readonly live: LiveAccess;
}

interface Compared {
  readonly before: string;
  readonly after: string;
  readonly kinds: readonly KindDiff[];
}

interface ShownDiff {
  readonly text: string;
  readonly notes: readonly string[];
  readonly verdict: Verdict;
}

/**
 * Compares and prints.
 * @throws QuestionError when it is not clear what is to be compared, or a proxy is not there
 */
export async function showDiff(
  input: DiffInput,
  format: 'short' | 'wide' | 'reach-json' | 'reach-yaml',
): Promise<ShownDiff> {
  const { pairs, alone } = await pairsOf(input);
  const compared = pairs.map(([before, after]): Compared => {
    const [one, other] =
      before.name === after.name ? [`${before.name} (1)`, `${after.name} (2)`] : [before.name, after.name];
    return { before: one, after: other, kinds: diffProxies(before.config(), after.config(), { dynamicOnly: false }) };
  });
  const verdict = alone.length > 0 ? 'different' : verdictOf(compared.flatMap(({ kinds }) => kinds));
  if (format === 'reach-json' || format === 'reach-yaml') {
    const document = { schemaVersion: '1.0', kind: 'diff', items: compared, alone };
    return { text: await renderOwn(document, format), notes: [], verdict };
  }
  const text = compared
    .map(({ before, after, kinds }) => {
      const lines = [`--- ${before}`, `+++ ${after}`, ...diffLines(kinds, before, after, format === 'wide')];
      return lines.map((line) => `${escapeControls(line)}\n`).join('');
    })
    .join('\n');
  const lonely = alone.map((one) => `Only the ${one.side} snapshot has ${one.proxy}.\n`).join('');
  return { text: text + lonely, notes: [], verdict };
}

interface Pairs {
  readonly pairs: readonly (readonly [Proxy, Proxy])[];
  /** Proxies that one of two snapshots alone has. */
  readonly alone: readonly { readonly proxy: string; readonly side: 'first' | 'second' }[];
}

async function pairsOf(input: DiffInput): Promise<Pairs> {
  const { sides, namespace, snapshots } = input;
  const [one, other] = sides;
  if (one !== undefined && other !== undefined) {
    return { pairs: [[await side(one, input), await side(other, input)]], alone: [] };
  }
  const [first, second, third] = snapshots;
  if (first === undefined || second === undefined || third !== undefined) {
    throw new QuestionError('it is not said what is to be compared', [
      'Name two proxies or files (pc diff A B), or two snapshots (--snapshot ONE --snapshot OTHER) with a proxy or without.',
    ]);
  }
  const selection = {
    target: one ?? null,
    namespace,
    selector: null,
    all: one === undefined,
    replicas: true,
    from: 'snapshot' as const,
  };
  const before = openSnapshot(await collectSnapshots([first]), selection).list;
  const after = openSnapshot(await collectSnapshots([second]), selection).list;
  const named = new Map(after.map((proxy) => [proxy.name, proxy]));
  const known = new Set(before.map(({ name }) => name));
  return {
    pairs: before.flatMap((proxy) => {
      const same = named.get(proxy.name);
      return same === undefined ? [] : [[proxy, same] as const];
    }),
    alone: [
      ...before.filter(({ name }) => !named.has(name)).map(({ name }) => ({ proxy: name, side: 'first' as const })),
      ...after.filter(({ name }) => !known.has(name)).map(({ name }) => ({ proxy: name, side: 'second' as const })),
    ],
  };
}

/** No pod is called like a path or a file of JSON. */
function isFile(text: string): boolean {
  return text === '-' || /^[./~]|[\\]|\.(?:json|txt|gz)$/.test(text) || text.split('/').length > 2;
}

async function side(text: string, { namespace, snapshots, live }: DiffInput): Promise<Proxy> {
  const place = isFile(text) ? { target: null, files: [text], snapshots: [] } : { target: text, files: [], snapshots };
  const { list } = await readProxies({ ...place, namespace, live }, ['config-dump']);
  const [proxy] = list;
  if (proxy === undefined) throw new Error('readProxies gave none');
  return proxy;
}
