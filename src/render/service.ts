/**
 * A report on Services for people. In: the report. Out: text without trailing newline, Service by Service. It computes nothing.
 */
import { formatEndpoint } from '../model/address.ts';
import type {
  ServiceAccount,
  ServiceBackend,
  ServiceEndpointRow,
  ServiceEntry,
  ServiceOnNodes,
  ServiceWay,
} from '../model/service-report.ts';
import { listText, percentText } from '../model/wording.ts';
import { columnLines } from './columns.ts';
import { escapeLine } from './escape-controls.ts';
import { ledgerLines } from './ledger.ts';
import { palette, type Palette } from './palette.ts';
import { wrap } from './wrap.ts';

export interface ServiceLayout {
  readonly color: boolean;
  /** Width of the terminal in columns. */
  readonly columns: number;
  /** The ledger instead of the first page. */
  readonly ledger: boolean;
  /** Every backend, node and proxy by name. */
  readonly wide: boolean;
}

/** Backends, nodes and proxies that are named in one line; the rest is counted. */
const NAMED = 5;
const INDENT = '  ';
/** Most rules that are shown behind one address. */
const MOST_RULES = 12;

/** @param looked how many Services were looked at, of which `services` may leave some out */
export function* renderServices(
  { services, looked }: { readonly services: Iterable<ServiceAccount>; readonly looked: number },
  layout: ServiceLayout,
): Generator<string> {
  const paint = palette(layout.color);
  let before = '';
  let differing = 0;
  let open = 0;
  for (const one of services) {
    yield before + serviceLines(one, layout, paint).join('\n');
    before = '\n\n';
    if (one.drift === true) differing += 1;
    if (one.drift === null) open += 1;
  }
  if (looked >= 2) {
    const unjudged = open === 0 ? '' : `, ${open} that could not be judged whole`;
    yield `${before}${looked} Services: ${differing} with drift${unjudged}`;
  } else if (before === '') yield 'no Service differs';
}

function serviceLines(account: ServiceAccount, layout: ServiceLayout, paint: Palette): readonly string[] {
  const title = escapeLine(`Service ${account.namespace}/${account.name}`);
  const head = `${paint.strong(title)}  ${account.type}${driftMark(account, paint)}`;
  if (layout.ledger) return [head, ...ledgerLines(account.ledger, layout.wide, paint).map(indented)];
  const spec = [
    ...account.spec.map(({ field, value }) => [field, escapeLine(value)]),
    ['names', account.names.map(escapeLine).join(', ')],
  ];
  return [
    head,
    ...columnLines(spec).map(indented),
    '',
    ...endpointLines(account.endpoints),
    ...account.nodes.flatMap((group) => ['', ...nodeLines(group, layout, paint)]),
  ];
}

function driftMark({ drift }: ServiceAccount, paint: Palette): string {
  if (drift === true) return `  ${paint.severity('error')('drift')}`;
  return drift === null ? `  ${paint.severity('warning')('not everything is known')}` : '';
}

function indented(line: string): string {
  return line === '' ? '' : INDENT + line;
}

function endpointLines(rows: readonly ServiceEndpointRow[]): readonly string[] {
  if (rows.length === 0) return ['no endpoints'];
  const table = rows.map((row) => [
    formatEndpoint(row.address, row.port),
    row.portName ?? '-',
    conditionText(row),
    row.pod ?? '-',
    row.node ?? '-',
    row.zone ?? '-',
    row.hints.length === 0 ? '-' : row.hints.join(', '),
  ]);
  const head = ['ENDPOINT', 'PORT', 'CONDITION', 'POD', 'NODE', 'ZONE', 'HINTS'];
  return columnLines([head, ...table.map((cells) => cells.map(escapeLine))]);
}

function conditionText({ ready, serving, terminating }: ServiceEndpointRow): string {
  if (terminating) return serving ? 'terminating, serving' : 'terminating';
  return ready ? 'ready' : 'not ready';
}

