import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { urlAdmin } from '../../../src/collect/live/envoy/envoy-admin.ts';
import { EnvoyDocuments } from '../../../src/collect/live/envoy/envoy-documents.ts';
import { openProxies } from '../../../src/proxy-config/open-proxies.ts';
import { showEndpoints } from '../../../src/proxy-config.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { freePort } from './ports.ts';
import { staticCluster } from './static-cluster.ts';

const signal = (): AbortSignal => AbortSignal.timeout(20_000);
const [version = ''] = ENVOY_VERSIONS;

describe('the admin interface of a real Envoy', () => {
  let port: number;
  let stop: () => void;
  beforeAll(async () => {
    ({ port, stop } = await startEnvoy({ clusters: [staticCluster('a', [1])] }));
  });
  afterAll(() => stop());

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

describe('of a real Envoy without clusters and listeners', () => {
  let port: number;
  let stop: () => void;
  beforeAll(async () => {
    ({ port, stop } = await startEnvoy({}));
  });
  afterAll(() => stop());

  it('/clusters and /listeners are empty objects', async () => {
    const admin = urlAdmin(new URL(`http://127.0.0.1:${port}`));
    for (const asked of ['/clusters?format=json', '/listeners?format=json']) {
      expect((await admin.get(asked, signal())).body.toString()).toBe('{}\n');
    }
  });

  it('pc endpoint shows none', async () => {
    const admin = `http://127.0.0.1:${port}`;
    const proxies = await openProxies({ target: null, namespace: null, files: [], snapshots: [], admin }, ['clusters']);
    const shown = async (format: 'short' | 'json') =>
      (await showEndpoints(proxies, { cluster: null, selection: {} }, { format, odd: false })).text;
    expect(await shown('short')).toBe('ENDPOINT     STATUS     OUTLIER CHECK     CLUSTER\n');
    expect(JSON.parse(await shown('json'))).toEqual([]);
  });
});

/** Starts an Envoy with an admin port and these static resources. */
async function startEnvoy(resources: object): Promise<{ readonly port: number; readonly stop: () => void }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'reach-admin-'));
  const port = await freePort();
  const file = path.join(folder, 'bootstrap.json');
  const admin = { address: { socket_address: { address: '127.0.0.1', port_value: port } } };
  writeFileSync(file, JSON.stringify({ admin, static_resources: resources }));
  const envoy = spawn(installEnvoy(version), ['-c', file, '--disable-hot-restart', '--log-level', 'error'], {
    stdio: 'ignore',
  });
  await vi.waitUntil(async () => (await state(port)) === 'LIVE', { timeout: 20_000, interval: 100 });
  const stop = (): void => {
    envoy.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  };
  return { port, stop };
}

async function state(port: number): Promise<unknown> {
  try {
    const { body } = await urlAdmin(new URL(`http://127.0.0.1:${port}`)).get('/server_info', signal());
    return (JSON.parse(body.toString()) as { state: unknown }).state;
  } catch {
    return null;
  }
}
