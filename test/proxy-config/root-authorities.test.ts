/** rootca-compare, on dumps of real proxies: those of one mesh have an authority in common, and another mesh has none of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compareRoots } from '../../src/proxy-views.ts';
import { NO_CLUSTER } from './no-cluster.ts';

const PODS = 'samples/istio-bookinfo/clusters/lab/pods/bookinfo';
const dumpOf = (pod: string): string => `${PODS}/${pod}/envoy/config_dump.json`;
const folder = mkdtempSync(path.join(tmpdir(), 'root-authorities-'));
afterAll(() => rmSync(folder, { recursive: true }));

const live = NO_CLUSTER;
const compare = (files: readonly string[], format: 'short' | 'reach-json' = 'short') =>
  compareRoots({ sides: [], namespace: null, snapshots: [], files, live }, format);

/** A proxy's dump with other text in place of what its ROOTCA holds. */
function withRoot(pem: (own: string) => string): string {
  const text = readFileSync(dumpOf('reviews-v1'), 'utf8');
  const dump = JSON.parse(text) as { configs: { dynamic_active_secrets?: Secret[] }[] };
  const secrets = dump.configs.flatMap(({ dynamic_active_secrets: list = [] }) => list);
  const trusted = secrets.find(({ name }) => name === 'ROOTCA')?.secret.validation_context.trusted_ca;
  if (trusted === undefined) throw new Error('the sample has no ROOTCA');
  trusted.inline_bytes = Buffer.from(pem(Buffer.from(trusted.inline_bytes, 'base64').toString())).toString('base64');
  const file = path.join(folder, 'changed.json');
  writeFileSync(file, JSON.stringify(dump));
  return file;
}

interface Secret {
  readonly name: string;
  readonly secret: { readonly validation_context: { readonly trusted_ca: { inline_bytes: string } } };
}

const other = readFileSync(new URL('../fixtures/certificates/ca.pem', import.meta.url), 'utf8');

describe('rootca-compare', () => {
  it('of two proxies of one mesh', async () => {
    const { text, same } = await compare([dumpOf('reviews-v1'), dumpOf('cli-a')]);
    expect(same).toBe(true);
    expect(text).toBe(
      `Both [${dumpOf('reviews-v1')}] and [${dumpOf('cli-a')}] have the identical ROOTCA, theoretically the connectivity between them is available\n`,
    );
  });

  it('of proxies of two meshes', async () => {
    const { text, same } = await compare([dumpOf('reviews-v1'), withRoot(() => other)]);
    expect(same).toBe(false);
    expect(text).toContain('have the non identical ROOTCA, theoretically the connectivity between them is unavailable');
  });

  it('of a proxy that trusts both, as while authorities are exchanged', async () => {
    const { text, same } = await compare([dumpOf('reviews-v1'), withRoot((own) => `${other}${own}`)], 'reach-json');
    expect(same).toBe(true);
    expect((JSON.parse(text) as { items: unknown[] }).items).toMatchObject([
      { authorities: 1, common: 1 },
      { authorities: 2, common: 1 },
    ]);
  });

  it('of a proxy without authorities says so', async () => {
    await expect(compare([dumpOf('reviews-v1'), withRoot(() => 'no certificate')])).rejects.toThrow(
      'has no ROOTCA with certificates',
    );
  });

  it.each([[[]], [[dumpOf('cli-a')]]])('of %j is none', async (files) => {
    await expect(compare(files)).rejects.toThrow('rootca-compare requires 2 pods or files');
  });
});
