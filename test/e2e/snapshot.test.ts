/** A snapshot of a real cluster answers as the cluster does, and holds no secret. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt } from '../lab/execute.ts';
import type { Lab } from '../lab/lab.ts';
import { SERVICES } from '../lab/topology/services.ts';
import { sharedLab } from './shared-lab.ts';

const PROGRAM = 'dist/kubectl-reach.cjs';
const CANARY = 'canary-7f3a9c51e2';
const QUESTIONS = [
  ['cli-a', 'http://web'],
  ['cli-b', 'db-internal-local:5432'],
  ['cli-a', 'api-not-ready:443'],
  ['node/node1', 'web-nodeport:80'],
];

let lab: Lab;
const folder = mkdtempSync(path.join(tmpdir(), 'kubectl-reach-e2e-'));
const archive = (level: string): string => path.join(folder, `${level}.tar.gz`);
const reach = async (...words: string[]): Promise<string> =>
  (await attempt(process.execPath, [PROGRAM, ...words], { timeout: 120_000 })).stdout.toString();

beforeAll(async () => {
  lab = await sharedLab(SERVICES);
  const metadata = {
    name: 'canary',
    namespace: 'shop',
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': CANARY },
  };
  await lab.api.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { token: CANARY } });
  const container = { name: 'app', image: 'canary', env: [{ name: 'TOKEN', value: CANARY }] };
  const spec = {
    selector: { matchLabels: { app: 'canary' } },
    replicas: 0,
    template: { metadata: { labels: { app: 'canary' } }, spec: { containers: [container] } },
  };
  await lab.api.apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec });
  const from = ['--kubeconfig', lab.kubeconfig, '--node-access', 'exec'];
  for (const level of ['none', 'secrets'])
    await reach('snapshot', '-A', ...from, '--redact', level, '-o', archive(level));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  lab.api.close();
});

/** Without times and the counters of rules, which go on while a cluster is looked at. */
const settled = (text: string): string =>
  text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replaceAll(/\[\d+:\d+\]/g, '[0:0]');

interface Answer {
  readonly verdict: string;
  readonly branches: readonly { readonly disposition: string }[];
  readonly findings: readonly { readonly id: string }[];
}
const gist = (text: string) => {
  const { verdict, branches, findings } = JSON.parse(text) as Answer;
  return { verdict, branches: branches.map((one) => one.disposition), findings: findings.map((one) => one.id) };
};

describe.each(QUESTIONS)('%s asks %s', (from = '', to = '') => {
  it('live, from a snapshot, and from a redacted one', async () => {
    const question = ['explain', from, to, '-n', 'shop', '-o', 'json'];
    const live = await reach(...question, '--kubeconfig', lab.kubeconfig, '--node-access', 'exec');
    expect(settled(await reach(...question, '--snapshot', archive('none')))).toBe(settled(live));
    expect(gist(await reach(...question, '--snapshot', archive('secrets')))).toEqual(gist(live));
  });
});

it('no canary is in a redacted archive; the search finds it in the other one', () => {
  const holds = (level: string): boolean => gunzipSync(readFileSync(archive(level))).includes(CANARY);
  expect([holds('none'), holds('secrets')]).toEqual([true, false]);
});
