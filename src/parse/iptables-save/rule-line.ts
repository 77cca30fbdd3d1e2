import type { Family } from '../../model/address.ts';
import { gapRaw } from '../../model/artefact.ts';
import type { Match, Target } from '../../model/iptables-rule.ts';
import { buildBaseMatch } from './base-matches.ts';
import { MATCH_BUILDERS } from './match-builders.ts';
import { matchOptions, targetOptions } from './option-grammar.ts';
import type { RuleBody } from './rule-body.ts';
import { readRuleOptions, type Extension, type RuleOptions } from './rule-options.ts';
import { TARGET_BUILDERS } from './target-builders.ts';
import { tokenize } from './tokens.ts';
import { readUsualLine } from './usual-line.ts';
import { Options } from './values.ts';

/** Longest rule that is read. iptables-restore takes lines of up to 10,239 bytes (iptables/iptables-restore.c, buffer). */
const LINE_LIMIT = 64 * 1024;

/**
 * Reads a whole `-A CHAIN …` (or `-I CHAIN NUMBER …`) line, counters included. Base matches come first, then extensions in the order of the line, as the
 * kernel tests them (net/ipv4/netfilter/ip_tables.c ipt_do_table). What is not understood stays in the rule as `unknown`.
 */
export function parseRuleLine(line: string, family: Family): RuleBody {
  if (line.length > LINE_LIMIT) return damaged(gapRaw(line), 'the line is longer than any rule that iptables takes');
  return readUsualLine(line, family) ?? readWords(line, family);
}

/** As `parseRuleLine`, of a line in any form. */
export function readWords(line: string, family: Family): RuleBody {
  const tokens = tokenize(line);
  if (tokens === undefined) return damaged(line, 'a quote is not closed');
  const counters = tokens[0]?.text.startsWith('[') === true ? 1 : 0;
  const inserted = ['-I', '--insert'].includes(tokens[counters]?.text ?? '');
  const numbered = inserted && /^\d+$/.test(tokens[counters + 2]?.text ?? '');
  return buildRule(readRuleOptions(tokens.slice(counters + (numbered ? 3 : 2))), family);
}

/** A rule of which nothing can be told: it may match anything and do anything. */
export function damaged(line: string, problem: string): RuleBody {
  return {
    matches: [{ kind: 'unknown', extension: null, tokens: [line] }],
    target: { kind: 'unknown', name: '', tokens: [] },
    problems: [problem],
  };
}

/** Makes a rule of the options that stand behind its chain. */
function buildRule(options: RuleOptions, family: Family): RuleBody {
  const problems: string[] = [];
  const matches: Match[] = options.base.map((option) => {
    const match = buildBaseMatch(option, family);
    if (match !== undefined) return match;
    problems.push(`value of -${option.name} is not understood`);
    return { kind: 'unknown', extension: null, tokens: [`-${option.name}`, ...option.values] };
  });
  for (const extension of options.matches) matches.push(buildMatch(extension, family, problems));
  if (options.strange.length > 0) {
    problems.push(`option ${JSON.stringify(options.strange[0])} is not understood`);
    matches.push({ kind: 'unknown', extension: null, tokens: options.strange });
  }
  return { matches, target: buildTarget(options.target, family, problems), problems };
}

function buildMatch(extension: Extension, family: Family, problems: string[]): Match {
  const { name } = extension;
  const builder = Object.hasOwn(MATCH_BUILDERS, name) ? MATCH_BUILDERS[name] : undefined;
  const known = matchOptions(name) !== undefined;
  if (extension.strange.length === 0 && builder === undefined && known) {
    return { kind: 'extension', name, options: extension.options };
  }
  const options = new Options(extension.options);
  const match = extension.strange.length === 0 ? builder?.(options, extension, family) : undefined;
  if (match !== undefined && ('others' in match || !options.unread)) return match;
  problems.push(
    known ? `options of match ${name} are not understood` : `unknown match extension ${JSON.stringify(name)}`,
  );
  return { kind: 'unknown', extension: name, tokens: wordsOf(extension) };
}

function buildTarget(target: RuleOptions['target'], family: Family, problems: string[]): Target | null {
  if (target === null) return null;
  const { name } = target;
  const isChain = targetOptions(name) === undefined || target.goto;
  if (isChain && target.strange.length === 0 && target.options.length === 0) {
    return { kind: 'jump', chain: name, goto: target.goto };
  }
  const builder = Object.hasOwn(TARGET_BUILDERS, name) ? TARGET_BUILDERS[name] : undefined;
  const options = new Options(target.options);
  if (target.strange.length === 0) {
    if (builder === undefined) return { kind: 'extension', name, options: target.options };
    const built = builder(options, target, family);
    if (built !== undefined && ('options' in built || !options.unread)) return built;
  }
  problems.push(
    targetOptions(name) === undefined
      ? `unknown target ${JSON.stringify(name)}`
      : `options of target ${name} are not understood`,
  );
  return { kind: 'unknown', name, tokens: wordsOf(target) };
}

function wordsOf(extension: Extension): string[] {
  const known = extension.options.flatMap((option) => [
    ...(option.negated ? ['!'] : []),
    `--${option.name}`,
    ...option.values,
  ]);
  return [...known, ...extension.strange];
}
