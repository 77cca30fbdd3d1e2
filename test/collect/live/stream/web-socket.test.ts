import { describe, expect, it } from 'vitest';
import { streamTimes } from '../../../../src/collect/live/stream/web-socket.ts';

describe('how long a stream may be silent', () => {
  it.each([
    ['nobody says', undefined, 30_000],
    ['requests may take for ever', null, 30_000],
    ['requests may take longer', 60_000, 30_000],
    ['requests may take less', 5000, 5000],
  ])('%s', (_, timeout, silence) => {
    const times = streamTimes(timeout === undefined ? {} : { timeout });
    expect(times.silence).toBe(silence);
    expect(times.connect).toBeLessThanOrEqual(silence);
    // A live other side is heard several times before it counts as silent.
    expect(times.ping * 3).toBeLessThanOrEqual(silence);
  });
});
