/** Files of 200 MB on one line: an answer or a gap within seconds, in a process with a heap that could not hold them twice. */
import { closeSync, cpSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { built, environment, NODE } from '../launch/run-program.ts';

const SAMPLE = fileURLToPath(new URL('../../test/fixtures/one-node-bookinfo', import.meta.url));
const MEBIBYTES = 200;
const HEAP = '--max-old-space-size=512';
/** Milliseconds for one answer; alone it takes one to three seconds. */
const TIME_LIMIT = 20_000;
const FOLDER = mkdtempSync(join(tmpdir(), 'kubectl-reach-fuzz-'));

afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

function writeLong(file: string, head: string, filler: string, tail: string): void {
  const piece = Buffer.from(filler.repeat(Math.ceil((1024 * 1024) / filler.length)));
  const at = openSync(file, 'w');
  writeSync(at, head);
  for (let count = 0; count < MEBIBYTES; count++) writeSync(at, piece);
  writeSync(at, tail);
  closeSync(at);
}

function reach(...args: readonly string[]) {
  return spawnSync(NODE, [HEAP, built('kubectl-reach'), ...args], {
    env: environment(),
    encoding: 'utf8',
    timeout: TIME_LIMIT,
  });
}

const CONFIG_DUMP = 'pods/bookinfo/productpage-v1-abc/envoy/config_dump.json';
const NODE_RULES = 'nodes/node1/iptables-save.txt';

describe('explain', () => {
  const snapshot = join(FOLDER, 'snapshot');
  const ask = ['explain', 'productpage-v1-abc', 'http://reviews:9080/reviews/1', '-n', 'bookinfo', '-o', 'json'];

  it.each([
    ['a config_dump that is text', CONFIG_DUMP, 'error ', 'x', ''],
    ['a config_dump that is one string', CONFIG_DUMP, '{"configs":["', 'x', '"]}'],
    ['a config_dump of very many values', CONFIG_DUMP, '{"configs":[', '{"a":1},', '{}]}'],
    ['a config_dump of brackets', CONFIG_DUMP, '', '[', ''],
    ['rules that are text', NODE_RULES, '', 'x', ''],
    [
      'a rule with a long comment',
      NODE_RULES,
      '*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -m comment --comment "',
      'a ',
      '"',
    ],
    ['Services beyond number', 'resources/core/v1/services.json', '{"items":[', '{},', '{}]}'],
    ['a list of nftables beyond number', 'nodes/node1/nft-ruleset.json', '{"nftables":[', '{},', '{}]}'],
    ['settings that are text', 'nodes/node1/sysctl.txt', 'a = ', 'x ', ''],
  ])(
    '%s',
    (_, file, head, filler, tail) => {
      cpSync(SAMPLE, snapshot, { recursive: true });
      writeLong(join(snapshot, 'clusters/lab', file), head, filler, tail);
      const { status, signal, stdout, stderr } = reach(...ask, '--snapshot', snapshot);
      expect({ signal, status, stderr }).toEqual({ signal: null, status: 4, stderr: '' });
      const { verdict, coverage } = JSON.parse(stdout) as {
        verdict: string;
        coverage: { gaps: { artefact: string }[] };
      };
      expect(verdict).toBe('undetermined');
      expect(coverage.gaps.map((gap) => gap.artefact)).toContain(`clusters/lab/${file}`);
    },
    2 * TIME_LIMIT,
  );
});

describe('packet', () => {
  it.each([
    ['text', '', 'x', ''],
    ['a rule with a long comment', '*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m comment --comment "', 'a ', '"'],
    ['a rule of very many words', '*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING', ' -m', '\nCOMMIT\n'],
  ])(
    '%s',
    (_, head, filler, tail) => {
      const file = join(FOLDER, 'rules.txt');
      writeLong(file, head, filler, tail);
      const flow = ['--node-address', '10.0.0.1', '--src', '10.0.0.2', '--dst', '10.96.0.1', '--dport', '80'];
      const { status, signal, stderr } = reach('packet', '--ruleset', file, ...flow);
      expect([signal, stderr.includes('unexpected')], stderr).toEqual([null, false]);
      expect([2, 4]).toContain(status);
    },
    2 * TIME_LIMIT,
  );
});
