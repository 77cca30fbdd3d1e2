/**
 * Probes through a machine with virtual servers made by hand (NAT, DR, TUN, fwmark): who answered, how often, and that DR and TUN need the
 * virtual address on the real server, NAT the way back through the director.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { collectSnapshots } from '../../src/collect/snapshot.ts';
import { explain } from '../../src/explain/explain.ts';
import type { Artefact } from '../../src/model/artefact.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import { createWorkspace } from '../../src/workspace.ts';
import { ask } from '../sample-facts.ts';
import { fits } from './chi-squared.ts';

const FIXTURES = new URL('../fixtures/ipvs/', import.meta.url);
const source = await collectSnapshots([fileURLToPath(new URL('director', FIXTURES))]);
const TRUTH = readFileSync(new URL('truth-director.txt', FIXTURES), 'utf8').split('\n').filter(Boolean);

type Edit = readonly [file: string, change: (text: string) => string];

/** Asks the director for an address, with some of its files changed. */
function answer(to: string, edits: readonly Edit[] = []): Explanation {
  const artefact = (name: string): Artefact | undefined => {
    const found = source.artefact(name);
    const changes = edits.filter(([file]) => name.endsWith(file));
    if (found === undefined || changes.length === 0) return found;
    const text = changes.reduce((before, [, change]) => change(before), found.bytes.toString());
    return { ...found, bytes: Buffer.from(text) };
  };
  const facts = createWorkspace({ names: () => source.names(), gaps: () => source.gaps(), artefact });
  const from = to.startsWith('[') ? 'fd50::2' : '10.50.0.2';
  return explain(facts, ask(from, `tcp://${to}`, { node: 'director' }));
}

function story({ branches }: Explanation): string {
  return branches.map((one) => `${one.disposition} ${one.probability} ${one.condition ?? ''} ${one.reason}`).join('\n');
}

/** Edits that the name of a probe tells. */
function editsOf(name: string): readonly Edit[] {
  const weightless: Edit = [
    'director/ipvsadm-save.txt',
    (text) => text.replace(/(80 -r 10\.60\.0\.12:8080 -m -w )1/, '$10'),
  ];
  const deleted: Edit = [
    'director/ipvsadm-save.txt',
    (text) => text.replace(/-a -t 192\.0\.2\.10:80 -r 10\.60\.0\.13.*\n/, ''),
  ];
  return [...(name.includes('b2-weight0') ? [weightless] : []), ...(name.includes('b3-deleted') ? [deleted] : [])];
}

describe('virtual servers by hand', () => {
  it('holds every probe', () => {
    expect(TRUTH.length).toBe(9);
  });

  it.each(TRUTH.map((line) => [line.split(' n=')[0] ?? '', line] as const))('%s', (_, line) => {
    const [, name = '', at = '', counted = ''] = /^RESULT (\S+) (\S+) n=\d+: (.*)$/.exec(line) ?? [];
    const counts = new Map([...counted.matchAll(/(\d+) (b\d)\b/g)].map(([, count, who]) => [who, Number(count)]));
    const to = at.replace(/^(.*:.*):(\d+)$/, '[$1]:$2');
    const explanation = answer(to, editsOf(name));
    const { branches } = explanation;
    const delivered = counted.includes('FAIL') ? 'refused' : 'delivered';
    expect(new Set(branches.map((one) => one.disposition)), story(explanation)).toEqual(new Set([delivered]));
    const shares = new Map(branches.map((one) => [one.backend?.node ?? '', one.probability]));
    const told = [...shares.keys()].filter((one) => one !== '');
    expect(new Set(told)).toEqual(new Set(counts.keys()));
    // Connections decide over scheduler lc: each server under its condition.
    const weighed = told.length > 0 && !name.startsWith('TUN/lc');
    const tested = weighed ? told : [told[0] ?? ''];
    const fitting = fits(
      tested.map((one) => (weighed ? (counts.get(one) ?? 0) : 1)),
      tested.map((one) => (weighed ? (shares.get(one) ?? 0) : 1)),
    );
    expect(fitting, story(explanation)).toBe(true);
  });
});

const noDirectorGateway: Edit = [
  'b1/ip-route.json',
  (text) => text.replaceAll('"gateway": "10.60.0.1"', '"gateway": "10.60.0.254"'),
];
const throughDirector: Edit = [
  'b1/ip-route.json',
  (text) => text.replaceAll('"gateway": "10.60.0.254"', '"gateway": "10.60.0.1"'),
];
const without = (ip: string): Edit => ['b1/ip-route.json', (text) => text.replaceAll(ip, '192.0.2.99')];

describe('what the way back needs', () => {
  it.each<[string, string, readonly Edit[], string]>([
    ['NAT: the answer past the director is not translated back', '192.0.2.10:80', [noDirectorGateway], 'dropped'],
    ['DR: the answer through the director comes from its own address', '192.0.2.20:80', [throughDirector], 'dropped'],
    [
      'DR: without the virtual address the real server does not take the packet',
      '192.0.2.20:80',
      [without('192.0.2.20')],
      'undetermined',
    ],
    [
      'TUN: without a tunnel device nobody takes the packet out',
      '192.0.2.30:80',
      [
        [
          'b1/ip-link.json',
          (text) => text.replace('"ipip"\n', '"dummy"\n').replace(/"info_kind": "ipip"/, '"info_kind": "dummy"'),
        ],
      ],
      'dropped',
    ],
  ])('%s', (_, to, edits, disposition) => {
    const before = answer(to);
    const after = answer(to, edits);
    const at = ({ branches }: Explanation) => branches.filter((one) => one.hops.some((hop) => hop.name.endsWith('b1')));
    expect(new Set(at(before).map((one) => one.disposition)), story(before)).toEqual(new Set(['delivered']));
    expect(new Set(at(after).map((one) => one.disposition)), story(after)).toEqual(new Set([disposition]));
  });
});