function nodeLines(group: ServiceOnNodes, layout: ServiceLayout, paint: Palette): readonly string[] {
  const nodes = listText(group.nodes.map(escapeLine), layout.wide ? group.nodes.length : NAMED);
  const basis = group.basis === 'programmed' ? '' : ` ${paint.dim(`[${BASIS[group.basis]}]`)}`;
  const mode = group.mode === null ? '' : ` (${group.mode})`;
  const head = `${paint.strong(`${group.nodes.length === 1 ? 'node' : 'nodes'} ${nodes}`)}${mode}${basis}`;
  if (group.entries.length === 0) return [head, `${INDENT}no address of the Service is programmed`];
  return [head, ...group.entries.flatMap((entry) => entryLines(entry, layout, paint)).map(indented)];
}

const BASIS = { intended: 'intended, not seen', unknown: 'not captured' } as const;

function entryLines(entry: ServiceEntry, layout: ServiceLayout, paint: Palette): readonly string[] {
  const name = entry.portName === null ? '' : ` (${entry.portName})`;
  const at = entry.address === 'NODE' ? `NODE:${entry.port}` : formatEndpoint(entry.address, entry.port);
  const head = escapeLine(`${KINDS[entry.kind]} ${at}/${entry.protocol}${name}`);
  return [head, ...entry.ways.flatMap((way) => wayLines(way, layout, paint)).map(indented)];
}

const KINDS = {
  clusterIP: 'cluster IP',
  externalIP: 'external IP',
  loadBalancerIP: 'load balancer',
  nodePort: 'node port',
} as const;

/** `from pod: 33.3 % each of 10.244.0.11:8080, …; source kept` */
function wayLines(way: ServiceWay, layout: ServiceLayout, paint: Palette): readonly string[] {
  const from = `from ${listText(way.from)}: `;
  const width = Math.max(40, layout.columns - INDENT.length * 2);
  const told = wrap(escapeLine(from + wayText(way, layout.wide)), width, '', INDENT);
  const drift =
    way.drift === null
      ? []
      : wrap(escapeLine(`${way.drift.code}: ${way.drift.text}`), width, INDENT, INDENT).map((line) =>
          paint.severity('error')(line),
        );
  const rules = way.rules.slice(0, MOST_RULES).map(({ artefact, line, pointer, raw }) => {
    const place = `${artefact.slice(artefact.lastIndexOf('/') + 1)}${line === undefined ? (pointer ?? '') : `:${line}`}`;
    return paint.dim(INDENT + escapeLine(`${raw}  ${place}`));
  });
  const more = way.rules.length - rules.length;
  return [...told, ...drift, ...rules, ...(more > 0 ? [paint.dim(`${INDENT}and ${more} more rules`)] : [])];
}

function wayText(way: ServiceWay, wide: boolean): string {
  const why = way.reason === null ? '' : ` (${way.reason})`;
  switch (way.action) {
    case 'rejected':
    case 'dropped':
      return `${way.action}${why}`;
    case 'untouched':
      return 'no rule takes it';
    case 'undetermined':
      return `undetermined${why}`;
    case 'translated': {
      const parts = [shareText(way.backends, wide) + why, SOURCES[way.masquerade]];
      return [...parts, ...(way.affinity ? ['clients stay where they were'] : [])].join('; ');
    }
  }
}

const SOURCES = {
  all: "source replaced by the node's",
  none: 'source kept',
  some: "source replaced by the node's for some backends",
  unknown: 'whether the source is replaced is not known',
} as const;

function shareText(backends: readonly ServiceBackend[], wide: boolean): string {
  const most = wide ? backends.length : NAMED;
  const name = ({ ip, port, pod }: ServiceBackend): string =>
    pod === null ? formatEndpoint(ip, port) : `${formatEndpoint(ip, port)} (${pod})`;
  const [first] = backends;
  if (first === undefined) return 'nobody';
  // Rules tell shares to a few digits: 1/3 of what is left is not exactly 1/3.
  const equal = backends.every((one) => share(one) === share(first));
  if (!equal)
    return listText(
      backends.map((one) => `${share(one)}${name(one)}`),
      most,
    );
  if (backends.length === 1) return name(first);
  return first.probability === null
    ? `one of ${listText(backends.map(name), most, 'or')}`
    : `${percentText(first.probability)} each to ${listText(backends.map(name), most)}`;
}

function share({ probability }: ServiceBackend): string {
  return probability === null ? '' : `${percentText(probability)} to `;
}
