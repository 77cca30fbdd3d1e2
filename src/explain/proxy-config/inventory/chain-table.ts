import type { Table } from '../table.ts';
import type { ChainRow } from './chain-rows.ts';
import { stateCell } from './wide-tables.ts';

const SHOWN_ADDRESSES = 3;

/** The ways as a table. */
export function chainTable(rows: readonly ChainRow[], wide: boolean): Table {
  const columns = [
    'LISTENER',
    'CHAIN MATCH',
    'ROUTES',
    'VHOST',
    'ROUTE MATCH',
    'CLUSTER',
    'WEIGHT',
    'ENDPOINTS',
    'SERVICE',
    'VIRTUAL SERVICE',
    'DESTINATION RULE',
    ...(wide ? ['STATE', 'DIRECTION', 'FILTER CHAIN', 'ROUTE', 'DOMAINS', 'ADDRESSES'] : []),
  ];
  const cells = rows.map((row) => [
    listenerCell(row),
    row.chainMatch,
    row.routeConfig ?? '-',
    row.virtualHost ?? '-',
    row.virtualHost === null ? '-' : row.matches.join(' and ') || 'none',
    row.cluster === null ? (row.ends ?? '-') : row.clusterKnown === false ? `${row.cluster} (MISSING)` : row.cluster,
    row.weight === null ? '-' : `${Math.round(row.weight * 1000) / 10}%`,
    endpointsCell(row, wide),
    row.services.join(',') || '-',
    row.virtualService ?? '-',
    row.destinationRule ?? '-',
    ...(wide
      ? [
          stateCell(row.state, row.rejection),
          row.direction,
          row.filterChain ?? '-',
          row.route ?? '-',
          row.domains.join(',') || '-',
          row.addresses.join(',') || '-',
        ]
      : []),
  ]);
  return { columns, rows: cells, padding: 3 };
}

/** With the state, where the listener takes no new connections: nothing goes this way. */
function listenerCell({ listener, address, port: own, state }: ChainRow): string {
  const name = listener || `${address}:${own}`;
  return state === 'active' ? name : `${name} (${state.toUpperCase()})`;
}

/** `2/3 10.1.0.1:80,10.1.0.2:80,…`: how many may be sent requests, and the first of them. */
function endpointsCell({ endpoints, addresses: own }: ChainRow, wide: boolean): string {
  if (endpoints === null) return '-';
  const count = `${endpoints.healthy}/${endpoints.total}`;
  if (wide || own.length === 0) return count;
  const more = own.length > SHOWN_ADDRESSES ? ',…' : '';
  return `${count} ${own.slice(0, SHOWN_ADDRESSES).join(',')}${more}`;
}
