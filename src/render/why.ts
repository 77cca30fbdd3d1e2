import type { WhyAnswer, WhyCause } from '../explain/why/why.ts';
import { gapRaw } from '../model/artefact.ts';
import { escapeControls } from './escape-controls.ts';
import { palette, type Palette } from './palette.ts';
import { wrap } from './wrap.ts';

/** Places of a cause that are told without -v. */
const SHOWN = 3;

const VERDICTS: Readonly<Record<WhyCause['verdict'], string>> = {
  found: 'found',
  possible: 'possible',
  open: 'cannot be told',
  'ruled-out': 'ruled out',
};

/** Causes of response flags for people: what the flags mean, then each proxy's causes, those that are ruled out in a line each. */
export function renderWhy(
  { flags, detail, proxies }: WhyAnswer,
  { color, columns: width }: { readonly color: boolean; readonly columns: number },
  verbose: boolean,
): string {
  const colors = palette(color);
  const lines = flags.map(({ code, name, meaning }) => `${colors.strong(code)} ${name}: ${meaning}`);
  if (detail !== null && detail !== '') lines.push(`details ${escapeControls(gapRaw(detail))}`);
  for (const { proxy, causes, notRead } of proxies) {
    lines.push('', colors.strong(proxy === null ? 'the proxy' : `proxy of pod ${escapeControls(proxy)}`));
    for (const cause of causes) lines.push(...causeLines(cause, colors, width, verbose));
    if (notRead.length > 0) lines.push(colors.dim(`  not read: ${notRead.join(', ')}`));
  }
  return lines.join('\n');
}

function causeLines(cause: WhyCause, colors: Palette, width: number, verbose: boolean): string[] {
  const { verdict, title, reason, places, count, remedy } = cause;
  const tint =
    verdict === 'found' ? colors.severity('error') : verdict === 'ruled-out' ? colors.dim : colors.severity('warning');
  const head = `${tint(VERDICTS[verdict])}  ${escapeControls(title)}`;
  if (verdict === 'ruled-out')
    return wrap(colors.dim(`${VERDICTS[verdict]}  ${title} (${escapeControls(reason)})`), width, '  ', '    ');
  const shown = places.slice(0, verbose ? places.length : SHOWN);
  const evidence = (place: WhyCause['places'][number]): string[] =>
    verbose
      ? place.evidence.map(({ artefact, pointer, raw }) =>
          colors.dim(`      ${escapeControls(`${artefact}#${pointer ?? ''}: ${raw.slice(0, 200)}`)}`),
        )
      : [];
  return [
    ...wrap(head, width, '  ', '    '),
    ...shown.flatMap((place) => [...wrap(escapeControls(place.text), width, '    - ', '      '), ...evidence(place)]),
    ...(count > shown.length
      ? [colors.dim(`    … and ${count - shown.length} more${verbose ? '' : ' (-v shows more)'}`)]
      : []),
    ...(verdict === 'open' ? wrap(escapeControls(reason), width, '    ', '    ') : []),
    ...wrap(colors.dim(remedy), width, '    ', '    '),
  ];
}
