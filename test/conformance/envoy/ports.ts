import { once } from 'node:events';
import { createServer } from 'node:net';
import { WORKERS } from '../../lab/lab-of-worker.ts';

/** All lie below those that Linux gives away itself, so that nobody takes one meanwhile. */
const LISTENING = { first: 10_000, last: 13_999 } as const;
const SOURCES = { first: 14_000, last: 28_999 } as const;

interface Range {
  readonly first: number;
  readonly last: number;
}

/**
 * Suites run side by side on one loopback interface, each worker with ports of its own: two Envoys that listen at the same port share
 * its connections (SO_REUSEPORT), and a source port that another suite has bound cannot be bound.
 *
 * @param worker from 1
 */
function shareOf({ first, last }: Range, worker: number): Range {
  const size = Math.floor((last - first + 1) / WORKERS);
  return { first: first + (worker - 1) * size, last: first + worker * size - 1 };
}

/** Gives the numbers of a range in turns. @param start the first one */
function inTurns({ first, last }: Range, start: number): () => number {
  let next = start;
  return () => {
    const port = next;
    next = port === last ? first : port + 1;
    return port;
  };
}

const worker = Number(process.env['VITEST_POOL_ID'] ?? 1);
const listening = shareOf(LISTENING, worker);
const sources = shareOf(SOURCES, worker);
// Not where the file before this one began, whose connections may still be closing.
const nextListening = inTurns(listening, listening.first + ((process.pid * 97) % (listening.last - listening.first)));

/** A port that has not been handed out for long. The access log tells connections apart by it: the kernel gives the same one again soon. */
export const sourcePort: () => number = inTurns(sources, sources.first);

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    const port = nextListening();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '0.0.0.0', () => resolve(true));
    });
    if (!free) continue;
    await once(server.close(), 'close');
    return port;
  }
}
