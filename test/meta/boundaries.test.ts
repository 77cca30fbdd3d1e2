import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import config from '../../.dependency-cruiser.mjs';

/** Imports against each rule: the rule, who imports, and what. */
const FORBIDDEN = [
  ['no-circular', 'src/check/circular-a.ts', 'src/check/circular-b.ts'],
  ['model-imports-nothing', 'src/model/planted.ts', 'src/parse/nft/nft.ts'],
  ['model-imports-nothing', 'src/model/planted.ts', 'node_modules/re2js/index.js'],
  ['no-io-in-pure-rooms', 'src/evaluate/dns/planted.ts', 'node:fs'],
  ['no-io-in-pure-rooms', 'src/index.ts', 'node:net'],
  ['parse-imports-model-only', 'src/parse/envoy/planted.ts', 'src/parse/nft/nft.ts'],
  ['parse-imports-model-only', 'src/parse/envoy/planted.ts', 'src/collect/folder.ts'],
  ['parse-imports-model-only', 'src/parse/envoy/planted.ts', 'node_modules/yaml/index.js'],
  ['redact-imports-model-only', 'src/redact/planted.ts', 'src/parse/nft/nft.ts'],
  ['redact-imports-model-only', 'src/redact/planted.ts', 'src/collect/folder.ts'],
  ['no-io-in-pure-rooms', 'src/redact/planted.ts', 'node:crypto'],
  ['evaluate-is-pure', 'src/evaluate/dns/planted.ts', 'src/explain/sentences.ts'],
  ['evaluate-is-pure', 'src/evaluate/dns/planted.ts', 'node_modules/chalk/index.js'],
  ['dataplanes-are-strangers', 'src/evaluate/dns/planted.ts', 'src/evaluate/routing/routing.ts'],
  ['dataplanes-are-strangers', 'src/evaluate/proxies/envoy/planted.ts', 'src/evaluate/proxies/ztunnel/ztunnel.ts'],
  ['dataplanes-are-strangers', 'src/evaluate/dns/planted.ts', 'src/evaluate/registry.ts'],
  ['collect-imports-model-only', 'src/collect/planted.ts', 'src/parse/nft/nft.ts'],
  ['check-imports-model-only', 'src/check/planted.ts', 'src/evaluate/routing/routing.ts'],
  ['explain-imports-evaluation-only', 'src/explain/planted.ts', 'src/parse/nft/nft.ts'],
  ['explain-imports-evaluation-only', 'src/explain/planted.ts', 'src/render/tree.ts'],
  ['explain-imports-evaluation-only', 'src/explain/planted.ts', 'node_modules/yaml/index.js'],
  ['render-imports-model-only', 'src/render/planted.ts', 'src/evaluate/routing/routing.ts'],
  ['render-takes-only-types-of-explain', 'src/render/planted.ts', 'src/explain/sentences.ts'],
  ['terminal-libraries-only-in-render', 'src/cli/planted.ts', 'node_modules/chalk/index.js'],
  ['terminal-libraries-only-in-render', 'commands/planted.ts', 'node_modules/cli-table3/index.js'],
  ['oclif-only-in-cli-and-commands', 'src/explain/planted.ts', 'node_modules/@oclif/core/lib/flags.js'],
  ['oclif-by-its-parts', 'commands/planted.ts', 'node_modules/@oclif/core/lib/index.js'],
  ['cli-knows-no-dataplane', 'src/cli/planted.ts', 'src/parse/nft/nft.ts'],
  ['launcher-stays-small', 'src/launch/planted.ts', 'src/cli/run.ts'],
  ['launcher-stays-small', 'src/launch/planted.ts', 'node_modules/yaml/index.js'],
  ['index-and-workspace-know-no-cli', 'src/workspace/workspace.ts', 'src/cli/run.ts'],
  ['src-never-imports-commands', 'src/cli/planted.ts', 'commands/explain.ts'],
  ['commands-import-cli-and-index-only', 'commands/planted.ts', 'src/explain/sentences.ts'],
  ['commands-import-cli-and-index-only', 'commands/planted.ts', 'commands/explain.ts'],
  ['commands-import-cli-and-index-only', 'commands/planted.ts', 'node:fs'],
  ['commands-load-the-core-when-they-run', 'commands/planted.ts', 'src/index.ts'],
  ['nobody-imports-test', 'src/cli/planted.ts', 'test/sample.ts'],
] as const;

