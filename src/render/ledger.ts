import type { LedgerCell, LedgerColumn, ServiceLedger } from '../model/service-report.ts';
import { listText } from '../model/wording.ts';
import { columnLines } from './columns.ts';
import { escapeLine } from './escape-controls.ts';
import type { Palette } from './palette.ts';

/** Nodes and proxies named in the heading of a column; the rest is counted. */
const NAMED = 2;

/** Who knows which endpoint, one line for each; `!` marks those on which somebody disagrees. */
export function ledgerLines(ledger: ServiceLedger, wide: boolean, paint: Palette): readonly string[] {
  if (ledger.rows.length === 0) return ['no endpoints'];
  const heads = ['', 'ENDPOINT', 'PORT', 'POD', ...ledger.columns.map((column) => escapeLine(headText(column, wide)))];
  const rows = ledger.rows.map(({ endpoint, portName, pod, cells, odd }) =>
    [odd ? '!' : '', endpoint, portName ?? '-', pod ?? '-', ...cells.map(cellText)].map(escapeLine),
  );
  const [head = '', ...lines] = columnLines([heads, ...rows]);
  return [
    head,
    ...lines.map((line, index) => (ledger.rows[index]?.odd === true ? paint.severity('error')(line) : line)),
  ];
}

function headText({ kind, names }: LedgerColumn, wide: boolean): string {
  if (kind === 'slice') return 'ENDPOINTSLICE';
  if (kind === 'conntrack') return 'CONNTRACK';
  return `${kind === 'node' ? 'node' : 'proxy'} ${listText(names, wide ? names.length : NAMED)}`;
}

const WORDS = {
  present: 'present',
  missing: 'missing',
  extra: 'extra',
  unhealthy: 'unhealthy',
  stale: 'stale',
  absent: '-',
  unknown: 'not known',
} as const;

function cellText({ state, detail }: LedgerCell): string {
  if (detail === null) return WORDS[state];
  return state === 'present' ? detail : `${WORDS[state]} (${detail})`;
}
