import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { InputError } from '../../src/collect/input-error.ts';
import { LIMITS } from '../../src/collect/limits.ts';
import { collectSnapshot, collectSnapshots } from '../../src/collect/snapshot.ts';
import type { ArtefactSource } from '../../src/model/artefact.ts';
import { archiveFile, tarOf, temporaryFolder } from './temporary-folder.ts';

const SERVICES = 'clusters/lab/resources/core/v1/services.json';
const RULES = 'clusters/lab/nodes/node1/iptables-save.txt';
const INDEX = '{"formatVersion":1,"capturedAt":"2026-11-21T02:45:20Z","clusters":["lab"]}';
const FILES = { 'snapshot.json': INDEX, [SERVICES]: '{"items":[]}', [RULES]: '*nat\nCOMMIT\n' };
const asEntries = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([name, text]) => ({ name, text }));

function contents(source: ArtefactSource): Record<string, string | undefined> {
  return Object.fromEntries(source.names().map((name) => [name, source.artefact(name)?.bytes.toString()]));
}

async function failure(promise: Promise<unknown>): Promise<InputError> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof InputError) return error;
  throw error;
}

describe('a snapshot', () => {
  it('is the same as folder, as .tar.gz, as .tar, and in one folder of its own', async () => {
    const wrapped = Object.fromEntries(Object.entries(FILES).map(([name, text]) => [`shot-1/${name}`, text]));
    const tar = await tarOf(asEntries(FILES));
    const paths = [
      temporaryFolder(FILES),
      await archiveFile(asEntries(FILES)),
      await archiveFile([
        { name: './', type: 'directory' },
        ...asEntries(FILES).map((one) => ({ ...one, name: `./${one.name}` })),
      ]),
      path.join(temporaryFolder({ 'shot.tar': tar }), 'shot.tar'),
      await archiveFile(asEntries(wrapped)),
      temporaryFolder(wrapped),
      await archiveFile(asEntries(FILES), 'no-extension'),
    ];
    for (const one of paths) {
      const source = await collectSnapshot(one);
      expect(contents(source), one).toEqual(FILES);
      expect(source.gaps(), one).toEqual([]);
      expect(source.artefact(SERVICES)?.capturedAt).toBe('2026-11-21T02:45:20Z');
    }
  });

  it('reads a file of a folder when it is asked for, not before', async () => {
    const folder = temporaryFolder(FILES);
    const source = await collectSnapshot(folder);
    writeFileSync(path.join(folder, RULES), 'written later');
    expect(source.artefact(RULES)?.bytes.toString()).toBe('written later');
    expect(source.artefact('clusters/lab/nodes/node2/iptables-save.txt')).toBeUndefined();
  });

  it('needs no index, and makes gaps of what a capture left out', async () => {
    const { 'snapshot.json': _, ...rest } = FILES;
    expect((await collectSnapshot(temporaryFolder(rest))).gaps()).toEqual([]);
    const skipped = {
      artefact: RULES,
      kind: 'forbidden',
      problem: 'pods/exec is forbidden',
      remedy: 'grant pods/exec',
    };
    const source = await collectSnapshot(
      temporaryFolder({ ...FILES, 'snapshot.json': JSON.stringify({ skipped: [skipped, {}] }) }),
    );
    const unnamed = { kind: 'missing', artefact: 'snapshot.json', problem: 'the capture left it out' };
    expect(source.gaps()).toEqual([unnamed]);
    source.artefact(RULES);
    expect(source.gaps()).toEqual([skipped, unnamed]);
  });

  it('takes a broken index for a gap, and a newer format for an error', async () => {
    const broken = await collectSnapshot(temporaryFolder({ ...FILES, 'snapshot.json': '{' }));
    expect(broken.gaps()).toMatchObject([{ kind: 'unreadable', artefact: 'snapshot.json' }]);
    const newer = await failure(collectSnapshot(temporaryFolder({ ...FILES, 'snapshot.json': '{"formatVersion":9}' })));
    expect(newer.message).toContain('snapshot format 9');
    expect(newer.remedy).toBe('Update kubectl-reach.');
  });

  it('reads UTF-16, as PowerShell writes it, and drops a byte order mark', async () => {
    const text = '*nat\r\nCOMMIT\r\n';
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
    const swapped = Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(text, 'utf16le').swap16()]);
    const source = await collectSnapshot(
      temporaryFolder({ [RULES]: utf16, [SERVICES]: swapped, 'clusters/lab/x': `\ufeff${text}` }),
    );
    expect(Object.values(contents(source))).toEqual([text, text, text]);
  });

  it('warns of names that differ in case alone', async () => {
    const source = await collectSnapshot(await archiveFile(asEntries({ ...FILES, [SERVICES.toUpperCase()]: '1' })));
    expect(source.gaps()).toMatchObject([{ problem: `its name differs from ${SERVICES.toUpperCase()} in case alone` }]);
  });

  it('opens the same whatever the order of its files (law 4)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(asEntries(FILES), { minLength: 3 }), async (entries) => {
        const source = await collectSnapshot(await archiveFile(entries));
        expect(contents(source)).toEqual(FILES);
      }),
      { numRuns: 6 },
    );
  });
});

