import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { VirtualServer } from '../../../src/model/ipvs.ts';
import { parseIpvsConnections } from '../../../src/parse/ipvs/connections.ts';
import { parseVirtualServers } from '../../../src/parse/ipvs/virtual-servers.ts';

const FIXTURES = new URL('../../fixtures/ipvs/director/', import.meta.url);
const NODE = 'clusters/lab/nodes/director/';

function artefact(text: string) {
  return { name: 'ipvsadm-save.txt', capturedAt: null, bytes: Buffer.from(text) };
}

function captured(file: string) {
  return artefact(readFileSync(new URL(file, FIXTURES), 'utf8'));
}

const LISTINGS = [`${NODE}ipvsadm-save.txt`, 'ipvsadm-list.txt', `${NODE}ip_vs.txt`] as const;

/** What every listing tells, in one order. */
function common(server: VirtualServer) {
  const { name, family, protocol, address, port, mark, scheduler, onePacket } = server;
  const servers = server.servers.map((one) => `${one.address} ${one.port} ${one.method} ${one.weight}`).toSorted();
  const persistent = server.persistence !== null;
  return { name, family, protocol, address, port, mark, scheduler, onePacket, persistent, servers };
}

describe('listings of virtual servers', () => {
  it.each(LISTINGS)('%s is understood whole, with evidence', (file) => {
    const input = captured(file);
    const { value, gaps } = parseVirtualServers(input);
    expect(gaps).toEqual([]);
    expect(value.all.length).toBe(10);
    const lines = input.bytes.toString().split('\n');
    for (const { evidence } of value.all.flatMap((one) => [one, ...one.servers])) {
      expect(lines[(evidence.line ?? 0) - 1]).toBe(evidence.raw);
    }
  });

  it('say the same in every form', () => {
    const [save, list, kernel] = LISTINGS.map((file) => {
      const all = parseVirtualServers(captured(file)).value.all.map(common);
      return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    });
    expect(list).toEqual(save);
    expect(kernel).toEqual(save);
  });

  it('hold what else each form tells', () => {
    const of = (file: string, name: string) =>
      parseVirtualServers(captured(file)).value.all.find((one) => one.name === name);
    expect(of(LISTINGS[0], 'fwmark 1')?.persistence).toEqual({ seconds: 60, mask: '255.255.255.0' });
    expect(of(LISTINGS[1], 'fwmark 1')?.persistence).toEqual({ seconds: 60, mask: '255.255.255.0' });
    expect(of(LISTINGS[2], 'fwmark 1')?.persistence).toEqual({ seconds: null, mask: '255.255.255.0' });
    expect(of(LISTINGS[0], 'udp 192.0.2.10:53')?.schedulerFlags).toEqual(['sh-port']);
    expect(of(LISTINGS[1], 'udp 192.0.2.10:53')?.schedulerFlags).toEqual(['sh-port']);
    expect(of(LISTINGS[2], 'udp 192.0.2.10:53')?.schedulerFlags).toBeNull();
    expect(of(LISTINGS[2], 'tcp 192.0.2.10:80')?.servers.map((one) => one.address)).toEqual([
      '10.60.0.13',
      '10.60.0.12',
      '10.60.0.11',
    ]);
    expect(LISTINGS.map((file) => of(file, 'tcp 192.0.2.10:80')?.ordered)).toEqual([false, false, true]);
  });

  it('of nothing are empty, not unknown', () => {
    expect(parseVirtualServers(artefact(''))).toMatchObject({ value: { all: [], incomplete: undefined }, gaps: [] });
  });

  it.each([
    ['a name instead of an address', '-A -t localhost:http -s rr'],
    ['an unknown option', '-A -t 10.0.0.1:80 -s rr --new 1'],
    ['a real server alone', '-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1'],
    ['an unknown method', '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -w 1'],
    ['no scheduler', '-A -t 10.0.0.1:80'],
    ['the same twice', '-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.1:80 -s rr'],
    ['text', 'ipvsadm: command not found'],
    ['a listing without schedulers', readFileSync(new URL('ipvsadm-stats.txt', FIXTURES), 'utf8')],
  ])('leave open what is missing: %s', (_, text) => {
    const { value, gaps } = parseVirtualServers(artefact(text));
    expect(gaps.length).toBeGreaterThan(0);
    expect(value.incomplete?.evidence).toHaveLength(1);
  });
});

describe('connection tables', () => {
  const printed = parseIpvsConnections(captured(`${NODE}ipvsadm-connections.txt`));
  const kernel = parseIpvsConnections(captured('ip_vs_conn.txt'));

  it('are the same in both forms', () => {
    expect([printed.gaps, kernel.gaps]).toEqual([[], []]);
    const keys = (entries: typeof printed.value) =>
      entries
        .map((one) => `${one.protocol} ${one.client} ${one.clientPort} ${one.virtual} ${one.server} ${one.state}`)
        .toSorted();
    const [one, other] = [keys(printed.value), new Set(keys(kernel.value))];
    expect(one.length).toBeGreaterThan(100);
    expect(one.filter((key) => !other.has(key)).length).toBeLessThan(5);
  });

  it('hold templates', () => {
    const templates = printed.value.filter((one) => one.clientPort === 0);
    expect(templates.map((one) => [one.protocol, one.client, one.virtual, one.server])).toEqual([
      [null, '10.50.0.0', '0.0.0.1', '10.60.0.13'],
      ['tcp', '10.50.0.2', '192.0.2.11', '10.60.0.12'],
    ]);
  });
});
