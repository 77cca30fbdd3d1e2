import { describe, expect, it } from 'vitest';
import { evaluateTraversal } from '../../../src/evaluate/netfilter/evaluate-traversal.ts';
import { probabilitySums } from '../../../src/model/branching.ts';
import type { Flow } from '../../../src/model/flow.ts';
import type { Ruleset, TraversalOutcome } from '../../../src/model/netfilter.ts';
import { parseNftText } from '../../../src/parse/nftables/text-ruleset.ts';
import { environmentOf, flowOf, rulesetOf } from './environment.ts';

function nft(text: string): Ruleset {
  return parseNftText({ name: 'nft-ruleset.txt', capturedAt: null, bytes: Buffer.from(text) }).value;
}

/** A table with one chain on the prerouting hook. */
function chain(
  rules: string,
  options: { readonly type?: string; readonly priority?: number; readonly name?: string } = {},
) {
  const { type = 'filter', priority = -150, name = 'x' } = options;
  const lines = rules.split('; ').map((rule) => `\t\t${rule}\n`);
  return `table inet ${name} {\n\tchain c {\n\t\ttype ${type} hook prerouting priority ${priority}; policy accept;\n${lines.join('')}\t}\n}\n`;
}

/** One outcome in a line. */
function line({ flow, verdict, rejectWith, unknown, probability, conditions }: TraversalOutcome): string {
  const detail = rejectWith ?? unknown?.reason;
  const chance = probability === 1 ? '' : ` p=${Number(probability.toFixed(6))}`;
  const supposed = conditions.map(({ key, value }) => ` if ${key}=${String(value)}`).join('');
  const end = `${flow.destination}:${flow.destinationPort}${chance}${supposed}`;
  return detail === undefined ? `${verdict} ${end}` : `${verdict}(${detail}) ${end}`;
}

function walk(rulesets: readonly Ruleset[], change: Partial<Flow> = {}): string[] {
  const flow = flowOf('10.0.0.1:40000 > 10.0.0.2:80', { inInterface: 'eth1', ...change });
  const outcomes = evaluateTraversal(rulesets, flow, 'wire', environmentOf());
  expect(probabilitySums(outcomes).every((sum) => Math.abs(sum - 1) < 1e-9)).toBe(true);
  return outcomes.map(line);
}

const PASSED = 'forward 10.0.0.2:80';
const DROPPED = 'drop 10.0.0.2:80';

