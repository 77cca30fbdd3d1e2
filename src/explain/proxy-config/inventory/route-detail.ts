import { describeMatch } from '../../../evaluate/proxies/envoy/http/match-parts.ts';
import { Cursor } from '../../../model/json.ts';
import { field, isSet, list, number, text, texts } from '../../../model/protobuf-message.ts';
import { ownerText } from '../owner.ts';
import { matchText } from '../routes.ts';
import type { Rejection, ResourceState } from './stated-resources.ts';

/** One route of a proxy, as wide tables and reach-json show it. */
export interface RouteDetail {
  readonly routeConfig: string;
  readonly state: ResourceState;
  readonly rejection: Rejection | null;
  readonly virtualHost: string;
  readonly domains: readonly string[];
  /** null: it has none. */
  readonly name: string | null;
  /** What istioctl prints. */
  readonly match: string;
  /** Everything that it asks for: path, method, headers, query. */
  readonly matches: readonly string[];
  /** `route`, `redirect`, `direct-response`, `filter`, `none`. */
  readonly action: string;
  readonly clusters: readonly { readonly name: string; readonly weight: number | null }[];
  /** `NAME.NAMESPACE` of the VirtualService. */
  readonly virtualService: string | null;
  readonly timeout: string | null;
  readonly retries: string | null;
  readonly rewrite: string | null;
  readonly redirect: string | null;
  readonly directResponse: string | null;
  readonly fault: string | null;
  readonly mirrors: readonly string[];
}

/**
 * The routes of one route configuration, one after the other; a virtual host without routes counts as one that answers 404.
 */
export function* routesOf(config: unknown, state: ResourceState, rejection: Rejection | null): Generator<RouteDetail> {
  for (const host of list(config, 'virtual_hosts')) {
    const about = {
      routeConfig: text(config, 'name'),
      state,
      rejection,
      virtualHost: text(host, 'name'),
      domains: texts(host, 'domains'),
    };
    const routes = list(host, 'routes');
    if (routes.length === 0) yield { ...about, ...NO_ROUTE };
    for (const route of routes) yield { ...about, ...routeDetail(route) };
  }
}

type OwnDetail = Omit<RouteDetail, 'routeConfig' | 'state' | 'rejection' | 'virtualHost' | 'domains'>;

const NO_ROUTE: OwnDetail = {
  name: null,
  match: '/*',
  matches: [],
  action: 'none',
  clusters: [],
  virtualService: null,
  timeout: null,
  retries: null,
  rewrite: null,
  redirect: null,
  directResponse: '404',
  fault: null,
  mirrors: [],
};

const ACTIONS = [
  ['route', 'route'],
  ['redirect', 'redirect'],
  ['direct_response', 'direct-response'],
  ['filter_action', 'filter'],
  ['non_forwarding_action', 'none'],
] as const;

function routeDetail(route: unknown): OwnDetail {
  const action = field(route, 'route');
  const status = number(route, 'direct_response', 'status');
  return {
    name: text(route, 'name') || null,
    match: matchText(route),
    matches: describeMatch(new Cursor('', '', field(route, 'match'))),
    action: ACTIONS.find(([name]) => isSet(route, name))?.[1] ?? 'none',
    clusters: clusterTargets(action),
    virtualService: ownerText(route) || null,
    timeout: text(action, 'timeout') || null,
    retries: retryText(field(action, 'retry_policy')),
    rewrite: rewriteText(action),
    redirect: isSet(route, 'redirect') ? redirectText(field(route, 'redirect')) : null,
    directResponse: isSet(route, 'direct_response') ? String(status) : null,
    fault: faultText(route),
    mirrors: list(action, 'request_mirror_policies').map(mirrorText),
  };
}

function clusterTargets(action: unknown): RouteDetail['clusters'] {
  const one = text(action, 'cluster');
  if (one !== '') return [{ name: one, weight: null }];
  const header = text(action, 'cluster_header');
  if (header !== '') return [{ name: `(header ${header})`, weight: null }];
  return list(action, 'weighted_clusters', 'clusters').map((cluster) => ({
    name: text(cluster, 'name') || `(header ${text(cluster, 'cluster_header')})`,
    weight: number(cluster, 'weight'),
  }));
}