/** What each room needs, and no rule may forbid. */
const ALLOWED = [
  ['src/model/allowed.ts', 'node_modules/ipaddr.js/index.js'],
  ['src/collect/allowed.ts', 'src/model/flow.ts'],
  ['src/collect/allowed.ts', 'node:fs'],
  ['src/collect/allowed.ts', 'node_modules/yaml/index.js'],
  ['src/parse/nft/allowed.ts', 'src/model/flow.ts'],
  ['src/parse/nft/allowed.ts', 'src/parse/nft/nft.ts'],
  ['src/parse/nft/allowed.ts', 'src/parse/json-index/json-index.ts'],
  ['src/redact/allowed.ts', 'src/model/flow.ts'],
  ['src/redact/allowed.ts', 'src/parse/json-index/json-index.ts'],
  ['src/evaluate/dns/allowed.ts', 'src/model/flow.ts'],
  ['src/evaluate/dns/allowed.ts', 'node_modules/re2js/index.js'],
  ['src/evaluate/proxies/envoy/allowed.ts', 'src/evaluate/proxies/envoy/filters/rbac.ts'],
  ['src/evaluate/proxies/envoy/filters/allowed.ts', 'src/evaluate/proxies/envoy/envoy.ts'],
  ['src/evaluate/registry.ts', 'src/evaluate/routing/routing.ts'],
  ['src/check/allowed.ts', 'src/model/flow.ts'],
  ['src/explain/walk/allowed.ts', 'src/evaluate/registry.ts'],
  ['src/explain/walk/allowed.ts', 'src/evaluate/routing/routing.ts'],
  ['src/explain/walk/allowed.ts', 'src/check/drift.ts'],
  ['src/render/allowed.ts', 'node_modules/chalk/index.js'],
  ['src/render/allowed.ts', 'src/model/flow.ts'],
  ['src/cli/allowed.ts', 'node_modules/@oclif/core/lib/flags.js'],
  ['src/cli/allowed.ts', 'src/index.ts'],
  ['src/launch/allowed.ts', 'src/cli/version.ts'],
  ['src/launch/allowed.ts', 'node:fs'],
  ['src/workspace/workspace.ts', 'src/collect/folder.ts'],
  ['src/workspace/workspace.ts', 'src/parse/nft/nft.ts'],
  ['src/index.ts', 'src/workspace/workspace.ts'],
  ['src/index.ts', 'src/render/tree.ts'],
  ['commands/allowed.ts', 'src/cli/base-command.ts'],
  ['commands/allowed.ts', 'node_modules/@oclif/core/lib/args.js'],
  ['test/allowed.ts', 'src/evaluate/routing/routing.ts'],
] as const;

let folder: string;
let result: ICruiseResult;

/** Names of the rules against which `from` imports `to`. */
function broken(from: string, to: string): string[] {
  const target = to.replace(/^node:/, '');
  return result.summary.violations
    .filter((violation) => violation.from === from && violation.to.endsWith(target))
    .map((violation) => violation.rule.name);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text, { flag: 'a' });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'boundaries-'));
  const edges = [...FORBIDDEN.map(([, from, to]) => [from, to] as const), ...ALLOWED];
  for (const [, to] of edges) if (!to.startsWith('node:')) write(to, 'export const value = 1;\n');
  for (const [from, to] of edges) write(from, `export * from '${to.startsWith('node:') ? to : join(folder, to)}';\n`);
  write('src/check/circular-b.ts', `export * from './circular-a.ts';\n`);
  const types = `import type { value } from '../explain/sentences.ts';\nexport type Value = typeof value;\n`;
  write('src/render/types-only.ts', types);
  write('src/check/types-only.ts', types);
  const index = join(folder, 'src/index.ts');
  write('commands/lazy.ts', `import type { value } from '${index}';\nexport const load = () => import('${index}');\n`);
  const { output } = await cruise(
    ['src', 'commands', 'test'],
    { ...config.options, ruleSet: config, validate: true, baseDir: folder },
    config.options?.enhancedResolveOptions,
  );
  if (typeof output === 'string') throw new Error(output);
  result = output;
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a rule fires', () => {
  it.each(FORBIDDEN)('%s: %s → %s', (rule, from, to) => {
    expect(broken(from, to)).toContain(rule);
  });

  it('on types as on values', () => {
    expect(broken('src/check/types-only.ts', 'src/explain/sentences.ts')).toEqual(['check-imports-model-only']);
  });

  it('each of them', () => {
    const names = (config.forbidden ?? []).map((rule) => rule.name);
    expect(new Set<string | undefined>(FORBIDDEN.map(([rule]) => rule))).toEqual(new Set(names));
  });
});

describe('no rule forbids', () => {
  it.each(ALLOWED)('%s → %s', (from, to) => {
    expect(broken(from, to)).toEqual([]);
  });

  it("explain's types in render", () => {
    expect(broken('src/render/types-only.ts', 'src/explain/sentences.ts')).toEqual([]);
  });

  it('the core in a command, by its types and when it runs', () => {
    expect(broken('commands/lazy.ts', 'src/index.ts')).toEqual([]);
  });
});

it('every rule says why', () => {
  for (const rule of config.forbidden ?? []) expect(rule.comment, rule.name).toMatch(/\w{3}.*\. .*\w{3}.*\./);
});
