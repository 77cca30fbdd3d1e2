import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parseConntrack } from '../../../src/parse/conntrack/conntrack.ts';
import { mutatedArtefact, textArtefact, withoutEvidence } from '../artefacts.ts';

const TCP =
  'TIME_WAIT src=10.244.1.20 dst=10.96.10.17 sport=52536 dport=80 src=10.244.1.11 dst=10.244.1.20 sport=8080 dport=52536 [ASSURED] mark=0';
const PROC = `ipv4     2 tcp      6 115 ${TCP} use=1
ipv6     10 udp      17 29 src=fd00::1 dst=fd00:96::108 sport=57334 dport=53 [UNREPLIED] src=fd00::11 dst=fd00::1 sport=5353 dport=57334 mark=16384 zone=3 use=1
ipv4     2 icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=7 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=7 mark=0 use=1
`;

describe('parseConntrack', () => {
  it('reads /proc/net/nf_conntrack', () => {
    const { value, gaps } = parseConntrack(textArtefact(PROC));
    expect(gaps).toEqual([]);
    expect(withoutEvidence(value)).toEqual([
      {
        family: 4,
        protocol: 'tcp',
        timeoutSeconds: 115,
        state: 'TIME_WAIT',
        original: { source: '10.244.1.20', destination: '10.96.10.17', sourcePort: 52536, destinationPort: 80 },
        reply: { source: '10.244.1.11', destination: '10.244.1.20', sourcePort: 8080, destinationPort: 52536 },
        unreplied: false,
        assured: true,
        mark: 0,
        zone: 0,
      },
      {
        family: 6,
        protocol: 'udp',
        timeoutSeconds: 29,
        state: null,
        original: { source: 'fd00::1', destination: 'fd00:96::108', sourcePort: 57334, destinationPort: 53 },
        reply: { source: 'fd00::11', destination: 'fd00::1', sourcePort: 5353, destinationPort: 57334 },
        unreplied: true,
        assured: false,
        mark: 16384,
        zone: 3,
      },
      {
        family: 4,
        protocol: 'icmp',
        timeoutSeconds: 29,
        state: null,
        original: { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: null, destinationPort: null },
        reply: { source: '10.0.0.2', destination: '10.0.0.1', sourcePort: null, destinationPort: null },
        unreplied: false,
        assured: false,
        mark: 0,
        zone: 0,
      },
    ]);
    expect(value[0]?.evidence).toEqual({ artefact: 'dump.txt', line: 1, raw: PROC.split('\n')[0] });
  });

  it.each([
    ['conntrack -L', `tcp      6 115 ${TCP} use=1\n`],
    ['conntrack -L -o extended, with Windows line ends', `ipv4     2 tcp      6 115 ${TCP} use=1\r\n`],
    [
      'the summary on the same stream',
      `tcp      6 115 ${TCP} use=1\nconntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.\n`,
    ],
    [
      'counters and an id',
      `tcp      6 115 ${TCP.replace('src=10.244.1.11', 'packets=5 bytes=300 src=10.244.1.11').replace('[ASSURED]', 'packets=4 bytes=1 [ASSURED]')} use=1 id=77\n`,
    ],
  ])('reads the same of %s', (_, text) => {
    const { value, gaps } = parseConntrack(textArtefact(text));
    expect(gaps).toEqual([]);
    expect(value).toMatchObject([
      {
        family: 4,
        protocol: 'tcp',
        timeoutSeconds: 115,
        state: 'TIME_WAIT',
        assured: true,
        reply: { sourcePort: 8080 },
      },
    ]);
  });

  it('reads an offloaded entry, which has neither timeout nor state', () => {
    const entry =
      'ipv4 2 tcp 6 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 [OFFLOAD] mark=0 use=2';
    expect(parseConntrack(textArtefact(entry))).toMatchObject({
      value: [{ timeoutSeconds: null, state: null }],
      gaps: [],
    });
  });

  it('tells a bad line with its number, and reads the rest', () => {
    const bad = PROC.replace('src=fd00::11', 'src=nobody');
    const { value, gaps } = parseConntrack(textArtefact(bad));
    expect(value.map(({ protocol }) => protocol)).toEqual(['tcp', 'icmp']);
    expect(gaps).toMatchObject([{ kind: 'unreadable', line: 2, problem: 'the entry has not two whole tuples' }]);
  });

  it.each([
    ['', 'the file is empty'],
    ['{"a":1}', 'the file looks like JSON'],
    ['\0\0\0\0', 'the file is binary'],
  ])('takes %j for no table of connections', (text, problem) => {
    const { value, gaps } = parseConntrack(textArtefact(text));
    expect(value).toEqual([]);
    expect(gaps[0]?.problem).toContain(problem);
  });

  it('bounds the gaps of a file that is something else', () => {
    const { value, gaps } = parseConntrack(textArtefact('lorem ipsum\n'.repeat(5000)));
    expect(value).toEqual([]);
    expect(gaps).toHaveLength(1001);
    expect(gaps.at(-1)?.problem).toBe('4000 more problems like the ones before');
  });

  it('never throws on mutated dumps, and an entry it gives stands in its line', () => {
    fc.assert(
      fc.property(mutatedArtefact(PROC), (artefact) => {
        for (const { evidence } of parseConntrack(artefact).value) {
          const line = artefact.bytes.toString('utf8').split('\n')[evidence.line! - 1]!;
          expect(line.replace(/\r$/, '')).toBe(evidence.raw);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('takes time in proportion to a very long line', () => {
    const start = performance.now();
    parseConntrack(textArtefact(`tcp 6 ${'a=b '.repeat(5_000_000)}`));
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
