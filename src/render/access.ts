import { isMet, type AccessNeed, type AccessReport, type AccessState } from '../model/access.ts';
import { escapeControls } from './escape-controls.ts';
import { wrap } from './wrap.ts';

/** What an identity can collect, need by need, for people. */
export function renderAccess(report: AccessReport, columns: number): string {
  const who = report.user === null ? 'The identity of the kubeconfig' : `User ${report.user}`;
  const rows = report.needs.map(
    (need) =>
      [
        stateText(need.namespace !== null && need.state === 'namespace' ? 'everywhere' : need.state, report.namespace),
        needText(need),
      ] as const,
  );
  const width = Math.max(...rows.map(([state]) => state.length));
  const missing = report.needs.filter((need) => !isMet(need, report));
  const effects = [...new Set(missing.map(({ without }) => without))];
  const only = report.namespaceOnly && report.namespace !== null ? `-n ${report.namespace} ` : '';
  const lines = [
    ...wrap(`${who} at ${report.server} (cluster ${report.cluster}) may:`, columns, '', ''),
    '',
    ...rows.map(([state, need]) => `  ${state.padEnd(width)}  ${need}`),
    '',
    ...(missing.length === 0
      ? wrap('Everything that live collection asks for is allowed.', columns, '', '')
      : [
          'Where it is not allowed:',
          ...effects.flatMap((effect) => wrap(effect, columns, '  - ', '    ')),
          '',
          ...wrap(
            `A role that allows it, to be applied by an administrator: kubectl reach access ${only}-o yaml`,
            columns,
            '',
            '',
          ),
        ]),
  ];
  return escapeLines(lines);
}

function escapeLines(lines: readonly string[]): string {
  return `${lines.map(escapeControls).join('\n')}\n`;
}

function stateText(state: AccessState, namespace: string | null): string {
  switch (state) {
    case 'everywhere':
      return 'yes';
    case 'namespace':
      return `in ${namespace ?? 'one namespace'}`;
    case 'no':
      return 'NO';
    case 'unknown':
      return 'unknown';
  }
}

function needText({ verb, resource, group, namespace }: AccessNeed): string {
  return `${verb} ${resource}${group === '' ? '' : `.${group}`}${namespace === null ? '' : ` in namespace ${namespace}`}`;
}
