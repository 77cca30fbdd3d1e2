import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';

import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { temporaryFolder } from '../collect/temporary-folder.ts';
import { built, environment, NODE, type Run } from '../launch/run-program.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const NODE1 = 'samples/kube-proxy-iptables/clusters/lab/nodes/node1';
const MACHINE = [
  '--ruleset',
  `${NODE1}/iptables-save.txt`,
  '--node-address',
  '10.10.0.11',
  '--node-address',
  '10.244.1.1',
];
const schema = JSON.parse(readFileSync(path.join(ROOT, 'docs/schema/packet.schema.json'), 'utf8'));
const validate = new Ajv2020({ allErrors: true, strict: true, strictTypes: false }).compile(schema);

/** Runs `packet` with a text or bytes on standard input. */
function packet(args: readonly string[], input: string | Buffer = ''): Run {
  const { status, stdout, stderr } = spawnSync(NODE, [built('kubectl-reach'), 'packet', ...args], {
    cwd: ROOT,
    env: environment(),
    input,
    maxBuffer: 100_000_000,
  });
  return { status, stdout: stdout.toString(), stderr: stderr.toString() };
}

interface Answer {
  readonly flow: Readonly<Record<string, unknown>>;
  readonly error?: string;
  readonly outcomes: readonly {
    readonly action: string;
    readonly destination: { readonly ip: string; readonly port: number };
    readonly snat: string | null;
    readonly probability: number;
    readonly rules: readonly string[];
  }[];
}

/** An answer that its schema describes. */
function answer(text: string): Answer {
  const value: unknown = JSON.parse(text);
  expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
  return value as Answer;
}

const flow = (src: string, dst: string, dport: number, ...more: string[]): string[] => [
  '--src',
  src,
  '--dst',
  dst,
  '--dport',
  `${dport}`,
  ...more,
];