describe('what is no snapshot', () => {
  it.each([
    ['an empty folder', {}, 'it holds no file'],
    ['another folder', { 'a.txt': 'x' }, 'it holds neither snapshot.json nor clusters/'],
    [
      'a part of one',
      { 'node1/iptables-save.txt': 'x' },
      'it holds node1/iptables-save.txt, but not in the places of a snapshot',
    ],
    [
      'two at once',
      { 'a/snapshot.json': '{}', 'b/snapshot.json': '{}' },
      'it holds neither snapshot.json nor clusters/',
    ],
  ])('is an error that says what is there: %s', async (_, files, found) => {
    const folder = temporaryFolder(files);
    const error = await failure(collectSnapshot(folder));
    expect(error.message).toBe(`${folder} is no snapshot: ${found}`);
    expect(error.remedy).toContain('clusters/NAME/nodes/');
  });

  it.each([
    ['a text', '*nat\nCOMMIT\n', 'no tar archive', 'packet --ruleset'],
    ['an empty file', '', 'it is empty', 'folder of a snapshot'],
    ['a zip file', 'PK\u0003\u0004', 'no tar archive', 'Unpack it'],
  ])('is an error that says what to do: %s', async (_, text, message, remedy) => {
    const error = await failure(collectSnapshot(path.join(temporaryFolder({ file: text }), 'file')));
    expect(error.message).toContain(message);
    expect(error.remedy).toContain(remedy);
  });

  it('is an error when there is nothing at the path', async () => {
    const error = await failure(collectSnapshot(path.join(temporaryFolder(), 'nowhere')));
    expect(error.message).toContain('there is nothing at');
  });
});

