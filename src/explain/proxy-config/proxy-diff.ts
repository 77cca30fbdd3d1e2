import type { ProxyDump } from '../../model/proxy-dump.ts';
import { unreadableDocument } from './documents.ts';
import { statedResources } from './inventory/stated-resources.ts';
import { field, list, number, text, withField } from '../../model/protobuf-message.ts';
import { differences, meaningOf, meansSame, sortedByMeaning, type ValueChange } from './semantic-diff.ts';
import { compareBytes } from './table.ts';

const KINDS = ['listener', 'route', 'cluster', 'endpoint', 'secret', 'extension'] as const;
export type DiffKind = (typeof KINDS)[number];

/** One resource that is not the same on both sides. */
export interface ResourceChange {
  readonly kind: DiffKind;
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Of a changed one; at most {@link CHANGES_KEPT}. */
  readonly changes: readonly ValueChange[];
  /** How many changes there are. */
  readonly count: number;
}

/** How the resources of one kind compare. */
export interface KindDiff {
  readonly kind: DiffKind;
  /** `missing`: one side or both have no such section at all, so that nothing can be said. */
  readonly status: 'same' | 'different' | 'missing';
  /** The side that lacks it: `before`, `after` or `both`; null: none does. */
  readonly missing: 'before' | 'after' | 'both' | null;
  readonly resources: readonly ResourceChange[];
}

export interface DiffOptions {
  /** Only resources that a control plane delivered, and that serve requests. */
  readonly dynamicOnly: boolean;
  /** Kinds to leave out. */
  readonly without?: readonly DiffKind[];
}

/** An endpoint of which EDS says nothing is taken for healthy. */
const HEALTHY = new Set(['', 'UNKNOWN', 'HEALTHY']);

const CHANGES_KEPT = 100;

const SECTIONS: Readonly<Record<DiffKind, string>> = {
  listener: 'ListenersConfigDump',
  route: 'RoutesConfigDump',
  cluster: 'ClustersConfigDump',
  endpoint: 'EndpointsConfigDump',
  secret: 'SecretsConfigDump',
  extension: 'EcdsConfigDump',
};

/**
 * What one proxy has that another has not, by what it means. Versions and times never count.
 * @throws QuestionError when a part of a dump cannot be read: of the rest it is not known whether it is the same
 */
export function diffProxies(
  before: ProxyDump,
  after: ProxyDump,
  { dynamicOnly, without = [] }: DiffOptions,
): KindDiff[] {
  const has = (dump: ProxyDump, kind: DiffKind): boolean => dump.section(SECTIONS[kind]) !== undefined;
  // Only proxies with filters by extension discovery have that section.
  const asked = KINDS.filter((kind) => kind !== 'extension' || has(before, kind) || has(after, kind));
  const isKnown = (dump: ProxyDump, kind: DiffKind): boolean =>
    has(dump, kind) || (kind === 'extension' && ALWAYS.every((one) => has(dump, one)));
  const kinds = asked
    .filter((kind) => !without.includes(kind))
    .map((kind): KindDiff => {
      const missing = missingSide(isKnown(before, kind), isKnown(after, kind));
      if (missing !== null) return { kind, status: 'missing', missing, resources: [] } as const;
      const resources = changesOf(kind, resourcesOf(before, kind, dynamicOnly), resourcesOf(after, kind, dynamicOnly));
      return { kind, status: resources.length === 0 ? 'same' : 'different', missing, resources } as const;
    });
  const [gap] = [...before.gaps(), ...after.gaps()];
  if (gap !== undefined) throw unreadableDocument(gap);
  return kinds;
}

/** Kinds that every proxy's dump has unless it was captured in part. */
const ALWAYS: readonly DiffKind[] = ['listener', 'route', 'cluster'];

function missingSide(before: boolean, after: boolean): KindDiff['missing'] {
  if (before) return after ? null : 'after';
  return after ? 'before' : 'both';
}

type Resources = ReadonlyMap<string, unknown>;

function changesOf(kind: DiffKind, before: Resources, after: Resources): ResourceChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted(compareBytes);
  return names.flatMap((name): ResourceChange[] => {
    const [old, fresh] = [before.get(name), after.get(name)];
    if (old === undefined) return [{ kind, name, change: 'added', changes: [], count: 1 }];
    if (fresh === undefined) return [{ kind, name, change: 'removed', changes: [], count: 1 }];
    if (meansSame(old, fresh)) return [];
    const changes = differences(old, fresh);
    return [{ kind, name, change: 'changed', changes: changes.slice(0, CHANGES_KEPT), count: changes.length }];
  });
}

/** Resources by name; one that is warming, draining or refused stands beside the active one of its name. */
function resourcesOf(dump: ProxyDump, kind: DiffKind, dynamicOnly: boolean): Resources {
  if (kind === 'secret') return secretsOf(dump);
  if (kind === 'extension') return extensionsOf(dump);
  const found: [string, unknown][] = [];
  for (const { resource, state, origin, rejection } of statedResources(dump, kind)) {
    if (dynamicOnly && (origin !== 'dynamic' || state !== 'active')) continue;
    const name = text(resource, kind === 'endpoint' ? 'cluster_name' : 'name') || unnamed(resource);
    const shown = kind === 'endpoint' ? withHealth(resource) : resource;
    found.push([state === 'active' ? name : `${name} (${state})`, shown]);
    if (rejection !== null && !dynamicOnly) found.push([`${name} (rejected update)`, { reason: rejection.reason }]);
  }
  return numbered(found);
}

/** Listeners of the bootstrap have no name, but an address. */
function unnamed(resource: unknown): string {
  const port = number(resource, 'address', 'socket_address', 'port_value');
  return port === 0 ? '(unnamed)' : `${text(resource, 'address', 'socket_address', 'address')}:${port}`;
}

