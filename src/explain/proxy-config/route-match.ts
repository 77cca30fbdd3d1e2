/**
 * Which route answers a request, and why the ones before it do not. In: what was read of a proxy, and a request. Out: for each
 * route configuration that the request may meet, its routes held against it, by the evaluator of `explain` and `envoy-request`. It
 * must not decide anything itself.
 */
import {
  connectionTo,
  routedManagers,
  tryRoutes,
  type RouteTrial,
  type RouteTrials,
} from '../../evaluate/proxies/envoy/http/try-routes.ts';
import { field } from '../../evaluate/proxies/envoy/proto-json.ts';
import type { EnvoyFacts } from '../../model/envoy.ts';
import type { Evidence } from '../../model/evidence.ts';
import { percentText } from '../../model/wording.ts';
import { closeNames } from '../question/close-names.ts';
import { QuestionError } from '../question/question-input.ts';
import { asFlag, readRequestLine, type RequestDescription } from '../envoy-request/request-line.ts';
import type { Table } from './table.ts';

export interface RouteMatchQuestion {
  readonly description: RequestDescription;
  /** Of the listeners; null: any. */
  readonly port: number | null;
  /** Of the route configuration; null: any. */
  readonly name: string | null;
}

/** What one route configuration does with the request. */
export interface RouteMatchAnswer {
  readonly routeConfig: string;
  /** Listeners that lead to it. */
  readonly listeners: readonly string[];
  readonly authority: string;
  readonly path: string;
  readonly virtualHost: string | null;
  /** Why this virtual host takes the request; null: none does. */
  readonly virtualHostReason: string | null;
  readonly routes: readonly AnsweredRoute[];
  /** `answered`: a route takes it; `none`: 404; `refused`: the proxy answers before it looks for a route. */
  readonly verdict: 'answered' | 'none' | 'refused' | 'undetermined';
  /** Why it cannot be told; the status of the refusal; else null. */
  readonly reason: string | null;
}

interface AnsweredRoute {
  readonly index: number;
  readonly name: string | null;
  readonly matches: readonly string[];
  readonly result: RouteTrial['result'];
  readonly probability: number | null;
  readonly reasons: readonly string[];
  readonly clusters: readonly string[];
  readonly action: string;
  readonly virtualService: string | null;
  readonly evidence: readonly Evidence[];
}

/**
 * Answers for every route configuration that a listener leads to.
 * @throws QuestionError when the request is none, or no route configuration is meant
 */
export function matchRoutes(facts: EnvoyFacts, { description, port, name }: RouteMatchQuestion): RouteMatchAnswer[] {
  const line = readRequestLine({ ...description, listener: 'any' }, asFlag);
  if (typeof line === 'string') throw new QuestionError(line, ['Add --help to see the flags and examples.']);
  if (line.hostless) throw new QuestionError('the host of the request is not given', ['Give it with --host.']);
  const { http, tls, source } = line;
  const groups = new Map<string, { answer: RouteMatchAnswer; listeners: Set<string> }>();
  const names = new Set<string>();
  for (const resource of facts.config?.listeners() ?? []) {
    if (resource.state !== 'active') continue;
    const own = field(field(field(resource.config, 'address'), 'socket_address'), 'port_value').number() ?? 0;
    if (port !== null && port !== own) continue;
    const listener = resource.name === '' ? `at port ${own}` : resource.name;
    for (const manager of routedManagers(facts, resource)) {
      const config = field(manager.routeConfig, 'name').string() ?? '';
      names.add(config);
      if (name !== null && name !== config) continue;
      const connection = connectionTo(http, tls, own, source?.text ?? '127.0.0.1');
      const answer = answerOf(tryRoutes(facts, manager, connection));
      const { evidence, ...key } = { evidence: manager.routeConfig.pointer, answer };
      const group = groups.get(`${evidence}${JSON.stringify(key)}`);
      if (group === undefined) {
        groups.set(`${evidence}${JSON.stringify(key)}`, { answer, listeners: new Set([listener]) });
      } else group.listeners.add(listener);
    }
  }
  if (groups.size === 0) throw noRoutes(port, name, [...names]);
  const answers = [...groups.values()].map(({ answer, listeners }) => ({
    ...answer,
    listeners: [...listeners].toSorted(),
  }));
  // Where neither says which one is meant, those that take any host or none are of no interest, unless all do.
  const hosted = answers.filter(({ virtualHostReason }) => virtualHostReason?.startsWith('domain "*" ') === false);
  return port !== null || name !== null || hosted.length === 0 ? answers : hosted;
}