describe('an unsafe folder', () => {
  it.skipIf(process.platform === 'win32')(
    'has no link that leads out followed, nor one that leads nowhere or to a folder',
    async () => {
      const outside = temporaryFolder({ secret: 'secret' });
      const folder = temporaryFolder(FILES);
      const node = path.join(folder, 'clusters/lab/nodes/node1');
      symlinkSync(path.join(outside, 'secret'), path.join(node, 'sockets.txt'));
      symlinkSync(outside, path.join(folder, 'clusters/lab/pods'));
      symlinkSync('../nowhere', path.join(node, 'conntrack.txt'));
      symlinkSync('..', path.join(node, 'loop'));
      symlinkSync('iptables-save.txt', path.join(node, 'ip6tables-save.txt'));
      const source = await collectSnapshot(folder);
      expect(source.names()).toEqual([RULES.replace('iptables', 'ip6tables'), ...Object.keys(FILES)].toSorted());
      expect(source.gaps().map(({ artefact, problem }) => [path.posix.basename(artefact), problem])).toEqual([
        ['pods', 'it is a link that leads out of the snapshot'],
        ['conntrack.txt', 'it is a link that leads nowhere'],
        ['loop', 'it is a link to something that is no file'],
        ['sockets.txt', 'it is a link that leads out of the snapshot'],
      ]);
    },
  );

  it('has a file that is too large, folders that are too deep, and too many files told', async () => {
    const folder = temporaryFolder({ ...FILES, 'clusters/lab/nodes/node1/sysctl.txt': 'x'.repeat(500) });
    const small = await collectSnapshot(folder, { ...LIMITS, entryBytes: 400 });
    expect(small.gaps()).toMatchObject([
      { kind: 'too-large', problem: 'it has 500 bytes, and no more than 400 bytes are read' },
    ]);
    const flat = await collectSnapshot(folder, { ...LIMITS, depth: 3 });
    expect(flat.gaps().every(({ kind }) => kind === 'too-large')).toBe(true);
    const error = await failure(collectSnapshot(folder, { ...LIMITS, entries: 3 }));
    expect(error.message).toContain('holds more than 3 files');
  });

  it('has a file that is gone, or has become a folder, told when it is asked for', async () => {
    const folder = temporaryFolder(FILES);
    const source = await collectSnapshot(folder);
    const full = path.join(folder, RULES);
    rmSync(full);
    mkdirSync(full);
    expect(source.artefact(RULES)).toBeUndefined();
    expect(source.gaps()).toMatchObject([{ kind: 'unreadable', artefact: RULES }]);
  });
});

