/**
 * Every probe that was sent in the lab with a real kube-proxy in ipvs mode: `explain` must give the backends that answered, as often as
 * the scheduler picks them, the same refusals, and the source addresses that the node's conntrack saw.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { collectSnapshots } from '../../src/collect/snapshot.ts';
import { explain } from '../../src/explain/explain.ts';
import type { Branch } from '../../src/model/explanation.ts';
import type { ArtefactSource } from '../../src/model/artefact.ts';
import { createWorkspace } from '../../src/workspace.ts';
import { ask } from '../sample-facts.ts';
import { fits } from './chi-squared.ts';

const FIXTURES = new URL('../fixtures/ipvs/', import.meta.url);
const PODS: Readonly<Record<string, string>> = { b1: 'default/b1', b2: 'default/b2', b3: 'default/b3' };
const NODE = 'lab-node';
const PLACES: Readonly<Record<string, string>> = { podc: 'pod/podc', root: `node/${NODE}`, ext: '10.50.0.2' };

interface Probe {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** How often each backend answered; FAIL when none did. */
  readonly counts: ReadonlyMap<string, number>;
}

const probes = readFileSync(new URL('truth-kube-proxy.txt', FIXTURES), 'utf8')
  .split('\n')
  .filter(Boolean)
  .map(readProbe);

function readProbe(line: string): Probe {
  const [, name = '', from = '', to = '', counted = ''] =
    /^RESULT (\S+) from=(\S+) (\S+) n=\d+: (.*)$/.exec(line) ?? [];
  const counts = [...counted.matchAll(/(\d+) (b\d|FAIL)\b/g)].map(
    ([, count, who = '']) => [who, Number(count)] as const,
  );
  return { name, from, to, counts: new Map(counts) };
}

async function snapshot(name: 'rr' | 'sh'): Promise<ArtefactSource> {
  return collectSnapshots([fileURLToPath(new URL(name, FIXTURES))]);
}

/** The snapshot with another scheduler. */
function withScheduler(source: ArtefactSource, scheduler: string): ArtefactSource {
  return {
    ...source,
    names: () => source.names(),
    gaps: () => source.gaps(),
    artefact: (name) => {
      const found = source.artefact(name);
      if (found === undefined || !/ipvsadm-save|ip_vs\.txt/.test(name)) return found;
      return {
        ...found,
        bytes: Buffer.from(found.bytes.toString().replaceAll(/(-s |:[0-9A-F]{4} )rr\b/g, `$1${scheduler}`)),
      };
    },
  };
}

const rr = await snapshot('rr');
const worlds: Readonly<Record<string, ReturnType<typeof createWorkspace>>> = {
  rr: createWorkspace(rr),
  wrr: createWorkspace(withScheduler(rr, 'wrr')),
  lc: createWorkspace(withScheduler(rr, 'lc')),
  sh: createWorkspace(await snapshot('sh')),
};

function branchesOf(probe: Pick<Probe, 'name' | 'from' | 'to'>): readonly Branch[] {
  const world = worlds[probe.name.split('/')[1] ?? ''] ?? worlds['rr'];
  if (world === undefined) throw new Error(`no world for ${probe.name}`);
  const colon = probe.to.lastIndexOf(':');
  const host = probe.to.slice(0, colon);
  const to = `tcp://${host.includes(':') ? `[${host}]` : host}${probe.to.slice(colon)}`;
  const from = probe.name.endsWith('denied') ? '10.51.0.2' : (PLACES[probe.from] ?? probe.from);
  return explain(world, ask(from, to, { namespace: 'default', node: from.startsWith('10.') ? NODE : null })).branches;
}

function story(branches: readonly Branch[]): string {
  return branches.map((one) => `${one.disposition} ${one.probability} ${one.condition ?? ''} ${one.reason}`).join('\n');
}