/** Resources of one name are told apart by a number, which follows their contents and not their order. */
function numbered(found: readonly (readonly [string, unknown])[]): Resources {
  const byName = new Map<string, unknown[]>();
  for (const [name, resource] of found) byName.set(name, [...(byName.get(name) ?? []), resource]);
  return new Map(
    [...byName].flatMap(([name, same]) =>
      (same.length === 1 ? same : sortedByMeaning(same)).map((one, index) => [
        index === 0 ? name : `${name} (${index + 1})`,
        one,
      ]),
    ),
  );
}

/**
 * What counts of an assignment: Envoy prints weights and health of every endpoint, and HEALTHY where EDS said nothing of it, which a
 * control plane leaves out; fields that are empty; and where it does not balance by locality, a group for each endpoint
 * (source/server/admin/config_dump_handler.cc, addLbEndpoint).
 */
function withHealth(assignment: unknown): unknown {
  const groups = new Map<string, { readonly group: unknown; readonly endpoints: unknown[] }>();
  for (const group of list(assignment, 'endpoints')) {
    const endpoints = list(group, 'lb_endpoints').map(endpointMeaning);
    const about = withField(group, 'lb_endpoints', []);
    const known = groups.get(meaningOf(about));
    if (known !== undefined) known.endpoints.push(...endpoints);
    else if (endpoints.length > 0) groups.set(meaningOf(about), { group: about, endpoints });
  }
  const drops = list(assignment, 'policy', 'drop_overloads');
  return {
    cluster_name: text(assignment, 'cluster_name'),
    endpoints: [...groups.values()].map(({ group, endpoints }) => withField(group, 'lb_endpoints', endpoints)),
    ...(drops.length === 0 ? {} : { drop_overloads: drops }),
  };
}

function endpointMeaning(endpoint: unknown): unknown {
  const more = list(endpoint, 'endpoint', 'additional_addresses');
  const hostname = text(endpoint, 'endpoint', 'hostname');
  const checked = number(endpoint, 'endpoint', 'health_check_config', 'port_value');
  return {
    endpoint: {
      address: field(endpoint, 'endpoint', 'address'),
      ...(more.length === 0 ? {} : { additional_addresses: more }),
      ...(hostname === '' ? {} : { hostname }),
      ...(checked === 0 ? {} : { health_check_port: checked }),
    },
    health_status: HEALTHY.has(text(endpoint, 'health_status')) ? 'HEALTHY' : text(endpoint, 'health_status'),
    load_balancing_weight: field(endpoint, 'load_balancing_weight') ?? 1,
    metadata: field(endpoint, 'metadata'),
  };
}

/** Filters by extension discovery, by name. */
function extensionsOf(dump: ProxyDump): Resources {
  const filters = dump.sections(SECTIONS.extension).flatMap((section) => section.elements('ecds_filters'));
  return numbered(
    filters.map((element) => {
      const filter = field(element, 'ecds_filter');
      return [text(filter, 'name'), filter] as const;
    }),
  );
}

/** Secrets by name: their certificates, for private keys are not in a dump. */
function secretsOf(dump: ProxyDump): Resources {
  const section = dump.section(SECTIONS.secret)?.value;
  const found = new Map<string, unknown>();
  for (const [member, suffix] of [
    ['static_secrets', ''],
    ['dynamic_active_secrets', ''],
    ['dynamic_warming_secrets', ' (warming)'],
  ] as const) {
    for (const element of list(section, member)) {
      const secret = field(element, 'secret');
      const name = text(element, 'name') || text(secret, 'name');
      found.set(`${name}${suffix}`, secret);
    }
  }
  return found;
}

/** What two proxies are to each other; `unknown`: what could be compared is the same, and something could not. */
export type Verdict = 'same' | 'different' | 'unknown';

/** The verdict on all kinds together. */
export function verdictOf(diff: readonly KindDiff[]): Verdict {
  if (diff.some(({ status }) => status === 'different')) return 'different';
  return diff.some(({ status }) => status === 'missing') ? 'unknown' : 'same';
}

/** The differences as lines for people. */
export function diffLines(diff: readonly KindDiff[], before: string, after: string, allChanges: boolean): string[] {
  const shown = allChanges ? CHANGES_KEPT : 8;
  return diff.flatMap(({ kind, status, missing, resources }) => {
    const plural = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}s`;
    if (status === 'same') return [`${plural} match`];
    if (status === 'missing') {
      const who =
        missing === 'both'
          ? 'neither was captured with'
          : `${missing === 'before' ? before : after} was captured without`;
      return [`${plural} cannot be compared: ${who} them`];
    }
    return [`${plural} differ`, ...resources.flatMap((one) => resourceLines(one, shown))];
  });
}

function resourceLines({ name, change, changes, count }: ResourceChange, shown: number): string[] {
  if (change !== 'changed') return [`  ${change === 'added' ? '+' : '-'} ${name}`];
  const lines = changes.slice(0, shown).flatMap((one) => {
    if (one.before === undefined) return [`      + ${one.path}: ${valueText(one.after)}`];
    if (one.after === undefined) return [`      - ${one.path}: ${valueText(one.before)}`];
    return [`      - ${one.path}: ${valueText(one.before)}`, `      + ${one.path}: ${valueText(one.after)}`];
  });
  const more = count > shown ? [`      … and ${count - shown} more`] : [];
  return [`  ~ ${name}`, ...lines, ...more];
}

const VALUE_LIMIT = 160;

function valueText(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length <= VALUE_LIMIT ? json : `${json.slice(0, VALUE_LIMIT)}…`;
}
