import type { EnvoyOutcome, EnvoyStep, IstioReference } from '../../model/envoy.ts';
import type { Step } from '../../model/explanation.ts';
import type { Owner } from '../../model/trace.ts';
import { capital, listText } from '../../model/wording.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import { addressOwner, ownerName } from './names.ts';

/** Decisions that only lead to the next one; they become its evidence. */
const LEADING = new Set([
  'listener-filter.passed',
  'route.routed',
  'network-filter.selected',
  'network-filter.passed',
  'route-config.selected',
  'http-filter.passed',
  'http-filter.skipped',
]);

/** The steps of one way through a proxy, as sentences. */
export function envoySteps(view: ClusterView, outcome: EnvoyOutcome): Step[] {
  const steps: Step[] = [];
  let led: EnvoyStep[] = [];
  for (const step of outcome.steps) {
    if (leads(step, outcome.steps[outcome.steps.indexOf(step) + 1])) {
      led.push(step);
      continue;
    }
    steps.push({
      kind: step.kind,
      action: step.action,
      text: stepText(view, step, led) + because(step) + standsBehind(step.objects),
      evidence: [...led, step].flatMap((one) => one.evidence),
    });
    led = [];
  }
  return steps;
}

/** Whether a decision is told together with the one that follows. */
function leads(step: EnvoyStep, next: EnvoyStep | undefined): boolean {
  if (next === undefined) return false;
  return LEADING.has(`${step.kind}.${step.action}`) || next.action === 'handed-over';
}

function stepText(view: ClusterView, step: EnvoyStep, led: readonly EnvoyStep[]): string {
  const { kind, action, name } = step;
  switch (kind) {
    case 'listener':
      if (action === 'handed-over')
        return `listener ${led.at(-1)?.name ?? ''} hands the connection to listener ${name}`;
      return action === 'missing' ? `no listener takes ${name}` : `listener ${name} takes the connection`;
    case 'filter-chain':
      if (action === 'missing') return 'no filter chain takes the connection';
      return action === 'closed'
        ? `filter chain ${name} closes the connection`
        : `filter chain ${name.replace('filter_chains/', '')} takes it`;
    case 'virtual-host': {
      const table = led.find((one) => one.kind === 'route-config')?.name ?? '';
      const where = table === '' ? '' : `route configuration ${table}: `;
      return action === 'missing' ? `${where}no virtual host has ${name}` : `${where}virtual host ${name} takes it`;
    }
    case 'route':
      return routeText(action, name);
    case 'cluster':
      return clusterText(action, name, led);
    case 'endpoint':
      return endpointText(view, action, name);
    case 'reply':
      return `the proxy answers ${name}`;
    case 'route-config':
      return action === 'missing' ? `route configuration ${name} is missing` : `route configuration ${name}`;
    default:
      return `${kind.replace('-', ' ')} ${shortName(name)} ${FILTER_VERBS[action] ?? action}`;
  }
}

function clusterText(action: string, name: string, led: readonly EnvoyStep[]): string {
  if (action === 'missing') return `cluster ${name} does not exist`;
  const routed = led.find((one) => one.kind === 'route');
  const terms = routed === undefined || routed.reasons.length === 0 ? '' : ` (${routed.reasons.join(', ')})`;
  return `cluster ${name} ${verb(action)}${terms}`;
}

const FILTER_VERBS: Readonly<Record<string, string>> = {
  passed: 'lets it pass',
  denied: 'denies it',
  replied: 'answers',
  aborted: 'aborts it',
  closed: 'refuses it',
  delayed: 'delays it',
  selected: 'takes it',
  unknown: 'was not evaluated',
};

function routeText(action: string, name: string): string {
  switch (action) {
    case 'missing':
      return `no route takes ${name}`;
    case 'routed':
      return `it goes to cluster ${name}`;
    case 'redirected':
      return 'the route redirects it';
    case 'unknown':
      return `whether route ${name} takes it could not be determined`;
    default:
      return name === '' ? 'a route without name takes it' : `route "${name}" takes it`;
  }
}