// Who answered is what the machines of the lab saw when the same was asked of them.
describe('packet -o json', () => {
  it('gives every backend of a Service, as one packet in three reaches it', () => {
    const { status, stdout, stderr } = packet([...MACHINE, ...flow('10.244.1.20', '10.96.10.1', 80), '-o', 'json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { outcomes, flow: asked } = answer(stdout);
    expect(asked).toMatchObject({ src: '10.244.1.20', dst: '10.96.10.1', dport: 80, protocol: 'tcp', hook: 'auto' });
    expect(outcomes.map(({ destination }) => `${destination.ip}:${destination.port}`)).toEqual([
      '10.244.1.10:8080',
      '10.244.1.11:8080',
      '10.244.2.10:8080',
    ]);
    for (const { action, probability, snat } of outcomes) {
      expect({ action, snat }).toEqual({ action: 'accept', snat: null });
      expect(probability).toBeCloseTo(1 / 3, 8);
    }
  });

  it.each([
    ['a process of the node is masqueraded', flow('10.10.0.11', '10.96.10.1', 80), 0, ['accept'], 'masquerade'],
    [
      'a NodePort of local endpoints, of which there are none',
      flow('10.10.0.50', '10.10.0.11', 30083),
      3,
      ['drop'],
      null,
    ],
    ['a NodePort without endpoints', flow('10.10.0.50', '10.10.0.11', 30084), 3, ['reject'], null],
  ])('%s', (_, args, expected, actions, snat) => {
    const { status, stdout } = packet([...MACHINE, ...args, '-o', 'json']);
    const { outcomes } = answer(stdout);
    expect(status).toBe(expected);
    expect([...new Set(outcomes.map(({ action }) => action))]).toEqual(actions);
    expect([...new Set(outcomes.map((outcome) => outcome.snat))]).toEqual([snat]);
  });

  it('gives the same as YAML', () => {
    const args = [...MACHINE, ...flow('10.244.1.20', '10.96.10.1', 80)];
    expect(parse(packet([...args, '-o', 'yaml']).stdout)).toEqual(answer(packet([...args, '-o', 'json']).stdout));
  });

  it('reads rules for IPv6', () => {
    const { status, stdout } = packet([
      '--ruleset6',
      `${NODE1}/ip6tables-save.txt`,
      '--node-address',
      'fd00:10::11',
      ...flow('fd00:244:1::20', 'fd00:96::108', 80),
      '-o',
      'json',
    ]);
    expect(status).toBe(0);
    expect(answer(stdout).outcomes).toHaveLength(3);
  });

  it('takes further node addresses behind the first', () => {
    const asked = flow('10.10.0.50', '10.244.1.1', 30080, '-o', 'json');
    const { outcomes } = answer(
      packet(['--ruleset', `${NODE1}/iptables-save.txt`, '--node-address', '10.10.0.11', '10.244.1.1', ...asked])
        .stdout,
    );
    expect(outcomes.map(({ snat }) => snat)).toEqual(['masquerade', 'masquerade', 'masquerade']);
  });
});

const RULES =
  '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n-A FORWARD -p tcp -m tcp --dport 25 -j DROP\n-A FORWARD -p tcp -m tcp --dport 26 -m quux -j DROP\nCOMMIT\n';

describe('packet for people', () => {
  it('shows outcomes and rules', () => {
    const { status, stdout, stderr } = packet(
      ['--ruleset', '-', '--node-address', '10.0.0.1', ...flow('10.0.0.9', '10.0.0.2', 25)],
      RULES,
    );
    expect({ status, stderr, stdout }).toEqual({
      status: 3,
      stderr: '',
      stdout: `tcp 10.0.0.9 to 10.0.0.2:25, from the wire

dropped on its way to 10.0.0.2:25 by the rule in line 4
  filter:4  -A FORWARD -p tcp -m tcp --dport 25 -j DROP
`,
    });
  });

  it('warns of rules that it does not understand', () => {
    const { status, stdout, stderr } = packet(
      ['--ruleset', '-', '--node-address', '10.0.0.1', ...flow('10.0.0.9', '10.0.0.2', 26)],
      RULES,
    );
    expect(status).toBe(4);
    expect(stdout).toContain('undetermined on its way to 10.0.0.2:26: match extension "quux" is not understood');
    expect(stderr).toBe(
      'warning: standard input:5: unknown match extension "quux" (use a version of kubectl-reach that knows it)\n',
    );
  });

  it('warns when no address of a family is known', () => {
    const { stderr } = packet(
      ['--ruleset', '-', '--node-address', 'fd00::1', ...flow('10.0.0.9', '10.0.0.2', 80)],
      RULES,
    );
    expect(stderr).toContain('no IPv4 address of the machine is given');
  });
});

describe('packet --flows', () => {
  const machine = ['--ruleset', '-', '--node-address', '10.0.0.1'];
  const asked = [
    '{"src":"10.0.0.9","dst":"10.0.0.2","dport":80,"id":1}',
    '{"src":"10.0.0.9","dst":"10.0.0.2","dport":25,"id":2}',
    '',
    '{"src":"10.0.0.9","dst":"10.0.0.2","dport":26,"protocol":"udp","id":3}',
  ];

  it('answers each line with one, in order', () => {
    const file = path.join(temporaryFolder({ 'flows.jsonl': asked.join('\n') }), 'flows.jsonl');
    const { status, stdout } = packet([...machine, '--flows', file], RULES);
    expect(status).toBe(3);
    const answers = stdout.trimEnd().split('\n').map(answer);
    expect(answers.map(({ flow: its, outcomes }) => [its['id'], outcomes.map(({ action }) => action)])).toEqual([
      [1, ['accept']],
      [2, ['drop']],
      [3, ['accept']],
    ]);
    expect(answers[1]?.outcomes[0]).toEqual({
      action: 'drop',
      destination: { ip: '10.0.0.2', port: 25 },
      snat: null,
      probability: 1,
      condition: null,
      rules: ['-A FORWARD -p tcp -m tcp --dport 25 -j DROP'],
      undetermined: null,
    });
  });

  it('says in its place what is wrong with a line, loses nothing, and ends with 2', () => {
    const rules = path.join(temporaryFolder({ 'rules.txt': RULES }), 'rules.txt');
    const lines = [asked[0], '{"src":"10.0.0.9"', '{"src":"10.0.0.9","dst":"nowhere","dport":80}', '[1]', asked[1]];
    const { status, stdout } = packet(
      ['--ruleset', rules, '--node-address', '10.0.0.1', '--flows', '-'],
      lines.join('\n'),
    );
    expect(status).toBe(2);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map(answer)
        .map((one) => one.error ?? 'answered'),
    ).toEqual([
      'answered',
      'this line is no JSON',
      'dst is no IP address: "nowhere"',
      'a flow is a JSON object',
      'answered',
    ]);
  });

  it('takes flags for what lines leave out', () => {
    const { stdout } = packet([...machine, '--flows', flowsFile(asked[1] ?? ''), '--protocol', 'udp'], RULES);
    expect(answer(stdout).outcomes.map(({ action }) => action)).toEqual(['accept']);
  });

  it.each([
    [[asked[0]], 0],
    [[asked[0], asked[1]], 3],
    [[asked[1], '{"src":"10.0.0.9","dst":"10.0.0.2","dport":26}', asked[0]], 4],
    [[asked[1], '{"src":"10.0.0.9","dst":"10.0.0.2","dport":26}', '?', asked[0]], 2],
    [[], 0],
  ])('%j ends with the worst status: %i', (lines, status) => {
    expect(packet([...machine, '--flows', flowsFile(lines.join('\n'))], RULES).status).toBe(status);
  });

  it('answers thousands of lines, compressed or not', () => {
    const many = Array.from(
      { length: 5000 },
      (_, id) => `{"src":"10.0.0.9","dst":"10.0.0.2","dport":${1 + (id % 60)},"id":${id}}\n`,
    ).join('');
    const rules = path.join(temporaryFolder({ 'rules.txt': RULES }), 'rules.txt');
    const args = ['--ruleset', rules, '--node-address', '10.0.0.1', '--flows', '-'];
    const { stdout } = packet(args, many);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as Answer).flow['id']),
    ).toEqual(Array.from({ length: 5000 }, (_, id) => id));
    expect(packet(args, gzipSync(many)).stdout).toBe(stdout);
  });

  function flowsFile(text: string): string {
    return path.join(temporaryFolder({ 'flows.jsonl': text }), 'flows.jsonl');
  }
});

