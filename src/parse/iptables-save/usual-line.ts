import { parseAddress, parsePrefix, type Family } from '../../model/address.ts';
import type { Match, Target } from '../../model/iptables-rule.ts';
import type { RuleBody } from './rule-body.ts';
import { RANDOM_RANGE } from './chance-matches.ts';
import { targetOptions } from './option-grammar.ts';
import { PORT_MAX } from './values.ts';

/**
 * The form in which iptables-save prints nearly all rules of kube-proxy: perhaps counters, addresses, a protocol, a comment without
 * backslashes, a port, a probability, and a jump to a chain or a DNAT to one address and port.
 */
const USUAL = new RegExp(
  [
    '^(?:\\[\\d+:\\d+\\] )?-A [^ \\t"]+ ',
    '(?:(! )?-s ([\\d./]+) )?(?:(! )?-d ([\\d./]+) )?(?:-p (tcp|udp|sctp) )?',
    '(?:-m comment --comment (?:"([^"\\\\]*)"|([^ \\t"\\\\!-][^ \\t"\\\\]*)) )?',
    '(?:-m (tcp|udp|sctp) (?:--dport ([1-9]\\d{0,4}) )?)?',
    '(?:-m statistic --mode random --probability ([01]\\.\\d{1,20}) )?',
    '-j (?:DNAT --to-destination ([\\d.]+):([1-9]\\d{0,4})|([^ \\t"!-][^ \\t"]*))$',
  ].join(''),
);

/** Rules share what is the same in all of them. */
const PROTOCOLS: ReadonlyMap<string, Match> = new Map([
  ['tcp', { kind: 'protocol', negated: false, name: 'tcp', number: 6 }],
  ['udp', { kind: 'protocol', negated: false, name: 'udp', number: 17 }],
  ['sctp', { kind: 'protocol', negated: false, name: 'sctp', number: 132 }],
]);
const ANY_PORT: ReadonlyMap<string, Extract<Match, { kind: 'ports' }>> = new Map([
  ['tcp', { kind: 'ports', protocol: 'tcp', others: [] }],
  ['udp', { kind: 'ports', protocol: 'udp', others: [] }],
  ['sctp', { kind: 'ports', protocol: 'sctp', others: [] }],
]);
const NO_PROBLEMS: readonly string[] = [];

/**
 * What a line in the usual form tests and does, the same as its words tell: a ledger of a large cluster reads some hundred thousand of
 * them.
 * @returns undefined for a line in any other form, or with a value that is not understood
 */
export function readUsualLine(line: string, family: Family): RuleBody | undefined {
  const parts = USUAL.exec(line);
  if (parts === null) return undefined;
  const [, notSource, source, notDestination, destination, protocol, quoted, bare, ports, port, chance, to, toPort] =
    parts;
  const matches: Match[] = [];
  if (source !== undefined) {
    const prefix = parsePrefix(source);
    if (prefix?.family !== family) return undefined;
    matches.push({ kind: 'source', negated: notSource !== undefined, prefix });
  }
  if (destination !== undefined) {
    const prefix = parsePrefix(destination);
    if (prefix?.family !== family) return undefined;
    matches.push({ kind: 'destination', negated: notDestination !== undefined, prefix });
  }
  const ofProtocol = PROTOCOLS.get(protocol ?? '');
  if (ofProtocol !== undefined) matches.push(ofProtocol);
  const comment = quoted ?? bare;
  if (comment !== undefined) matches.push({ kind: 'comment', text: comment });
  if (ports !== undefined) {
    const test = portsOf(ports, port);
    if (test === undefined) return undefined;
    matches.push(test);
  }
  if (chance !== undefined) {
    if (Number(chance) > 1) return undefined;
    const threshold = Math.round(Number(chance) * RANDOM_RANGE);
    matches.push({ kind: 'statistic', mode: 'random', negated: false, threshold, text: chance });
  }
  const target = to === undefined ? jumpTo(parts[13] ?? '') : translationTo(to, Number(toPort), family);
  return target === undefined ? undefined : { matches, target, problems: NO_PROBLEMS };
}

function portsOf(protocol: string, port: string | undefined): Match | undefined {
  const any = ANY_PORT.get(protocol);
  const number = Number(port);
  if (any === undefined || port === undefined) return any;
  if (number > PORT_MAX) return undefined;
  return {
    kind: 'ports',
    protocol: any.protocol,
    destination: { negated: false, from: number, to: number },
    others: [],
  };
}

/** A name that no target has is a chain's. */
function jumpTo(name: string): Target | undefined {
  return targetOptions(name) === undefined ? { kind: 'jump', chain: name, goto: false } : undefined;
}

function translationTo(text: string, port: number, family: Family): Target | undefined {
  const address = parseAddress(text);
  if (address?.family !== family || port > PORT_MAX) return undefined;
  const addresses = { from: address.text, to: address.text };
  const ports = { from: port, to: port };
  return { kind: 'dnat', range: { addresses, ports, random: false, randomFully: false, persistent: false } };
}
