import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCorefile } from '../../../src/evaluate/dns/corefile.ts';

const none = (): undefined => undefined;

describe('a Corefile', () => {
  it('has server blocks, directives, options, comments and quotes', () => {
    const text = `# all
cluster.local:53 dns://in-addr.arpa, {
    errors   # here
    kubernetes "a b" {
        pods verified
        inner {
            deep 1
        }
    }
}
tls://secure.test {
    forward . 9.9.9.9
}
`;
    const corefile = parseCorefile(text, none);
    expect(corefile?.servers).toEqual([
      {
        zones: ['cluster.local', 'in-addr.arpa'],
        directives: [
          { name: 'errors', args: [], options: [], line: 3 },
          {
            name: 'kubernetes',
            args: ['a b'],
            line: 4,
            options: [
              { name: 'pods', args: ['verified'], options: [], line: 5 },
              { name: 'inner', args: [], line: 6, options: [{ name: 'deep', args: ['1'], options: [], line: 7 }] },
            ],
          },
        ],
      },
    ]);
  });

  it('imports snippets, files that are known, and names those that are not', () => {
    const text = '(base) {\n errors\n}\n. {\n import base\n import known\n import lost\n}\n';
    const corefile = parseCorefile(text, (name) => (name === 'known' ? 'log\nloop\n' : undefined));
    expect(corefile?.servers[0]?.directives.map((one) => one.name)).toEqual(['errors', 'log', 'loop']);
    expect(corefile?.missing).toEqual(['lost']);
  });

  it('that imports itself ends', () => {
    expect(parseCorefile('(a) {\n import a\n import a\n}\n. {\n import a\n}\n', none)?.missing.length).toBeGreaterThan(
      0,
    );
  });

  it.each(['. {\n errors\n', '}\n'])('with braces that do not match is none: %j', (text) => {
    expect(parseCorefile(text, none)).toBeUndefined();
  });

  it('of any text never throws', () => {
    const pieces = fc.array(
      fc.constantFrom('{', '}', '\n', ' ', '"', '\\', '#', 'import a', '(a)', '.', 'kubernetes', 'é'),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(pieces, (words) => {
        expect(() => parseCorefile(words.join(''), none)).not.toThrow();
      }),
      { numRuns: 1000, seed: 13 },
    );
  });
});
