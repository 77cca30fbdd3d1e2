import type { ProxyDump } from '../../model/proxy-dump.ts';
import { enumName, field, list, text } from '../../model/protobuf-message.ts';
import { runningResources } from './resources.ts';
import { sortedBy, type Table } from './table.ts';

/** A policy of an RBAC filter that istiod wrote. */
export interface AuthorizationRow {
  readonly action: string;
  /** `NAME.NAMESPACE`; `_anonymous_match_nothing_`: a filter without policies. */
  readonly policy: string;
  /** Different rules of the policy, whatever their action. */
  readonly rules: number;
}

const ORDER = ['DENY', 'ALLOW', 'LOG', 'CUSTOM'];
const NOTHING = '_anonymous_match_nothing_';
const NAME = /(?:istio-ext-authz-)?ns\[(.+)\]-policy\[(.+)\]-rule\[(.+)\]/;
const HTTP = 'envoy.filters.http.rbac';
const NETWORK = 'envoy.filters.network.rbac';
const MANAGERS = new Set(['envoy.filters.network.http_connection_manager', 'envoy.http_connection_manager']);

/**
 * The AuthorizationPolicies that a proxy enforces, from the RBAC filters of its listeners, as `istioctl x authz check` counts them
 * (istioctl/pkg/authz/listener.go), with those of default filter chains, which it skips.
 * @throws QuestionError when the dump has no listeners
 */
export function authorizationRows(dump: ProxyDump): AuthorizationRow[] {
  const listeners = runningResources(dump, 'ListenersConfigDump', [['dynamic_listeners', 'active_state', 'listener']]);
  const rules = new Map<string, Set<string>>();
  const actions = new Map<string, Set<string>>();
  const add = (action: string, policy: string, rule: string): void => {
    actions.set(action, (actions.get(action) ?? new Set()).add(policy));
    rules.set(policy, (rules.get(policy) ?? new Set()).add(rule));
  };
  for (const config of [...listeners].flatMap(rbacConfigs)) {
    const action = enumName(field(config, 'rules'), 'action', ['ALLOW', 'DENY', 'LOG']);
    const names = keysOf(field(config, 'rules', 'policies'));
    for (const name of names) addNamed(action, name, add);
    if (names.length === 0) add(action, NOTHING, '0');
    // External authorization asks in shadow: the answer decides whether ext_authz is called.
    const shadows = keysOf(field(config, 'shadow_rules', 'policies'));
    for (const name of shadows.filter((one) => one.startsWith('istio-ext-authz-'))) addNamed('CUSTOM', name, add);
  }
  const rows = [...actions].flatMap(([action, policies]) =>
    [...policies].map((policy) => ({ action, policy, rules: rules.get(policy)?.size ?? 0 })),
  );
  return sortedBy(rows, ({ action, policy }) => [ORDER.indexOf(action), policy]);
}

function addNamed(action: string, name: string, add: (action: string, policy: string, rule: string) => void): void {
  const [, namespace = '', policy = '', rule = ''] = NAME.exec(name) ?? [];
  // A policy that somebody else wrote stands under its own name.
  add(action, policy === '' ? name : `${policy}.${namespace}`, rule);
}

function rbacConfigs(listener: unknown): unknown[] {
  const fallback = field(listener, 'default_filter_chain');
  const chains = [...list(listener, 'filter_chains'), ...(fallback === undefined ? [] : [fallback])];
  return chains.flatMap((chain) =>
    list(chain, 'filters').flatMap((filter) => {
      const config = field(filter, 'typed_config');
      if (text(filter, 'name') === NETWORK) return [config];
      if (!MANAGERS.has(text(filter, 'name'))) return [];
      return list(config, 'http_filters')
        .filter((one) => text(one, 'name') === HTTP)
        .map((one) => field(one, 'typed_config'));
    }),
  );
}

function keysOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

export function authorizationTable(rows: readonly AuthorizationRow[]): Table {
  const cells = rows.map(({ action, policy, rules }) => [action, policy, String(rules)]);
  return { columns: ['ACTION', 'AuthorizationPolicy', 'RULES'], rows: cells, padding: 3 };
}
