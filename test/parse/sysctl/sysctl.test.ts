import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parseSysctl } from '../../../src/parse/sysctl/sysctl.ts';
import { mutatedArtefact, textArtefact } from '../artefacts.ts';

const DUMP = `net.ipv4.conf.all.rp_filter = 2
net.ipv4.conf.eth0/100.rp_filter = 1
net.ipv4.ip_local_port_range = 32768	60999
net.ipv4.ip_forward=1
kernel.core_pattern = |/usr/lib/core %P a=b
net.ipv4.tcp_fastopen_key =
`;

describe('parseSysctl', () => {
  it('reads settings with and without blanks, values with = in them, and devices with dots', () => {
    const { value, gaps } = parseSysctl(textArtefact(DUMP));
    expect(gaps).toEqual([]);
    expect([...value].map(([name, { value: text }]) => [name, text])).toEqual([
      ['net.ipv4.conf.all.rp_filter', '2'],
      ['net.ipv4.conf.eth0.100.rp_filter', '1'],
      ['net.ipv4.ip_local_port_range', '32768\t60999'],
      ['net.ipv4.ip_forward', '1'],
      ['kernel.core_pattern', '|/usr/lib/core %P a=b'],
      ['net.ipv4.tcp_fastopen_key', ''],
    ]);
    expect(value.get('net.ipv4.ip_forward')?.evidence).toEqual({
      artefact: 'dump.txt',
      line: 4,
      raw: 'net.ipv4.ip_forward=1',
    });
  });

  it('passes over complaints of procps, but reports a denied network setting', () => {
    const text = `sysctl: reading key "kernel.spurious"
sysctl: permission denied on key 'net.ipv4.tcp_fastopen_key'
sysctl: permission denied on key 'fs.protected_fifos'
net.ipv4.ip_forward = 1
`;
    const { value, gaps } = parseSysctl(textArtefact(text));
    expect(value.size).toBe(1);
    expect(gaps).toMatchObject([{ kind: 'forbidden', line: 2 }]);
  });

  it('keeps the first of two different values, and tells', () => {
    const { value, gaps } = parseSysctl(
      textArtefact('net.ipv4.ip_forward = 1\nnet.ipv4.ip_forward = 0\nnet.ipv4.ip_forward = 1\n'),
    );
    expect(value.get('net.ipv4.ip_forward')?.value).toBe('1');
    expect(gaps).toMatchObject([{ line: 2, problem: 'net.ipv4.ip_forward stands here a second time' }]);
  });

  it('takes a setting of several lines, which procps prints under its name each, for what it is', () => {
    const lines = ['file', 'pipe', 'socket'].map((mode) => `kernel.core_modes = ${mode}\n`);
    const { value, gaps } = parseSysctl(textArtefact(`${lines.join('')}net.ipv4.ip_forward = 1\n`));
    expect(gaps).toEqual([]);
    expect(value.get('net.ipv4.ip_forward')?.value).toBe('1');
  });

  it('never throws on mutated dumps', () => {
    fc.assert(
      fc.property(mutatedArtefact(DUMP), (artefact) => {
        for (const name of parseSysctl(artefact).value.keys()) expect(name).toMatch(/^\S+$/);
      }),
      { numRuns: 300 },
    );
  });
});
