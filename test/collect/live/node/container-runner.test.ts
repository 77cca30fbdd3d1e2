import { afterEach, expect, it } from 'vitest';
import { ContainerRunner } from '../../../../src/collect/live/node/container-runner.ts';
import { startFakeApiServer, type FakeApiServer } from '../fake-api-server.ts';

const TARGET = { namespace: 'kube-system', pod: 'kube-proxy-x1', container: 'kube-proxy' };
const TIMES = { connect: 400, total: 1500, ping: 50, silence: 300 };

let fake: FakeApiServer | undefined;
afterEach(async () => {
  await fake?.close();
});

it('a container that fell silent is not asked for the next command: each would wait as long', async () => {
  fake = await startFakeApiServer({ exec: () => {}, answersPings: false });
  const runner = new ContainerRunner(fake.access, TARGET, [], TIMES);
  const signal = AbortSignal.timeout(10_000);
  const first = await runner.run(['sysctl', '-a'], signal);
  const second = await runner.run(['ip', '-j', 'link'], signal);
  expect(first).toMatchObject({ kind: 'failed', gap: 'unreadable' });
  expect('problem' in first ? first.problem : '').toMatch(/nothing was heard for 0\.3 s$/);
  expect(second).toEqual(first);
  expect(fake.requests).toHaveLength(1);
});

it('where connections break each time, the next command is tried once, and after one that came through again', async () => {
  const broken = new Set(['ss', 'ip']);
  fake = await startFakeApiServer({
    exec: (stream) => (broken.has(stream.argv[0] ?? '') ? stream.socket.terminate() : stream.exit(0)),
  });
  const runner = new ContainerRunner(fake.access, TARGET);
  const tries = async (tool: string): Promise<number> => {
    const before = fake?.requests.length ?? 0;
    await runner.run([tool], AbortSignal.timeout(10_000));
    return (fake?.requests.length ?? 0) - before;
  };
  expect([await tries('ss'), await tries('ip'), await tries('nft'), await tries('ip')]).toEqual([3, 1, 1, 3]);
});