describe('kube-proxy in ipvs mode', () => {
  it('holds every probe', () => {
    expect(probes.length).toBe(19);
  });

  it.each(probes.filter((probe) => !probe.counts.has('FAIL')).map((probe) => [probe.name, probe] as const))(
    'reaches whom it reached, as often: %s',
    (_, probe) => {
      const branches = branchesOf(probe);
      expect(new Set(branches.map((one) => one.disposition)), story(branches)).toEqual(new Set(['delivered']));
      const conditions = [...new Set(branches.map((one) => one.condition))];
      const possible = conditions.map((condition) => branches.filter((one) => one.condition === condition));
      const pods = new Map([...probe.counts].map(([who, count]) => [PODS[who], count]));
      const conditional = possible.some((alike) => alike.every((one) => one.probability === 1)) && possible.length > 1;
      const fitting = conditional
        ? [...pods.keys()].every((pod) => branches.some((one) => one.backend?.pod === pod))
        : possible.some((alike) =>
            fits(
              alike.map((one) => pods.get(one.backend?.pod ?? '') ?? 0),
              alike.map((one) => one.probability),
            ),
          );
      expect(fitting, story(branches)).toBe(true);
    },
  );

  it.each([
    ['no-endpoints', 'refused'],
    ['itp-local-none', 'refused'],
    ['lb/source-range-denied', 'dropped'],
  ])('ends as it did: %s', (name, disposition) => {
    const probe = probes.find((one) => one.name === name);
    expect(probe?.counts.has('FAIL')).toBe(true);
    const branches = probe === undefined ? [] : branchesOf(probe);
    expect(new Set(branches.map((one) => one.disposition)), story(branches)).toEqual(new Set([disposition]));
  });

  it('never delivers what no virtual server takes', () => {
    const probe = probes.find((one) => one.name === 'lb-ipMode-Proxy');
    const branches = probe === undefined ? [] : branchesOf(probe);
    expect(branches.length).toBeGreaterThan(0);
    expect(branches.map((one) => one.disposition)).not.toContain('delivered');
  });

  it('computes the hash of scheduler sh', () => {
    const probe = probes.find((one) => one.name === 'clusterip/sh');
    const branches = probe === undefined ? [] : branchesOf(probe);
    expect(branches.map((one) => [one.backend?.pod, one.probability, one.condition])).toEqual([
      ['default/b1', 1, null],
    ]);
  });
});

describe('source addresses', () => {
  const CONNECTION = /^\d+ (\S+) > (\S+) (\d+) answered by (\S+) (\d+) to (\S+)$/;
  const seen = new Map<string, Set<string>>();
  for (const line of readFileSync(new URL('connections.txt', FIXTURES), 'utf8').split('\n').filter(Boolean)) {
    const [, source = '', destination = '', port = '', server = '', serverPort = '', to = ''] =
      CONNECTION.exec(line) ?? [];
    const key = `${source} ${destination}:${port}`;
    seen.set(key, (seen.get(key) ?? new Set()).add(`${server} ${serverPort} sees ${to}`));
  }
  // Terminating as the table was read, b1 still had a connection; a sticky client has one server only.
  const partly = new Set(['10.244.0.50 10.96.0.90:80', '10.244.0.50 10.96.0.40:80']);
  const froms: Readonly<Record<string, string>> = {
    '10.244.0.50': 'podc',
    'fd10:244::50': 'podc',
    '10.96.0.10': 'root',
    '10.50.0.2': 'ext',
  };

  it.each([...seen].map(([key, pairs]) => [key, pairs] as const))('%s', (key, pairs) => {
    const [source = '', to = ''] = key.split(' ');
    const branches = branchesOf({ name: 'rr', from: froms[source] ?? source, to });
    const got = new Set(branches.map((one) => `${one.backend?.ip} ${one.backend?.port} sees ${one.observedSource}`));
    const expected = partly.has(key) ? [...got].filter((one) => pairs.has(one)) : [...got];
    expect(new Set(expected), story(branches)).toEqual(
      partly.has(key) ? new Set([...pairs].filter((one) => got.has(one))) : pairs,
    );
    expect(expected.length).toBeGreaterThan(0);
  });
});