describe('an unsafe archive', () => {
  it('has traversal, links and devices refused, and the rest read', async () => {
    const file = await archiveFile([
      ...asEntries(FILES),
      { name: '../outside', text: 'x' },
      { name: '/etc/cron.d/x', text: 'x' },
      { name: 'clusters\\lab\\x', text: 'x' },
      { name: 'clusters/lab/nodes/node1/sockets.txt', type: 'symlink', linkname: '/etc/shadow' },
      { name: 'clusters/lab/nodes/node1/sysctl.txt', type: 'link', linkname: 'snapshot.json' },
      { name: 'clusters/lab/nodes/node1/conntrack.txt', type: 'fifo' },
      { name: 'clusters/lab/nodes/node1/null', type: 'character-device', devmajor: 1, devminor: 3 },
      { name: 'clusters/lab/._services.json', text: 'finder' },
    ]);
    const source = await collectSnapshot(file);
    expect(contents(source)).toEqual(FILES);
    expect(source.gaps().map(({ artefact, problem }) => [artefact, problem])).toEqual([
      ['../outside', 'its name leads out of the snapshot'],
      ['/etc/cron.d/x', 'its name is an absolute path'],
      ['clusters\\\\lab\\\\x', 'its name holds a backslash'],
      ['clusters/lab/nodes/node1/sockets.txt', 'it is a link, which is not followed in an archive'],
      ['clusters/lab/nodes/node1/sysctl.txt', 'it is a link, which is not followed in an archive'],
      ['clusters/lab/nodes/node1/conntrack.txt', 'it is neither a file nor a folder'],
      ['clusters/lab/nodes/node1/null', 'it is neither a file nor a folder'],
    ]);
  });

  it('has entries that stand in it twice told if they differ', async () => {
    const same = await collectSnapshot(await archiveFile([...asEntries(FILES), { name: RULES, text: FILES[RULES] }]));
    expect(same.gaps()).toEqual([]);
    const other = await collectSnapshot(await archiveFile([...asEntries(FILES), { name: RULES, text: 'other' }]));
    expect(other.artefact(RULES)?.bytes.toString()).toBe('other');
    expect(other.gaps()).toMatchObject([
      { artefact: RULES, problem: expect.stringContaining('more than once') as string },
    ]);
  });

  it('is stopped when it is a bomb', async () => {
    const bomb = await archiveFile([...asEntries(FILES), { name: 'clusters/lab/x', text: Buffer.alloc(3_000_000) }]);
    const ratio = await failure(collectSnapshot(bomb, { ...LIMITS, ratioFromBytes: 1_000_000 }));
    expect(ratio.message).toContain('unpacks to more than 300 times its size');
    const total = await failure(collectSnapshot(bomb, { ...LIMITS, totalBytes: 2_000_000 }));
    expect(total.message).toContain('unpacks to more than 2 MiB');
    const entry = await collectSnapshot(bomb, { ...LIMITS, entryBytes: 1_000_000 });
    expect(entry.gaps()).toMatchObject([{ kind: 'too-large', artefact: 'clusters/lab/x' }]);
    const many = await failure(collectSnapshot(bomb, { ...LIMITS, entries: 3 }));
    expect(many.message).toContain('holds more than 3 files');
  });

  it('gives what is whole when it was cut off, and says that more may be missing', async () => {
    const big = { name: 'clusters/lab/nodes/node1/sysctl.txt', text: 'net.ipv4.ip_forward = 1\n'.repeat(5000) };
    const whole = readFileSync(await archiveFile([...asEntries(FILES), big]));
    const tar = await tarOf([...asEntries(FILES), big]);
    for (const bytes of [
      whole.subarray(0, whole.length - 60),
      tar.subarray(0, 4096),
      gzipSync(tar.subarray(0, 4096)),
    ]) {
      const file = path.join(temporaryFolder({ 'cut.tar.gz': bytes }), 'cut.tar.gz');
      const source = await collectSnapshot(file);
      expect(source.artefact(RULES)?.bytes.toString()).toBe(FILES[RULES]);
      expect(source.gaps()).toContainEqual(expect.objectContaining({ kind: 'unreadable', artefact: file }));
    }
  });

  it('gives an error or a source, whatever bytes are changed', async () => {
    const tar = await tarOf(asEntries(FILES));
    const folder = temporaryFolder();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(tar.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        async (edits, compressed) => {
          const bytes = Buffer.from(tar);
          for (const [at, value] of edits) bytes[at] = value;
          const file = path.join(folder, 'mutated');
          writeFileSync(file, compressed ? gzipSync(bytes) : bytes);
          const opened = await collectSnapshot(file).catch((error: unknown) => error);
          const names = opened instanceof Error ? [] : (opened as ArtefactSource).names();
          expect(opened instanceof Error && !(opened instanceof InputError), String(opened)).toBe(false);
          expect(names.filter((name) => /^\/|\.\.\//.test(name))).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('several snapshots', () => {
  const NODE2 = { 'clusters/lab/nodes/node2/iptables-save.txt': '*nat\nCOMMIT\n' };

  it('of different clusters stand side by side', async () => {
    const other = { 'clusters/other/nodes/a/sysctl.txt': 'a = b' };
    const source = await collectSnapshots([temporaryFolder(FILES), temporaryFolder(other)]);
    expect(contents(source)).toEqual({ ...FILES, ...other });
  });

  it('that name the same cluster are parts of one, also when they share equal files', async () => {
    const source = await collectSnapshots([temporaryFolder(FILES), temporaryFolder({ ...FILES, ...NODE2 })]);
    expect(contents(source)).toEqual({ ...FILES, ...NODE2 });
  });

  it('that contradict each other are an error with both names', async () => {
    const [one, other] = [temporaryFolder(FILES), temporaryFolder({ ...FILES, [RULES]: 'x' })];
    const error = await failure(collectSnapshots([one, other]));
    expect(error.message).toBe(`${one} and ${other} both hold cluster lab, and differ in ${RULES}`);
    expect(error.remedy).toContain('rename clusters/lab in one of them');
  });
});
