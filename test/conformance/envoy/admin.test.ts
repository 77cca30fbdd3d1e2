import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { urlAdmin } from '../../../src/collect/live/envoy/envoy-admin.ts';
import { EnvoyDocuments } from '../../../src/collect/live/envoy/envoy-documents.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';

const signal = (): AbortSignal => AbortSignal.timeout(20_000);
const [version = ''] = ENVOY_VERSIONS;

describe('the admin interface of a real Envoy', () => {
  let folder: string;
  let port: number;
  let envoy: ChildProcess;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'reach-admin-'));
    port = await freePort();
    const address = { socket_address: { address: '127.0.0.1', port_value: 1 } };
    const bootstrap = {
      admin: { address: { socket_address: { address: '127.0.0.1', port_value: port } } },
      static_resources: {
        clusters: [
          {
            name: 'a',
            type: 'STATIC',
            load_assignment: { cluster_name: 'a', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
          },
        ],
      },
    };
    const file = path.join(folder, 'bootstrap.json');
    writeFileSync(file, JSON.stringify(bootstrap));
    envoy = spawn(installEnvoy(version), ['-c', file, '--disable-hot-restart', '--log-level', 'error'], {
      stdio: 'ignore',
    });
    await vi.waitUntil(async () => (await state(port)) === 'LIVE', { timeout: 20_000, interval: 100 });
  });
  afterAll(() => {
    envoy.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['config_dump.json', 'configs'],
    ['clusters.json', 'cluster_statuses'],
    ['server_info.json', 'state'],
    ['stats.json', 'stats'],
  ])('%s', async (file, member) => {
    const documents = new EnvoyDocuments(urlAdmin(new URL(`http://127.0.0.1:${port}/`)), {
      endpoints: true,
      starting: false,
    });
    const collected = await documents.read(file, file, signal());
    const text = 'bytes' in collected ? collected.bytes.toString() : collected.gap.problem;
    expect(JSON.parse(text)).toHaveProperty(member);
  });

  it('endpoints are in the dump only when they are wanted', async () => {
    const dump = async (endpoints: boolean): Promise<string> => {
      const collected = await new EnvoyDocuments(urlAdmin(new URL(`http://127.0.0.1:${port}`)), {
        endpoints,
        starting: false,
      }).read('config_dump.json', 'config_dump.json', signal());
      return 'bytes' in collected ? collected.bytes.toString() : '';
    };
    expect(await dump(true)).toContain('EndpointsConfigDump');
    expect(await dump(false)).not.toContain('EndpointsConfigDump');
  });
});

async function state(port: number): Promise<unknown> {
  try {
    const { body } = await urlAdmin(new URL(`http://127.0.0.1:${port}`)).get('/server_info', signal());
    return (JSON.parse(body.toString()) as { state: unknown }).state;
  } catch {
    return null;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return address !== null && typeof address === 'object' ? address.port : 0;
}