describe('nftables rules', () => {
  it.each([
    ['a test that holds', 'ip saddr 10.0.0.0/8 drop', [DROPPED]],
    ['a field that the packet has not, turned round', 'udp dport != 53 drop', [PASSED]],
    ['no device before the routing decision', 'oifname "" drop', [DROPPED]],
    ['no socket on the wire, turned round', 'meta skuid != 0 drop', [PASSED]],
    ['a verdict map without the key', 'tcp dport vmap { 443 : drop }', [PASSED]],
    ['a verdict map with a span', 'tcp dport vmap { 1-1023 : drop }', [DROPPED]],
    ['a mark set before a test that fails', 'meta mark set 0x1 tcp dport 81 drop; meta mark 0x1 drop', [DROPPED]],
    ['chance', 'numgen random mod 4 0 drop', [`${DROPPED} p=0.25`, `${PASSED} p=0.75`]],
    ['flags of a first packet', 'tcp flags & (syn | ack) == syn drop', [DROPPED]],
    ['reject of another family', 'reject with icmpv6 no-route', [PASSED]],
    ['reject', 'reject with icmpx admin-prohibited', ['reject(icmp-admin-prohibited) 10.0.0.2:80']],
    [
      'two tests that nft prints as one',
      'tcp dport != 443-53 drop',
      ['undetermined(value {"range":[443,53]} is not understood) 10.0.0.2:80'],
    ],
    ['a value that nobody knows, behind one that fails', 'meta cpu 1 tcp dport 81 drop', [PASSED]],
    ['a value that nobody knows, of no consequence', 'meta cpu 1 counter', [PASSED]],
    ['a value that nobody knows', 'meta cpu 1 drop', ['undetermined(meta cpu is not known of the packet) 10.0.0.2:80']],
    ['a set that is not there', 'ip saddr @gone drop', ['undetermined(set gone is not in the dump) 10.0.0.2:80']],
    [
      'a statement that is not understood',
      'warp 9 drop',
      ['undetermined(part of the rule is not understood: "warp" is no statement) 10.0.0.2:80'],
    ],
    ['queue', 'queue num 1 bypass', ['undetermined(a program behind queue decides) 10.0.0.2:80']],
  ])('%s', (_, rules, expected) => {
    expect(walk([nft(chain(rules))])).toEqual(expected);
  });

  it('accept ends its own chain alone, drop ends all', () => {
    const first = chain('accept', { priority: -200, name: 'first' });
    expect(walk([nft(`${first}${chain('drop')}`)])).toEqual([DROPPED]);
    expect(walk([nft(`${chain('drop', { priority: -200, name: 'first' })}${chain('accept')}`)])).toEqual([DROPPED]);
  });

  it('a translation is for first packets alone, by the first chain that makes one', () => {
    const one = chain('dnat ip to 10.0.0.3', { type: 'nat', priority: -90, name: 'late' });
    const two = chain('dnat ip to 10.0.0.4', { type: 'nat', priority: -100, name: 'early' });
    expect(walk([nft(one + two)])).toEqual(['forward 10.0.0.4:80']);
    const { tracking } = flowOf('10.0.0.1:40000 > 10.0.0.2:80');
    expect(walk([nft(one + two)], { tracking: { ...tracking, state: 'ESTABLISHED' } })).toEqual([PASSED]);
  });

  it('what packets put into a set is a condition, but for what this packet put there', () => {
    const set = 'table inet x {\n\tset s {\n\t\ttype ipv4_addr\n\t\tflags dynamic,timeout\n\t\ttimeout 5m\n\t}\n';
    const rules = (text: string) => `${set}${chain(text).slice('table inet x {\n'.length)}`;
    expect(walk([nft(rules('ip saddr @s drop'))])).toEqual([
      `${DROPPED} if set:inet x:s:167772161=true`,
      `${PASSED} if set:inet x:s:167772161=false`,
    ]);
    expect(walk([nft(rules('update @s { ip saddr }; ip saddr @s drop'))])).toEqual([DROPPED]);
  });

  it('rules of iptables and nftables meet the packet in the order of their priorities', () => {
    const iptables = rulesetOf('*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j MARK --set-mark 7\nCOMMIT\n');
    const before = nft(chain('meta mark 0x7 drop', { priority: -151 }));
    const behind = nft(chain('meta mark 0x7 drop', { priority: -149 }));
    expect(walk([iptables, before])).toEqual([PASSED]);
    expect(walk([iptables, behind])).toEqual([DROPPED]);
    expect(walk([behind, iptables])).toEqual([DROPPED]);
  });

  it('of equal priorities no dump tells the order: the answer is open where it matters', () => {
    const iptables = rulesetOf('*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j MARK --set-mark 7\nCOMMIT\n');
    expect(walk([iptables, nft(chain('meta mark 0x7 drop'))])[0]).toMatch(
      /^undetermined\(the answer depends on the order/,
    );
    expect(walk([iptables, nft(chain('tcp dport 80 drop'))])).toEqual([DROPPED]);
  });

  it('a listing that was cut off, and a chain of a type that is not known, leave every answer open', () => {
    expect(walk([nft(chain('accept').slice(0, -4))])[0]).toMatch(/^undetermined/);
    expect(walk([nft(chain('accept', { type: 'warp' }))])[0]).toMatch(/^undetermined/);
    expect(walk([nft(`table inet x {\n\tflags dormant\n${chain('drop').slice('table inet x {\n'.length)}`)])).toEqual([
      PASSED,
    ]);
  });
});

/** As the kernel did it (test/conformance/nftables): without a rule that has connections tracked, chains of type nat are not consulted. */
describe('chains of type nat, which are consulted where connections are tracked', () => {
  const nat = chain('ip saddr 10.0.0.1 drop', { type: 'nat', priority: -100 });
  const untracked =
    /^undetermined\(the answer depends on chains of type nat, .* no rule of nft-ruleset\.txt has them tracked\)/;

  it.each([
    ['beside a rule that asks the tracker', 'ct state invalid drop'],
    ['beside a rule that marks connections', 'ct mark set 0x1'],
    ['beside a map by the connection', 'meta mark set ip saddr . ct mark map { 10.9.9.9 . 0x1 : 0x1 }'],
  ])('are walked %s', (_, rule) => {
    expect(walk([nft(nat + chain(rule, { name: 'y' }))])).toEqual([DROPPED]);
  });

  it('are walked beside a translation', () => {
    const other = chain('tcp dport 81 dnat ip to 10.0.0.9', { type: 'nat', name: 'y', priority: -90 });
    expect(walk([nft(nat + other)])).toEqual([DROPPED]);
  });

  it.each([
    ['alone', ''],
    ['beside other rules', chain('ip saddr 10.9.9.9 reject with icmpx admin-prohibited', { name: 'y' })],
  ])('leave the answer open %s', (_, other) => {
    const [seen = ''] = walk([nft(nat + other)]);
    expect(seen).toMatch(untracked);
  });

  it('are of no consequence where another chain says the same', () => {
    expect(walk([nft(nat + chain('tcp dport 80 drop', { name: 'y' }))])).toEqual([DROPPED]);
    expect(walk([nft(chain('tcp dport 81 drop', { type: 'nat', priority: -100 }))])).toEqual([PASSED]);
  });
});

/** As the kernel did it (test/conformance/nftables): a mark of another chain counts once something has the packet routed anew. */
describe('the type of service, by which packets that are made here are routed anew', () => {
  const marked = { probability: 1, conditions: [], preferredSource: null, evidence: [], gateway: null } as const;
  const environment = environmentOf({
    route: ({ mark }) => (mark === 0 ? undefined : [{ ...marked, kind: 'unreachable', device: null }]),
  });
  const marks = chain('meta mark set 0x80', { priority: -180, name: 'm' }).replace('prerouting', 'output');
  const ends = (type: string, rule: string, first = marks): string[] => {
    const other = chain(rule, { type, priority: -20 }).replace('prerouting', 'output');
    const flow = flowOf('10.0.0.1:40000 > 10.0.0.2:80', { inInterface: null });
    return evaluateTraversal([nft(first + other)], flow, 'process', environment).map(line);
  };
  const OPEN = 'undetermined(whether a rule changed the type of service, and so the route, is not known) 10.0.0.2:80';

  it.each([
    ['is open where it is written', 'route', 'ip dscp set cs1', [OPEN]],
    ['is open where ECN is written', 'route', 'ip ecn set ect0', [OPEN]],
    ['is as it was where another field is written', 'route', 'ip id set 1', [PASSED]],
    ['is as it was where no rule writes it', 'route', 'tcp dport 81 ip dscp set cs1', [PASSED]],
    ['is as it was in a chain of another type', 'filter', 'ip dscp set cs1', [PASSED]],
  ])('%s', (_, type, rule, seen) => {
    expect(ends(type, rule)).toEqual(seen);
  });

  it('does not matter where the route is the same', () => {
    expect(ends('route', 'ip dscp set cs1', '')).toEqual([PASSED]);
  });

  it.each(['DSCP --set-dscp 0x08', 'TOS --set-tos 0x10/0xff'])('is written by iptables, %s', (target) => {
    const rules = rulesetOf(`*mangle\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -j ${target}\nCOMMIT\n`);
    const flow = flowOf('10.0.0.1:40000 > 10.0.0.2:80', { inInterface: null });
    const outcomes = evaluateTraversal([rules, nft(marks)], flow, 'process', environment);
    expect(outcomes.map(line)).toEqual([OPEN]);
  });
});