function noRoutes(port: number | null, name: string | null, names: readonly string[]): QuestionError {
  if (name !== null) {
    const close = closeNames(
      name,
      names.filter((one) => one !== ''),
    );
    const hint =
      close.length === 0 ? 'See their names with: pc route --no-verbose' : `Close names: ${close.join(', ')}.`;
    return new QuestionError(`no listener leads to a route configuration ${name}`, [hint]);
  }
  const where = port === null ? 'no listener' : `no listener at port ${port}`;
  return new QuestionError(`${where} speaks HTTP`, ['See what listens with: pc listener --no-verbose']);
}

function refusalText(status: number): string {
  const why = status === 431 ? 'the headers are larger or more than it takes' : 'the path is not accepted as it is';
  return `the proxy answers ${status}: ${why}`;
}

function answerOf(trials: RouteTrials): RouteMatchAnswer {
  const taken = trials.trials.some(({ result }) => result === 'taken' || result === 'maybe');
  const doubtful = trials.unknown !== null || trials.trials.some(({ result }) => result === 'unknown');
  const verdict = trials.refused !== null ? 'refused' : doubtful ? 'undetermined' : taken ? 'answered' : 'none';
  const refused = trials.refused === null ? null : refusalText(trials.refused);
  return {
    routeConfig: trials.name,
    listeners: [],
    authority: trials.authority,
    path: trials.path,
    virtualHost: trials.virtualHost?.name ?? null,
    virtualHostReason: trials.virtualHost?.reason ?? null,
    routes: trials.trials.map(answeredRoute),
    verdict,
    reason: refused ?? trials.unknown?.reason ?? null,
  };
}

function answeredRoute(trial: RouteTrial): AnsweredRoute {
  return {
    index: trial.index,
    name: trial.name || null,
    matches: trial.match,
    result: trial.result,
    probability: trial.probability,
    reasons: trial.reasons,
    clusters: trial.clusters.map(({ name, probability }) =>
      probability === 1 ? name : `${name} ${percentText(probability)}`,
    ),
    action: trial.action,
    virtualService: trial.object === null ? null : `${trial.object.name}.${trial.object.namespace}`,
    evidence: trial.evidence,
  };
}

const RESULTS: Readonly<Record<RouteTrial['result'], string>> = {
  taken: 'TAKEN',
  maybe: 'TAKEN BY SOME',
  missed: 'no',
  unknown: 'NOT KNOWN',
  after: 'not asked',
};

/** The routes of one answer as a table. */
export function routeMatchTable({ routes }: RouteMatchAnswer): Table {
  const rows = routes.map((route) => [
    String(route.index + 1),
    route.name ?? '-',
    route.matches.join(' and '),
    RESULTS[route.result] +
      (route.result === 'maybe' && route.probability !== null ? ` (${percentText(route.probability)})` : ''),
    route.reasons.join('; ') || '-',
    route.clusters.join(', ') || route.action,
    route.virtualService ?? '-',
  ]);
  return { columns: ['#', 'ROUTE', 'MATCH', 'RESULT', 'WHY NOT', 'TARGET', 'VIRTUAL SERVICE'], rows, padding: 3 };
}

/** What stands above the table: the way to these routes. */
export function routeMatchHeading(answer: RouteMatchAnswer, method: string): string[] {
  const { routeConfig, listeners, virtualHost, virtualHostReason, authority, path, reason, verdict } = answer;
  const lines = [
    `${method} ${authority}${path}`,
    `route configuration ${routeConfig === '' ? '(unnamed)' : routeConfig}, of ${listeners.length > 3 ? `${listeners.length} listeners` : `listener ${listeners.join(', ')}`}`,
    virtualHost === null
      ? `no virtual host takes ${authority}`
      : `virtual host ${virtualHost}: ${virtualHostReason ?? ''}`,
  ];
  if (verdict === 'none' && virtualHost !== null) lines.push('no route matches: the proxy answers 404');
  if (reason !== null) lines.push(verdict === 'undetermined' ? `undetermined: ${reason}` : reason);
  return verdict === 'refused' ? [lines[0] ?? '', lines[1] ?? '', lines.at(-1) ?? ''] : lines;
}