function retryText(policy: unknown): string | null {
  if (policy === undefined) return null;
  // RetryPolicy.num_retries is 1 when it is not given.
  const count = isSet(policy, 'num_retries') ? number(policy, 'num_retries') : 1;
  const on = text(policy, 'retry_on');
  const perTry = text(policy, 'per_try_timeout');
  return `${count}${on === '' ? '' : ` on ${on}`}${perTry === '' ? '' : `, ${perTry} each`}`;
}

function rewriteText(action: unknown): string | null {
  const parts = [
    ['prefix_rewrite', 'path'],
    ['host_rewrite_literal', 'host'],
    ['host_rewrite_header', 'host from header'],
  ].flatMap(([name = '', what = '']) => {
    const value = text(action, name);
    return value === '' ? [] : [`${what} ${value}`];
  });
  const regex = field(action, 'regex_rewrite');
  if (regex !== undefined) parts.push(`path /${text(regex, 'pattern', 'regex')}/ to ${text(regex, 'substitution')}`);
  if (isSet(action, 'path_rewrite_policy')) parts.push('path by an extension');
  if (field(action, 'auto_host_rewrite') === true) parts.push("host of the endpoint's name");
  return parts.length === 0 ? null : parts.join(', ');
}

const REDIRECT_CODES = ['301', '302', '303', '307', '308'];
const CODE_NAMES = ['MOVED_PERMANENTLY', 'FOUND', 'SEE_OTHER', 'TEMPORARY_REDIRECT', 'PERMANENT_REDIRECT'];

function redirectText(redirect: unknown): string {
  const code = field(redirect, 'response_code');
  const index = typeof code === 'number' ? code : Math.max(0, CODE_NAMES.indexOf(text(redirect, 'response_code')));
  const scheme = text(redirect, 'scheme_redirect') || (field(redirect, 'https_redirect') === true ? 'https' : '');
  const port = number(redirect, 'port_redirect');
  const host = text(redirect, 'host_redirect');
  const target = `${scheme === '' ? '' : `${scheme}://`}${host}${port === 0 ? '' : `:${port}`}`;
  const prefix = text(redirect, 'prefix_rewrite');
  const path = text(redirect, 'path_redirect') || (prefix === '' ? '' : `${prefix}*`);
  return `${REDIRECT_CODES[index] ?? '301'} ${target}${path}`.trim();
}

const FAULT = 'envoy.filters.http.fault';

/** Of the route's own override of the fault filter (HTTPFault), what it does and to how many. */
function faultText(route: unknown): string | null {
  const own = field(route, 'typed_per_filter_config', FAULT);
  const fault = field(own, 'config') ?? own;
  if (fault === undefined) return null;
  const delay = field(fault, 'delay');
  const abort = field(fault, 'abort');
  const parts = [
    ...(delay === undefined ? [] : [`delay ${text(delay, 'fixed_delay') || 'by header'} ${shareText(delay)}`]),
    ...(abort === undefined ? [] : [`abort ${abortStatus(abort)} ${shareText(abort)}`]),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}

function abortStatus(abort: unknown): string {
  if (isSet(abort, 'http_status')) return String(number(abort, 'http_status'));
  return isSet(abort, 'grpc_status') ? `grpc ${number(abort, 'grpc_status')}` : 'by header';
}

const DENOMINATORS: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

function shareText(part: unknown): string {
  const percentage = field(part, 'percentage');
  const denominator = DENOMINATORS[text(percentage, 'denominator')] ?? 100;
  return `${(100 * number(percentage, 'numerator')) / denominator}%`;
}

function mirrorText(policy: unknown): string {
  const fraction = field(policy, 'runtime_fraction', 'default_value');
  const denominator = DENOMINATORS[text(fraction, 'denominator')] ?? 100;
  const share = fraction === undefined ? '' : ` ${(100 * number(fraction, 'numerator')) / denominator}%`;
  return `${text(policy, 'cluster') || `(header ${text(policy, 'cluster_header')})`}${share}`;
}
