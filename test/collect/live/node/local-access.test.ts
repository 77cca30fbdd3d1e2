import { afterEach, describe, expect, it } from 'vitest';
import { LocalAccess } from '../../../../src/collect/live/node/local-access.ts';
import { LocalRunner } from '../../../../src/collect/live/node/local-runner.ts';
import { NodeCollector } from '../../../../src/collect/live/node/node-collector.ts';
import { startFakeApiServer, statusBody, type FakeApiServer } from '../fake-api-server.ts';

const SIGNAL = new AbortController().signal;

let server: FakeApiServer | undefined;
afterEach(async () => server?.close());

/** An API server that knows node1 by these addresses; null: it may not be read. */
async function cluster(
  addresses: readonly (readonly [type: string, address: string])[] | null,
): Promise<FakeApiServer> {
  server = await startFakeApiServer({
    plain: (_request, response) => {
      if (addresses === null) response.writeHead(403).end(statusBody(403, 'Forbidden', 'nodes "node1" is forbidden'));
      else {
        const listed = addresses.map(([type, address]) => ({ type, address }));
        response.end(JSON.stringify({ status: { addresses: listed } }));
      }
    },
  });
  return server;
}

const HERE = { hostname: 'node1', addresses: ['10.10.0.11', 'fd00:10::11'] };
const ELSEWHERE = { hostname: 'laptop', addresses: ['192.168.7.20'] };

describe('this machine is a node', () => {
  it.each([
    ['by its host name', HERE, null],
    ['by the first part of its host name', { ...HERE, hostname: 'node1.example.test' }, null],
    ['by an address of its own', { ...HERE, hostname: 'laptop' }, [['InternalIP', '10.10.0.11']]],
    ['by an address outside', { ...HERE, hostname: 'laptop' }, [['ExternalIP', 'FD00:10::11']]],
  ] as const)('%s', async (_, machine, addresses) => {
    const { api } = await cluster(addresses);
    expect(await new LocalAccess(api, machine).open('node1', SIGNAL)).toMatchObject({
      note: 'node node1 was read on this machine',
    });
  });
});

describe('this machine is none', () => {
  it.each([
    ['another name and other addresses', ELSEWHERE, [['InternalIP', '10.10.0.11']]],
    ['another name alone, where the node may not be read', ELSEWHERE, null],
    ['an address that is a host name of the node', ELSEWHERE, [['Hostname', '192.168.7.20']]],
  ] as const)('%s', async (_, machine, addresses) => {
    const { api } = await cluster(addresses);
    const name = 'clusters/lab/nodes/node1/iptables-save.txt';
    const collected = await new NodeCollector(api, new LocalAccess(api, machine)).collect([name], SIGNAL);
    expect(collected.get(name)).toEqual({
      gap: {
        kind: 'missing',
        artefact: name,
        problem: 'this machine (laptop) is not node node1, and --node-access local reads no other',
        remedy: 'run it on node1, or with --node-access exec',
      },
    });
  });
});

describe('a command on this machine', () => {
  it('gives its bytes, its standard error and its status', async () => {
    const node = [process.execPath, '-e', 'console.log(1); console.error(2); process.exitCode = 3'] as const;
    const outcome = await new LocalRunner().run([...node], SIGNAL);
    expect(outcome).toEqual({ kind: 'exited', exitCode: 3, stdout: Buffer.from('1\n'), stderr: '2\n' });
  });

  it('that is not there', async () => {
    const outcome = await new LocalRunner().run(['no-such-tool-of-any-node'], SIGNAL);
    expect(outcome).toMatchObject({ kind: 'tool-missing' });
  });

  it('that is broken off', async () => {
    const node = [process.execPath, '-e', 'setTimeout(() => {}, 60000)'] as const;
    const outcome = await new LocalRunner().run([...node], AbortSignal.timeout(50));
    expect(outcome).toMatchObject({ kind: 'failed', remedy: 'run it again and let it finish' });
  });
});
