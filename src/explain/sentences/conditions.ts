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
    case 'set-element':
      return `nftables set ${subject.set} ${no ? 'does not hold' : 'holds'} ${subject.element}`;
    case 'number':
      return `${subject.source} gives ${value === 'another' ? 'another number' : String(value)}`;
    case 'nth':
      return no
        ? `this is not packet ${subject.packet} of every ${subject.every}`
        : `this is packet ${subject.packet} of every ${subject.every}`;
    case 'source-port':
      return `the source port of ${subject.address} is ${String(value).replace('-', ' to ')}`;
    case 'entry-node':
      return `the request arrives at node ${String(value)}`;
    case 'affinity':
      return value === 'none'
        ? `session affinity of ${subject.service} keeps no endpoint for ${subject.client}`
        : `session affinity of ${subject.service} keeps ${String(value)} for ${subject.client}`;
    case 'real-server':
      return `scheduler ${subject.scheduler} of virtual server ${subject.service} picks ${String(value)}`;
    case 'address-family':
      return `the client takes the ${String(value)} address of ${subject.name}`;
    case 'resolver':
      return `the client resolves ${subject.name} with ${String(value)}`;
    case 'resolves':
      return no ? `${subject.name} does not resolve` : `${subject.name} resolves`;
    case 'client-speaks':
      return no ? 'the client only waits for what the server says' : 'the client sends something';
    case 'host-health':
      return `of the unhealthy hosts of cluster ${subject.cluster} ${String(value)}`;
    case 'host-choice':
      return `${subject.policy} picks ${String(value)} in cluster ${subject.cluster}`;
  }
}

/** All conditions of a branch in one clause; null when it has none. */
export function conditionsText(conditions: readonly Condition[]): string | null {
  if (conditions.length === 0) return null;
  const absent = conditions.filter((one) => one.value === false && membership(one) !== null);
  const others = conditions.filter((one) => !absent.includes(one));
  return [...others.map(conditionText), ...absentText(absent)].join(', and ');
}

/** Lists and sets that do not hold the client, told together: session affinity has one for each endpoint. */
function absentText(conditions: readonly Condition[]): readonly string[] {
  const kinds = ['xt_recent lists', 'nftables sets'];
  return kinds.flatMap((kind) => {
    const own = conditions.filter((one) => membership(one)?.kind === kind);
    const [first, second] = own.flatMap((one) => membership(one) ?? []);
    if (first === undefined || second === undefined) return own.map(conditionText);
    const names = own.flatMap((one) => membership(one)?.name ?? []);
    return [`none of the ${kind} ${listText(names, 4)} holds ${first.member}`];
  });
}

function membership({
  subject,
}: Condition): { readonly kind: string; readonly name: string; readonly member: string } | null {
  if (subject.kind === 'recent') return { kind: 'xt_recent lists', name: subject.list, member: subject.address };
  return subject.kind === 'set-element' ? { kind: 'nftables sets', name: subject.set, member: subject.element } : null;
}
