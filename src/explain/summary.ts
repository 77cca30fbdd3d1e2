import type { Branch, Disposition, Verdict } from '../model/explanation.ts';
import type { Question } from '../model/question.ts';
import { formatEndpoint } from '../model/address.ts';
import { percentText } from '../model/wording.ts';
import { deliveredAsIntended, isUnsure } from './verdict.ts';

const DISPOSITION_TEXT: Readonly<Record<Disposition, string>> = {
  delivered: 'is delivered',
  refused: 'is refused',
  dropped: 'is lost without an answer (the client times out)',
  denied: 'is denied by a policy',
  failed: 'is answered with an error by a proxy',
  unresolved: 'fails because the name does not resolve',
  unroutable: 'cannot be routed',
  loop: 'runs in a circle',
  'leaves-snapshot': 'leaves the snapshot',
  undetermined: 'could not be determined',
};

/** The answer in one or two sentences. */
export function summaryOf(question: Question, verdict: Verdict, branches: readonly Branch[]): string {
  const live = branches.filter((branch) => branch.probability > 0);
  const what = `${question.fromText} → ${question.target.text}`;
  switch (verdict) {
    case 'reachable':
      return `${what} is delivered${to(live)}.`;
    case 'unreachable':
      return `${what} ${only(live)}. ${live[0]?.reason ?? ''}`.trimEnd();
    case 'partial':
      return `${what} is delivered on some ways only: ${shares(live)}. ${firstFailure(live)}`;
    case 'undetermined':
      return `${what} could not be determined. ${why(live)}`;
  }
}

function to(branches: readonly Branch[]): string {
  const backends = [...new Set(branches.map((branch) => backendText(branch)))];
  if (backends.length === 1) return ` to ${backends[0]}`;
  return backends.length <= 3 ? ` to one of ${backends.join(', ')}` : ` to one of ${backends.length} backends`;
}

function backendText({ backend }: Branch): string {
  if (backend === null) return 'an unknown backend';
  const at = formatEndpoint(backend.ip, backend.port);
  return backend.pod === null ? at : `${backend.pod} (${at})`;
}

function only(branches: readonly Branch[]): string {
  const dispositions = [...new Set(branches.map((branch) => branch.disposition))];
  const [first] = dispositions;
  if (first === undefined || dispositions.length > 1) return 'does not get through';
  const status = branches[0]?.status ?? null;
  return status === null ? DISPOSITION_TEXT[first] : `${DISPOSITION_TEXT[first]} (HTTP ${status})`;
}

function shares(branches: readonly Branch[]): string {
  const byDisposition = new Map<Disposition, number>();
  for (const branch of branches) {
    byDisposition.set(branch.disposition, (byDisposition.get(branch.disposition) ?? 0) + branch.probability);
  }
  const conditional = branches.some((branch) => branch.condition !== null);
  return [...byDisposition]
    .map(([disposition, share]) => (conditional ? disposition : `${percentText(share)} ${disposition}`))
    .join(', ');
}

function firstFailure(branches: readonly Branch[]): string {
  return branches.find((branch) => branch.disposition !== 'delivered')?.reason ?? '';
}

function why(branches: readonly Branch[]): string {
  const failed = branches.find((branch) => branch.disposition !== 'delivered' && !isUnsure(branch));
  const unsure = branches.find((branch) => isUnsure(branch) && branch.disposition !== 'delivered');
  if (unsure !== undefined) {
    const alsoFails = failed === undefined ? '' : ` Some ways fail for certain: ${failed.reason}`;
    return `${unsure.reason}${alsoFails}`;
  }
  if (!deliveredAsIntended(branches)) return failed?.reason ?? 'Nothing of the way was captured.';
  const unseen = branches
    .flatMap((branch) => branch.hops)
    .filter((hop) => hop.basis !== 'programmed' && hop.kind !== 'wire' && hop.kind !== 'client');
  const names = [...new Set(unseen.map((hop) => `${hop.kind} ${hop.name}`))];
  return `As the API objects intend it, the request would be delivered${to(branches)}, but not everything on the way was seen as programmed: ${names.join(', ')}.`;
}
