import { listText } from '../../model/wording.ts';
import type { Condition } from '../../model/branching.ts';

/** A condition in words: `xt_recent list KUBE-SEP-ABC holds 10.244.1.20 from the last 300 s`. */
function conditionText(condition: Condition): string {
  const { subject, value } = condition;
  const no = value === false;
  switch (subject.kind) {
    case 'recent': {
      const since = subject.seconds === undefined ? '' : ` from the last ${subject.seconds} s`;
      const hits = subject.hits === undefined ? '' : `, seen at least ${subject.hits} times`;
      return `xt_recent list ${subject.list} ${no ? 'does not hold' : 'holds'} ${subject.address}${since}${hits}`;
    }
    case 'limit':
      return no ? `the limit ${subject.rate} is used up` : `the limit ${subject.rate} is not used up`;
    case 'nth':
      return no
        ? `this is not packet ${subject.packet} of every ${subject.every}`
        : `this is packet ${subject.packet} of every ${subject.every}`;
    case 'entry-node':
      return `the request arrives at node ${String(value)}`;
    case 'affinity':
      return value === 'none'
        ? `session affinity of ${subject.service} keeps no endpoint for ${subject.client}`
        : `session affinity of ${subject.service} keeps ${String(value)} for ${subject.client}`;
    case 'address-family':
      return `the client takes the ${String(value)} address of ${subject.name}`;
    case 'resolver':
      return `the client resolves ${subject.name} with ${String(value)}`;
    case 'resolves':
      return no ? `${subject.name} does not resolve` : `${subject.name} resolves`;
    case 'host-choice':
      return `${subject.policy} picks ${String(value)} in cluster ${subject.cluster}`;
  }
}

/** All conditions of a branch in one clause; null when it has none. */
export function conditionsText(conditions: readonly Condition[]): string | null {
  if (conditions.length === 0) return null;
  const absent = conditions.filter((one) => one.subject.kind === 'recent' && one.value === false);
  const others = conditions.filter((one) => !absent.includes(one));
  return [...others.map(conditionText), ...absentText(absent)].join(', and ');
}

/** Recent lists that do not hold the client, told together: session affinity has one list for each endpoint. */
function absentText(conditions: readonly Condition[]): readonly string[] {
  const [first, second] = conditions;
  if (first === undefined || second === undefined) return conditions.map(conditionText);
  const lists = conditions.flatMap(({ subject }) => (subject.kind === 'recent' ? [subject.list] : []));
  const address = first.subject.kind === 'recent' ? first.subject.address : '';
  return [`none of the xt_recent lists ${listText(lists, 4)} holds ${address}`];
}