describe('packet reads its rules', () => {
  const asked = ['--node-address', '10.0.0.1', ...flow('10.0.0.9', '10.0.0.2', 25)];

  it.each([
    ['compressed, from standard input', gzipSync(RULES)],
    ['from standard input', Buffer.from(RULES)],
  ])('%s', (_, input) => {
    expect(packet(['--ruleset', '-', ...asked], input).status).toBe(3);
  });

  it.each([
    [['--ruleset', 'no/such/file', ...asked], 'error: there is nothing at no/such/file\nCheck the path'],
    [['--ruleset', 'samples', ...asked], 'error: samples is a folder\nName a file in it'],
    [
      ['--ruleset', `${NODE1}/../../resources/core/v1/services.json`, ...asked],
      'is no ruleset: it looks like a Kubernetes object\n',
    ],
    [
      ['--ruleset', `${NODE1}/ip6tables-save.txt`, ...asked],
      'holds rules for IPv6, not IPv4\nGive it with --ruleset6.\n',
    ],
    [
      ['--ruleset6', `${NODE1}/iptables-save.txt`, ...asked],
      'holds rules for IPv4, not IPv6\nGive it with --ruleset.\n',
    ],
    [['--ruleset', '-', ...asked], 'error: standard input is no ruleset: it is empty\n'],
    [asked, 'error: no ruleset is given\nName one with --ruleset FILE'],
    [[...MACHINE.slice(0, 2), ...flow('10.0.0.9', '10.0.0.2', 25)], 'error: no address of the machine is given\n'],
    [[...MACHINE.slice(0, 2), '--node-address', 'node1'], 'error: --node-address: "node1" is no IP address\n'],
    [
      [...MACHINE, '--src', '10.0.0.9', '--dport', '80'],
      'error: dst is missing\nA packet is told by --src, --dst and --dport',
    ],
    [[...MACHINE, ...flow('10.0.0.9', 'web', 80)], 'error: dst is no IP address: "web"\n'],
    [[...MACHINE, ...flow('10.0.0.9', 'fd00::1', 80)], 'error: src and dst are of different families\n'],
    [[...MACHINE, ...flow('fd00::9', 'fd00::1', 80)], 'error: no ruleset for IPv6 was given\n'],
    [[...MACHINE, ...flow('10.0.0.9', '10.0.0.2', 0)], 'error: --dport: '],
    [[...MACHINE, '--flows', 'no/such/file'], 'error: there is nothing at no/such/file\n'],
    [[...MACHINE, '--flows', '-', '--ruleset', '-'], 'error: standard input can hold one file only\n'],
    [['--ruleset', '-', '--ruleset6', '-', ...asked], 'error: standard input can hold one file only\n'],
    [[...MACHINE, '--flows', '-', '-o', 'yaml'], 'error: --flows is answered with a line of JSON for each line\n'],
    [[...MACHINE, '--flows', '-', '--src', '10.0.0.9'], '--src'],
  ])('or says what is wrong: %j', (args, text) => {
    const { status, stdout, stderr } = packet(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(text);
    expect(stderr).not.toMatch(/\n\s+at |unexpected failure/);
  });
});
