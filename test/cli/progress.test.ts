import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Progress } from '../../src/cli/progress.ts';

let written: string;
let now: number;

function start(isTTY: boolean, columns = 80): Progress {
  const stream = { isTTY, columns, write: (text: string) => (written += text) };
  return new Progress(stream, () => now);
}

beforeEach(() => {
  written = '';
  now = 0;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('says nothing for a second', () => {
  const progress = start(true);
  progress.phase('reading');
  now = 999;
  progress.phase('walking');
  progress.clear();
  expect(written).toBe('');
});

it('names the phase once a second has passed, and is gone at the end', () => {
  const progress = start(true);
  now = 1000;
  progress.phase('walking');
  expect(written).toBe('\r\u001b[Kwalking…');
  progress.clear();
  expect(written).toBe('\r\u001b[Kwalking…\r\u001b[K');
});

it('names the phase while the work waits', () => {
  const progress = start(true);
  progress.phase('reading');
  progress.phase('asking the API server');
  vi.advanceTimersByTime(1000);
  expect(written).toBe('\r\u001b[Kasking the API server…');
  progress.clear();
});

it('stays quiet after the end', () => {
  const progress = start(true);
  progress.phase('reading');
  progress.clear();
  vi.advanceTimersByTime(5000);
  expect(written).toBe('');
});

it('keeps to the width of the terminal', () => {
  now = -1000;
  const progress = start(true, 12);
  now = 0;
  progress.phase('a'.repeat(50));
  expect(written).toBe(`\r\u001b[K${'a'.repeat(10)}…`);
});

it('says nothing where there is no terminal', () => {
  const progress = start(false);
  now = 5000;
  progress.phase('reading');
  vi.advanceTimersByTime(5000);
  progress.clear();
  expect(written).toBe('');
});
