import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ask } from '../../../src/evaluate/dns/lookup.ts';
import { configMap, indexOf, labItems } from './cluster.ts';

type Answer = readonly string[] | 'ENODATA' | 'ENOTFOUND';

interface Captured {
  readonly corefiles: Readonly<Record<string, string>>;
  /** For each Corefile and name: the answer to A, and to AAAA. */
  readonly answers: Readonly<Record<string, Readonly<Record<string, readonly [Answer, Answer]>>>>;
}

const file = new URL('../../fixtures/dns/coredns-answers.json', import.meta.url);
const captured = JSON.parse(readFileSync(file, 'utf8')) as Captured;

/** What CoreDNS said, both families together. Its forwarder answers every name with one address. */
function real([a, aaaa]: readonly [Answer, Answer]): string {
  const addresses = [a, aaaa].flatMap((one) => (typeof one === 'string' ? [] : one));
  if (addresses.includes('192.0.2.53')) return 'outside';
  if (addresses.length > 0) return addresses.toSorted().join(' ');
  return [a, aaaa].includes('ENOTFOUND') ? 'no-such-name' : 'no-data';
}

/** Names that a rewrite rule or a template touches: their answers are not told from the Corefile. */
const UNKNOWN: Readonly<Record<string, readonly string[]>> = {
  plugins: ['alias.test', 'web.fake.test', 'nosuch.fake.test', 'a.old.local'],
};

describe.each(Object.keys(captured.corefiles))('CoreDNS with the Corefile "%s"', (key) => {
  const index = indexOf([...labItems(), configMap('coredns', { Corefile: captured.corefiles[key] ?? '' })]);
  const answers = Object.entries(captured.answers[key] ?? {});

  it('is asked for every name', () => {
    expect(answers.length).toBe(325);
  });

  it('answers as we say', () => {
    const wrong: string[] = [];
    const unknown: string[] = [];
    for (const [name, answer] of answers) {
      const { asked } = ask(index, name.toLowerCase());
      const ours =
        asked.kind === 'addresses'
          ? asked.answers
              .map((one) => one.ip)
              .toSorted()
              .join(' ')
          : asked.kind;
      if (ours === 'unknown') unknown.push(name);
      else if (ours !== real(answer)) wrong.push(`${name}: CoreDNS ${real(answer)}, here ${ours}`);
    }
    expect(wrong).toEqual([]);
    expect(unknown.toSorted()).toEqual([...(UNKNOWN[key] ?? [])].toSorted());
  });
});
