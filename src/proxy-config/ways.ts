/** The ways through a proxy, and the route that answers a request. */
import { QuestionError } from '../explain/question/question-input.ts';
import { chainRows, type ChainFilter } from '../explain/proxy-config/inventory/chain-rows.ts';
import { chainTable } from '../explain/proxy-config/inventory/chain-table.ts';
import { readPattern, type Pattern } from '../explain/proxy-config/pattern.ts';
import {
  matchRoutes,
  routeMatchHeading,
  routeMatchTable,
  type RouteMatchAnswer,
  type RouteMatchQuestion,
} from '../explain/proxy-config/route-match.ts';
import { readSelection } from '../explain/proxy-config/selection.ts';
import { escapeControls } from '../render/escape-controls.ts';
import { renderTable } from '../render/istioctl/table.ts';
import type { Proxies, Proxy } from './proxies.ts';
import { lookupsOf, troublesOf } from './parts.ts';
import { present, renderOwn, type Part, type Printed } from './present.ts';

export type OwnFormat = 'short' | 'wide' | 'reach-json' | 'reach-yaml';

/** One row for each way through the proxies that passes. */
export async function showChains(
  proxies: Proxies,
  filter: ChainFilter,
  how: { readonly format: OwnFormat; readonly odd: boolean },
): Promise<Printed & { readonly notes: readonly string[] }> {
  const shown = await present('chains', proxies, (proxy) => chainPart(proxy, filter), how);
  const isTable = how.format === 'short' || how.format === 'wide';
  return { ...shown, notes: isTable ? troublesOf(proxies, ['listener', 'route', 'cluster']) : [] };
}

function chainPart(proxy: Proxy, filter: ChainFilter): Part {
  const lookups = lookupsOf(proxy);
  const addresses = (cluster: string): readonly string[] => [...lookups.endpointsOf(cluster)].toSorted();
  const rows = () => chainRows(proxy.config(), filter, { count: (cluster) => lookups.count(cluster), addresses });
  return {
    short: () => chainTable(rows(), false),
    wide: () => chainTable(rows(), true),
    messages: () => {
      throw new QuestionError('the ways through a proxy are no message of istioctl', ['Ask for -o reach-json.']);
    },
    items: rows,
  };
}

/**
 * Reads the filters of `chain` as they are typed.
 * @throws QuestionError when a regular expression cannot be compiled
 */
export async function readChainFilter(
  flags: Readonly<Record<string, unknown>> & {
    readonly listener: string | undefined;
    readonly cluster: string | undefined;
    readonly host: string | undefined;
    readonly path: string | undefined;
  },
): Promise<ChainFilter> {
  const pattern = (flag: string, value: string | undefined): Promise<Pattern> | null =>
    value === undefined ? null : readPattern(flag, value);
  return {
    listener: await pattern('listener', flags.listener),
    cluster: await pattern('cluster', flags.cluster),
    host: flags.host ?? null,
    path: flags.path ?? null,
    selection: await readSelection(flags),
  };
}

/** Which route answers a request. */
export async function showRouteMatch(
  proxies: Proxies,
  question: RouteMatchQuestion,
  format: 'short' | 'reach-json' | 'reach-yaml',
): Promise<{
  readonly text: string;
  readonly notes: readonly string[];
  readonly status: 'ok' | 'unreachable' | 'undetermined';
}> {
  const [proxy] = proxies.list;
  const answers = proxy === undefined ? [] : matchRoutes(proxy.facts(), question);
  const document = {
    schemaVersion: '1.0',
    kind: 'route-match',
    items: answers.map((answer) => ({ proxy: proxy?.name ?? '', ...answer })),
  };
  const method = typeof question.description.method === 'string' ? question.description.method : 'GET';
  const text =
    format === 'short'
      ? answers.map((answer) => answerText(answer, method)).join('\n')
      : await renderOwn(document, format);
  return { text, notes: [], status: statusOf(answers) };
}

function answerText(answer: RouteMatchAnswer, method: string): string {
  const heading = routeMatchHeading(answer, method).map((line) => `${escapeControls(line)}\n`);
  const table = answer.routes.length === 0 ? '' : `\n${renderTable(routeMatchTable(answer))}`;
  return `${heading.join('')}${table}`;
}

function statusOf(answers: readonly RouteMatchAnswer[]): 'ok' | 'unreachable' | 'undetermined' {
  if (answers.some(({ verdict }) => verdict === 'undetermined')) return 'undetermined';
  return answers.every(({ verdict }) => verdict === 'answered') ? 'ok' : 'unreachable';
}
