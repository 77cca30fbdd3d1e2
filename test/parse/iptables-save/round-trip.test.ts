import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseIptablesSave } from '../../../src/parse/iptables-save/iptables-save.ts';
import { parseRuleLine } from '../../../src/parse/iptables-save/rule-line.ts';
import { printRule } from './print-rule.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FILES = ['test/fixtures/iptables', 'samples'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /tables(?:-legacy)?-save\.txt$/.test(name))
    .map((name) => join(folder, name)),
);

/** A line as iptables-save prints it, without what depends on the release: counters, and a space that nfacct prints twice. */
function normalised(line: string): string {
  return line.replace(/^\[\d+:\d+\] /, '').replace('--on-ip :: ', '--on-ip 0.0.0.0 ');
}

describe.each(FILES)('%s', (file) => {
  const bytes = readFileSync(join(ROOT, file));
  const family = file.includes('ip6tables') ? 6 : 4;
  const rules = bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => /^(?:\[\d+:\d+\] )?-A /.test(line));

  it('understands every rule and prints it back', () => {
    for (const line of rules) {
      const { matches, target, problems } = parseRuleLine(line, family);
      expect(problems, line).toEqual([]);
      const chain = /-A (\S+)/.exec(line)?.[1] ?? '';
      expect(printRule(chain, matches, target)).toBe(normalised(line));
    }
  });

  it('finds every rule under its chain, in order', () => {
    const { value, gaps } = parseIptablesSave({ name: file, capturedAt: null, bytes }, family);
    const chains = new Map<string, string[]>();
    let table = '';
    for (const line of bytes.toString('utf8').split('\n')) {
      if (line.startsWith('*')) table = line.slice(1);
      const chain = /^(?:\[\d+:\d+\] )?-A (\S+)/.exec(line)?.[1];
      if (chain !== undefined) chains.set(`${table} ${chain}`, [...(chains.get(`${table} ${chain}`) ?? []), line]);
    }
    for (const [key, lines] of chains) {
      const [name, chain] = key.split(' ') as ['nat', string];
      expect([...(value.chain(name, chain)?.rules() ?? [])].map((rule) => rule.raw)).toEqual(lines);
    }
    expect(gaps).toEqual([]);
  });
});
