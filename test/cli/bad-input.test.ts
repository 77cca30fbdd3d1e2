/** What a person gets who gives the program something else than it can read: one clear block, status 2, no stack trace. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { archiveFile, temporaryFolder } from '../collect/temporary-folder.ts';
import { built, run } from '../launch/run-program.ts';

const SAMPLE = 'samples/kube-proxy-iptables';
const SERVICES = 'clusters/lab/resources/core/v1/services.json';

function refused(args: readonly string[]): string {
  const { status, stdout, stderr } = run(built('kubectl-reach'), ['explain', ...args]);
  expect({ status, stdout }, stderr).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^error: /);
  expect(stderr).not.toMatch(/\n\s+at |unexpected failure/);
  expect(stderr.trimEnd().split('\n').length).toBeLessThan(5);
  return stderr;
}

const asked = (snapshot: string) => ['cli-a', 'web', '-n', 'shop', '--snapshot', snapshot];
const file = (name: string, content: string | Buffer): string => path.join(temporaryFolder({ [name]: content }), name);

describe('a snapshot that is', () => {
  it.each<readonly [what: string, make: () => string | Promise<string>, says: string]>([
    ['not there', () => 'no/such/folder', 'there is nothing at no/such/folder'],
    ['an empty folder', () => temporaryFolder({}), 'it holds no file'],
    ['another folder', () => temporaryFolder({ 'a.txt': 'x' }), 'it holds neither snapshot.json nor clusters/'],
    ['a part of one', () => `${SAMPLE}/clusters/lab/nodes/node1`, 'but not in the places of a snapshot'],
    ['one loose file', () => `${SAMPLE}/clusters/lab/nodes/node1/iptables-save.txt`, 'kubectl reach packet --ruleset'],
    ['an empty file', () => file('empty.tar.gz', ''), 'it is empty'],
    ['text called .tar.gz', () => file('a.tar.gz', 'hello\n'), 'is a file, but no tar archive'],
    ['a zip file', () => file('a.zip', 'PK\u0003\u0004'), 'Unpack it and give the folder.'],
    ['gzip of no archive', () => file('a.gz', gzipSync('hello')), 'no snapshot'],
    ['damaged gzip', () => file('a.tgz', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3])), 'no snapshot'],
    ['a bomb', () => file('bomb.tgz', gzipSync(Buffer.alloc(80 * 1024 * 1024))), 'unpacks to more than 300 times'],
    [
      'an archive whose names lead out of it',
      () => archiveFile([{ name: '../../etc/passwd', text: 'x' }]),
      'no snapshot: it holds no file',
    ],
    ['of a newer format', () => temporaryFolder({ 'snapshot.json': '{"formatVersion":9}' }), 'Update kubectl-reach.'],
  ])('%s', async (_, make, says) => {
    expect(refused(asked(await make()))).toContain(says);
  });

  it('given twice with different contents', () => {
    const [one, other] = [temporaryFolder({ [SERVICES]: '{}' }), temporaryFolder({ [SERVICES]: '[]' })];
    writeFileSync(path.join(other, SERVICES), '{"items":[]}');
    expect(refused([...asked(one), '--snapshot', other])).toContain('differ in');
  });

  it('without any object', () => {
    expect(refused(asked(temporaryFolder({ 'snapshot.json': '{}' })))).toContain('no cluster is in the snapshot');
  });
});

describe('flags', () => {
  it.each<readonly [args: readonly string[], says: string]>([
    [[], 'no snapshot is given'],
    [['--snapshot'], 'flag --snapshot expects a value'],
    [['--snapshot', SAMPLE, '--bogus'], 'nonexistent flag: --bogus'],
    [['--snapshot', SAMPLE, '-o', 'xml'], 'wide, json, yaml, mermaid'],
    [['--snapshot', SAMPLE, '--protocol', 'icmp'], 'tcp, udp, sctp'],
    [['--snapshot', SAMPLE, '--uid', '-4'], '--uid'],
    [['--snapshot', SAMPLE, '--source-port', '70000'], '--source-port'],
    [['--snapshot', SAMPLE, '--explain-step', '999'], 'the answer has no step 999'],
    [['--snapshot', SAMPLE, '--node', 'node9'], 'there is no node node9'],
    [['--snapshot', SAMPLE, '-H', 'abc'], '-H wants "Name: value"'],
    [['--snapshot', SAMPLE, '--resolve', 'abc'], '--resolve wants HOST:IP'],
  ])('%j', (args, says) => {
    expect(refused(['cli-a', 'web', '-n', 'shop', ...args])).toContain(says);
  });

  it.each([
    ['one end alone', ['cli-a', '--snapshot', SAMPLE], 'missing 1 required arg'],
    ['a third end', ['cli-a', 'web', 'more', '-n', 'shop', '--snapshot', SAMPLE], 'unexpected argument: more'],
    ['a name with terminal escapes', ['\u001b[2Jx', 'web', '-n', 'shop', '--snapshot', SAMPLE], '\\x1b[2Jx'],
  ])('%s', (_, args, says) => {
    expect(refused(args)).toContain(says);
  });
});