function endpointText(view: ClusterView, action: string, name: string): string {
  if (action === 'missing') return `cluster ${name} has no endpoint to send to`;
  if (action === 'secured') return `the connection upstream is ${name === 'none' ? 'plain text' : name}`;
  const colon = name.lastIndexOf(':');
  const owner = addressOwner(view, name.slice(0, colon).replace(/^\[|\]$/g, ''), Number(name.slice(colon + 1)) || null);
  return `endpoint ${name}${owner === null ? '' : ` (${owner})`} is picked`;
}

function verb(action: string): string {
  return action === 'selected' ? 'is asked' : action === 'dropped' ? 'drops the request' : action;
}

function shortName(name: string): string {
  return name.replace(/^envoy\.filters\.(listener|network|http)\./, '');
}

function because({ reasons }: EnvoyStep): string {
  return reasons.length === 0 ? '' : `: ${reasons.join(', ')}`;
}

function standsBehind(objects: readonly IstioReference[]): string {
  return objects.length === 0 ? '' : ` (${listText(objects.map(objectText))})`;
}

function objectText({ kind, namespace, name, part }: IstioReference): string {
  return `${kind} ${namespace}/${name}${part === undefined ? '' : ` ${part}`}`;
}

type ProxyOwner = Owner & { readonly kind: 'pod' };

/** One sentence: what the proxy does in the end, and why. */
export function envoyEndReason(owner: ProxyOwner, role: string, outcome: EnvoyOutcome): string {
  const who = `the proxy of pod ${ownerName(owner)} (${role})`;
  const { end } = outcome;
  switch (end.kind) {
    case 'reply': {
      const flag = end.flag === null ? '' : ` (${end.flag})`;
      return `${capital(who)} answers ${end.status}${flag}${bodyText(end.body)}: ${decisive(outcome)}.`;
    }
    case 'close':
      return `${capital(who)} ${end.heard === 'remote_reset' ? 'resets the stream' : 'closes the connection'}${end.flag === null ? '' : ` (${end.flag})`}: ${decisive(outcome)}.`;
    case 'undetermined':
      return `What ${who} does could not be determined: ${end.unknown.reason}.`;
    case 'upstream':
      return `${capital(who)} asks ${end.address}.`;
  }
}

function bodyText(body: string | null): string {
  return body === null || body === '' ? '' : ` "${body}"`;
}

const NO_HTTP =
  'it reads HTTP there, and what the client sends is none (TLS where plain text is expected, or another protocol)';

/** Whether a codec closed what it could not read; that of HTTP/2 gives no detail. */
function noHttp(end: EnvoyOutcome['end']): boolean {
  return end.kind === 'close' && end.flag === 'DPE' && (end.detail === null || end.detail.endsWith('codec_error'));
}

/** The decision that led to the end: the last one that is not the answer itself, with the route that it stands on. */
function decisive(outcome: EnvoyOutcome): string {
  const last = outcome.steps.findLast((step) => step.kind !== 'reply');
  const route = outcome.steps.findLast((step) => step.kind === 'route' && step.objects.length > 0);
  if (last === undefined) return 'it has no listener for it';
  if (noHttp(outcome.end) && last.action !== 'closed') return NO_HTTP;
  const detail = endDetail(last) + because(last) + standsBehind(last.objects);
  if (route === undefined || route === last || last.objects.length > 0) return detail;
  return `${detail}, on route "${route.name}"${standsBehind(route.objects)}`;
}

function endDetail(step: EnvoyStep): string {
  switch (step.kind) {
    case 'virtual-host':
      return step.action === 'missing' ? `no virtual host has ${step.name}` : `virtual host ${step.name}`;
    case 'route':
      return routeText(step.action, step.name);
    case 'cluster':
      return step.action === 'missing'
        ? `cluster ${step.name} does not exist`
        : `cluster ${step.name} ${verb(step.action)}`;
    case 'endpoint':
      return `cluster ${step.name} has no endpoint to send to`;
    case 'filter-chain':
      return step.action === 'missing' ? 'no filter chain takes the connection' : `filter chain ${step.name}`;
    case 'listener':
      return step.action === 'missing' ? `no listener takes ${step.name}` : `listener ${step.name}`;
    default:
      return `${step.kind.replace('-', ' ')} ${shortName(step.name)} ${FILTER_VERBS[step.action] ?? step.action}`;
  }
}
