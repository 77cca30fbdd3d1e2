import type { ServiceDrift } from '../../model/service-report.ts';
import { listText } from '../../model/wording.ts';
import { targetsOf, type Ending } from './way.ts';

const ASKED: Readonly<Record<Ending['action'], string>> = {
  translated: 'translate it',
  rejected: 'reject it',
  dropped: 'drop it',
  untouched: 'leave it alone',
  undetermined: 'do what is not known',
};

/** What rules do, or objects ask. */
export interface Side {
  readonly endings: readonly Ending[];
  /** `ip:port` of every backend; null: some ending is undetermined. */
  readonly targets: ReadonlySet<string> | null;
}

/** All that is compared of some endings. */
export function sideOf(endings: readonly Ending[]): Side {
  const open = endings.some((one) => one.action === 'undetermined');
  return { endings, targets: open ? null : targetsOf(endings) };
}

/**
 * What the API objects ask of a node that its rules do not do; null: nothing, or something is not known. Codes as the checks of a walk
 * give them (check/node-drift.ts).
 * @param known whether an EndpointSlice of the Service has the `ip:port`
 */
export function driftOf(
  { endings: programmed, targets: found }: Side,
  { endings: intended, targets: wanted }: Side,
  known: (endpoint: string) => boolean,
): ServiceDrift | null {
  if (found === null || wanted === null) return null;
  const done = actionOf(programmed);
  const asked = actionOf(intended);
  if (wanted.size > 0 && done === 'untouched') {
    return {
      code: 'KR201',
      text: `The node has no rule for it, though it should send it to ${listText([...wanted])}.`,
    };
  }
  const extra = [...found].filter((one) => !wanted.has(one));
  const gone = extra.filter((one) => !known(one));
  if (gone.length > 0) {
    return {
      code: 'KR202',
      text: `The node sends it to ${listText(gone)}, which no EndpointSlice of the Service has.`,
    };
  }
  const lacking = [...wanted].filter((one) => !found.has(one));
  if (lacking.length > 0 && found.size > 0) {
    return { code: 'KR203', text: `The node sends nothing to ${listText(lacking)}, though its endpoints are ready.` };
  }
  if (asked !== done && asked !== undefined && done !== undefined) {
    return { code: 'KR204', text: `The API objects ask the node to ${ASKED[asked]}, but its rules ${ASKED[done]}.` };
  }
  if (extra.length > 0) {
    return { code: 'KR204', text: `The node sends it to ${listText(extra)} too, which it should not use.` };
  }
  return masqueradeDrift(programmed, intended);
}

/** What a node does first of all: an untranslated way counts only where there is no other. */
function actionOf(endings: readonly Ending[]): Ending['action'] | undefined {
  const order = ['translated', 'rejected', 'dropped', 'untouched'] as const;
  return order.find((action) => endings.some((one) => one.action === action));
}

function masqueradeDrift(programmed: readonly Ending[], intended: readonly Ending[]): ServiceDrift | null {
  const wanted = new Map(intended.map((one) => [one.to === null ? '' : `${one.to.ip} ${one.to.port}`, one.masquerade]));
  for (const { to, masquerade } of programmed) {
    const asked = to === null ? null : (wanted.get(`${to.ip} ${to.port}`) ?? null);
    if (asked === null || asked === masquerade) continue;
    const text = asked
      ? 'The node should replace the source of these connections, but does not.'
      : 'The node replaces the source of these connections, and should not.';
    return { code: 'KR204', text };
  }
  return null;
}
