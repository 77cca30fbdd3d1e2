import Table from 'cli-table3';
import { percentText } from '../model/wording.ts';
import type { Explanation } from '../model/explanation.ts';
import { formatEndpoint } from '../model/address.ts';
import { escapeLine } from './escape-controls.ts';

const HEADINGS = [
  'SHARE',
  'DISPOSITION',
  'STATUS',
  'FLAG',
  'BACKEND',
  'POD',
  'NODE',
  'SOURCE SEEN',
  'CONDITION',
  'REASON',
];

const BARE = {
  chars: {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
};

/** Every branch as a row, in kubectl's manner: no borders, nothing cut, `-` for nothing. */
export function renderWide(explanation: Explanation): string {
  const table = new Table({ ...BARE, head: HEADINGS });
  for (const branch of explanation.branches) {
    const { backend } = branch;
    const cells = [
      percentText(branch.probability),
      branch.disposition,
      branch.status,
      branch.flag,
      backend === null ? null : formatEndpoint(backend.ip, backend.port),
      backend?.pod,
      backend?.node,
      branch.observedSource,
      branch.condition,
      branch.reason,
    ];
    table.push(cells.map((cell) => escapeLine(String(cell ?? '-'))));
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
