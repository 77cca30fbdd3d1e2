import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectSnapshot } from '../../src/collect/snapshot.ts';
import type { ArtefactSource } from '../../src/model/artefact.ts';
import { takeSnapshot, type RedactionLevel } from '../../src/snapshot.ts';
import { CANARIES, writeCanarySnapshot } from './canaries.ts';

let folder: string;
const archives = new Map<RedactionLevel, Buffer>();
const sources = new Map<RedactionLevel, ArtefactSource>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'canaries-'));
  const source = join(folder, 'source');
  writeCanarySnapshot(source);
  for (const level of ['none', 'secrets', 'names'] as const) {
    const output = join(folder, `${level}.tar.gz`);
    const scope = { namespace: null, nodes: [], proxies: [] };
    const tool = { name: 'kubectl-reach', version: '0' };
    await takeSnapshot([source], { scope, level, output, force: false, tool }, () => {}, new AbortController().signal);
    archives.set(level, gunzipSync(readFileSync(output)));
    sources.set(level, await collectSnapshot(output));
  }
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Every text of an artefact as somebody could read it: unescaped, and what is JSON or base64 inside it. */
function texts(bytes: Buffer): string[] {
  const found: string[] = [];
  const pending: unknown[] = [bytes.toString('utf8')];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next === 'string') {
      found.push(next);
      if (/^\s*[{[]/.test(next)) {
        try {
          pending.push(JSON.parse(next));
        } catch {
          // no JSON
        }
      }
      const words = next.length > 100_000 ? [] : (next.match(/[A-Za-z0-9+/_-]{12,}={0,2}/g) ?? []);
      found.push(...words.map((word) => Buffer.from(word, 'base64').toString('latin1')));
    } else if (typeof next === 'object' && next !== null) {
      pending.push(...Object.entries(next).flat());
    }
  }
  return found;
}

/** The three ways in which base64 may spell a text, by where it begins; without what its neighbours decide. */
function base64(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const spelled = Buffer.concat([Buffer.alloc(before), Buffer.from(text)])
      .toString('base64')
      .replace(/=+$/, '');
    return spelled.slice(before === 0 ? 0 : before + 1, -1);
  });
}

function leaks(level: RedactionLevel): string[] {
  const archive = archives.get(level);
  const source = sources.get(level);
  if (archive === undefined || source === undefined) throw new Error('no archive');
  const readable = source.names().flatMap((name) => texts(source.artefact(name)?.bytes ?? Buffer.alloc(0)));
  return Object.entries(CANARIES).flatMap(([place, canary]) => {
    const spelled = [canary, ...base64(canary)].some((one) => archive.includes(one));
    return spelled || readable.some((text) => text.includes(canary)) ? [place] : [];
  });
}

describe('secrets of a cluster', () => {
  it('are all in the snapshot that the test makes, or the search finds nothing', () => {
    expect(leaks('none')).toEqual(Object.keys(CANARIES));
  });

  it.each(['secrets', 'names'] as const)('are not in an archive with --redact %s', (level) => {
    expect(leaks(level)).toEqual([]);
  });

  it.each(['secrets', 'names'] as const)('with --redact %s, what cannot be judged is left out and told', (level) => {
    const index = sources.get(level)?.artefact('snapshot.json')?.bytes.toString() ?? '{}';
    const gaps = (JSON.parse(index) as { skipped: { problem: string }[] }).skipped.map((gap) => gap.problem);
    expect(gaps.filter((problem) => problem.includes('no whole JSON document'))).toHaveLength(1);
    expect(gaps.filter((problem) => problem.includes('Secrets have no place'))).toHaveLength(1);
    expect(gaps.filter((problem) => problem.includes('knows no file of this name'))).toHaveLength(1);
  });
});
