import type { Step } from '../../model/explanation.ts';
import type { NameOutcome, NameQuery } from '../../model/name-resolution.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import { listText } from '../../model/wording.ts';
import { addressText } from './names.ts';

/** The step of a name's resolution: the answer, by which question it came, and the questions that failed before. */
export function nameStep(view: ClusterView | undefined, host: string, outcome: NameOutcome): Step {
  const why = outcome.reasons.length === 0 ? '' : ` (${outcome.reasons.join('; ')})`;
  const last = outcome.queries.at(-1);
  const assumed = outcome.assumptions.length === 0 ? {} : { assumptions: outcome.assumptions };
  switch (outcome.result) {
    case 'address': {
      const as = last === undefined || last.name === host ? '' : ` as ${last.name}`;
      const address = outcome.reasons.length === 0 ? addressText(view, outcome.address ?? '') : (outcome.address ?? '');
      const text = `${host} resolves${as} to ${address}${why}`;
      return { kind: 'name', action: 'resolved', text, evidence: outcome.evidence, ...assumed };
    }
    case 'no-such-name': {
      const asked = listText(outcome.queries.map((query) => query.name));
      return {
        kind: 'name',
        action: 'not-found',
        text: `${host} does not resolve: no answer for ${asked}${why}`,
        evidence: outcome.evidence,
        ...assumed,
      };
    }
    case 'outside':
      return {
        kind: 'name',
        action: 'outside',
        text: `${outsideName(host, last)} is not a name of this cluster, so the snapshot cannot tell its address${why}`,
        evidence: outcome.evidence,
      };
    case 'unknown':
      return {
        kind: 'name',
        action: 'unknown',
        text: `what ${host} resolves to could not be determined${why}`,
        evidence: outcome.evidence,
      };
  }
}

function outsideName(host: string, last: NameQuery | undefined): string {
  const alias = last?.alias ?? null;
  return alias === null || alias === host ? host : `${host}, an alias of ${alias},`;
}
