import type { ExtensionOption } from '../../model/iptables-rule.ts';
import type { Extension, RuleOptions } from './rule-options.ts';

/**
 * The form in which iptables-save prints nearly all rules of kube-proxy: perhaps counters, addresses, a protocol, a comment without
 * backslashes, a port, a probability, and a target without options or a DNAT.
 */
const USUAL = new RegExp(
  [
    '^(?:\\[\\d+:\\d+\\] )?-A [^ \\t"]+ ',
    '(?:(! )?-s ([\\d./]+) )?(?:(! )?-d ([\\d./]+) )?(?:-p (tcp|udp|sctp) )?',
    '(?:-m comment --comment (?:"([^"\\\\]*)"|([^ \\t"\\\\!-][^ \\t"\\\\]*)) )?',
    '(?:-m (tcp|udp|sctp) (?:--dport (\\d+) )?)?',
    '(?:-m statistic --mode random --probability ([\\d.]+) )?',
    '-j (?:DNAT --to-destination ([^ \\t"!]+)|([^ \\t"!-][^ \\t"]*))$',
  ].join(''),
);

/**
 * The options of a line in the usual form, the same as `readRuleOptions` gives for its words: a ledger of a large cluster reads some
 * hundred thousand of them.
 * @returns undefined for a line in any other form
 */
export function readUsualLine(line: string): RuleOptions | undefined {
  const parts = USUAL.exec(line);
  if (parts === null) return undefined;
  const [, notSource, source, notDestination, destination, protocol, quoted, bare, ports, port, chance, to, jump] =
    parts;
  const base: ExtensionOption[] = [];
  if (source !== undefined) base.push(option('s', source, notSource !== undefined));
  if (destination !== undefined) base.push(option('d', destination, notDestination !== undefined));
  if (protocol !== undefined) base.push(option('p', protocol));
  const matches: Extension[] = [];
  const comment = quoted ?? bare;
  if (comment !== undefined) matches.push(extension('comment', [option('comment', comment)]));
  if (ports !== undefined) matches.push(extension(ports, port === undefined ? [] : [option('dport', port)]));
  if (chance !== undefined) {
    matches.push(extension('statistic', [option('mode', 'random'), option('probability', chance)]));
  }
  const target = to === undefined ? extension(jump ?? '', []) : extension('DNAT', [option('to-destination', to)]);
  return { base, matches, target: { ...target, goto: false }, strange: [] };
}

function option(name: string, value: string, negated = false): ExtensionOption {
  return { name, negated, values: [value] };
}

function extension(name: string, options: ExtensionOption[]): Extension {
  return { name, options, strange: [] };
}
