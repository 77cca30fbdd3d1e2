/** A live capture, with a collector that gives what a sample holds: what is planned, what is kept, and how it goes on. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { collectSnapshot } from '../../src/collect/snapshot.ts';
import type { Collected } from '../../src/collect/live/collector.ts';
import { explain } from '../../src/explain/explain.ts';
import type { ArtefactSource } from '../../src/model/artefact.ts';
import { takeLiveSnapshot, type LiveSubject, type SnapshotRequest } from '../../src/snapshot.ts';
import { createWorkspace } from '../../src/workspace.ts';
import { ask, sampleSource } from '../sample-facts.ts';
import { temporaryFolder } from './temporary-folder.ts';

const source = await sampleSource('one-node-bookinfo');
const lists = source.names().filter((name) => name.includes('/resources/'));
const ABSENT = 'no such tool on this node';

/** @param stop after how many artefacts Ctrl-C is pressed */
function sampleCluster(stop = Number.POSITIVE_INFINITY, restart = false) {
  const asked: string[] = [];
  const stopping = new AbortController();
  const collect = async (names: readonly string[]): Promise<ReadonlyMap<string, Collected>> => {
    const collected = names.map((name): [string, Collected] => {
      asked.push(name);
      const bytes = source.artefact(name)?.bytes;
      if (bytes !== undefined) return [name, { bytes, capturedAt: '2026-11-21T10:00:00Z' }];
      return [name, { gap: { kind: 'missing', artefact: name, problem: ABSENT } }];
    });
    if (asked.length >= stop) stopping.abort();
    return new Map(collected);
  };
  const live: LiveSubject = {
    name: 'https://lab:6443',
    lists,
    places: [{ collects: () => true, collector: { collect } }],
    restart,
  };
  return { live, asked, signal: stopping.signal };
}

const request = (output: string): SnapshotRequest => ({
  scope: { namespace: null, nodes: [], proxies: [] },
  level: 'none',
  output,
  force: false,
  tool: { name: 'kubectl-reach', version: '0' },
});

describe('a live capture', () => {
  it('has all that a snapshot made by hand has, and answers alike', async () => {
    const output = path.join(temporaryFolder(), 's.tar.gz');
    const { live, signal } = sampleCluster();
    const report = await takeLiveSnapshot(live, request(output), () => {}, signal);
    const taken = await collectSnapshot(output);
    // istiod is no pod in that lab, so that no pod tells of it
    const lost = source.names().filter((name) => !taken.names().includes(name) && !name.includes('/istiod/'));
    expect(lost).toEqual([]);
    expect(new Set(report.skipped.map((gap) => gap.problem))).toEqual(new Set([ABSENT]));
    const question = ask('productpage-v1-abc', 'http://reviews:9080/reviews/1', { namespace: 'bookinfo' });
    // The sample was made by hand, and does not tell what could not be had.
    const withoutGaps = (of: ArtefactSource) => {
      const { coverage, ...answer } = explain(createWorkspace(of), question);
      return { ...answer, coverage: { ...coverage, gaps: [] } };
    };
    expect(withoutGaps(taken)).toEqual(withoutGaps(source));
    expect(taken.artefact(lists[0] ?? '')?.capturedAt).toBe('2026-11-21T10:00:00Z');
    expect(readdirSync(path.dirname(output))).toEqual(['s.tar.gz']);
  });

  it('goes on where it was stopped, and asks for nothing twice', async () => {
    const folder = temporaryFolder();
    const output = path.join(folder, 's.tar.gz');
    const first = sampleCluster(60);
    await expect(takeLiveSnapshot(first.live, request(output), () => {}, first.signal)).rejects.toThrow('aborted');
    expect(readdirSync(folder)).toEqual(['s.tar.gz.partial']);
    // Windows has no such modes.
    expect(process.platform === 'win32' ? 0 : statSync(`${output}.partial`).mode & 0o077).toBe(0);
    const second = sampleCluster();
    await takeLiveSnapshot(second.live, request(output), () => {}, second.signal);
    const had = first.asked.filter((name) => source.names().includes(name));
    expect(had.length).toBeGreaterThan(20);
    expect(second.asked.filter((name) => had.includes(name))).toEqual([]);
    expect(existsSync(`${output}.partial`)).toBe(false);
    const whole = path.join(folder, 'whole.tar.gz');
    const third = sampleCluster();
    await takeLiveSnapshot(third.live, request(whole), () => {}, third.signal);
    expect(readFileSync(output).equals(readFileSync(whole))).toBe(true);
  });

  it('does not mix two clusters, and begins again with --restart', async () => {
    const output = path.join(temporaryFolder(), 's/');
    const first = sampleCluster(40);
    await expect(takeLiveSnapshot(first.live, request(output), () => {}, first.signal)).rejects.toThrow('aborted');
    const other = { ...sampleCluster().live, name: 'https://other:6443' };
    await expect(takeLiveSnapshot(other, request(output), () => {}, new AbortController().signal)).rejects.toThrow(
      'was begun for something else: https://lab:6443',
    );
    const again = sampleCluster(undefined, true);
    await takeLiveSnapshot(again.live, request(output), () => {}, again.signal);
    expect(again.asked).toEqual(expect.arrayContaining(first.asked));
  });
});
