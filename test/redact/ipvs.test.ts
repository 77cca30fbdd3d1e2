// Virtual servers and connections of IPVS in a redacted snapshot. The listings are those of the lab's director.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { schedule } from '../../src/evaluate/ipvs/schedule.ts';
import type { Artefact } from '../../src/model/artefact.ts';
import { parseIpvsConnections } from '../../src/parse/ipvs/connections.ts';
import { parseVirtualServers } from '../../src/parse/ipvs/virtual-servers.ts';
import { createRedaction, type RedactionLevel } from '../../src/redact/redact.ts';
import { createWorkspace } from '../../src/workspace.ts';
import { flowOf } from '../evaluate/netfilter/environment.ts';

const FIXTURES = new URL('../fixtures/ipvs/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, FIXTURES), 'utf8');
const hash = (text: string): string => createHmac('sha256', 'a key of this test').update(text).digest('hex');
const NODE = 'clusters/lab/nodes/director/';
const ADDRESS = /\b(?:\d{1,3}\.){3}\d{1,3}\b|\b[0-9A-F]{8}(?=[: ])|(?:[0-9a-f]{1,4}:){3}[0-9a-f:]+/g;

/** The files of a node, redacted as those of one snapshot. */
function redacted(level: Exclude<RedactionLevel, 'none'>, files: Readonly<Record<string, string>>) {
  const redaction = createRedaction(level, hash);
  for (const [name, text] of Object.entries(files)) redaction.learn(NODE + name, Buffer.from(text));
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => {
      const made = redaction.redact(NODE + name, Buffer.from(text));
      return [name, 'leftOut' in made ? `left out: ${made.leftOut}` : made.bytes.toString()];
    }),
  );
}

const artefact = (name: string, text = ''): Artefact => ({ name, capturedAt: null, bytes: Buffer.from(text) });

/** Three connections of virtual servers by address and by mark, one of IPv6, and templates of persistent clients. */
const PRINTED = `IPVS connection entries
pro expire state       source             virtual            destination
TCP 01:25  TIME_WAIT   10.244.0.50:55706  10.96.0.10:80      10.244.1.13:8080
TCP 00:03  FIN_WAIT    [fd00:98:1::2]:40000 [fd00:98:10::1]:80 [fd00:98:2::11]:8080
TCP 04:58  NONE        10.244.0.50:0      10.96.0.10:80      10.244.1.13:8080
IP  04:58  ASSURED     10.244.0.50:0      0.0.0.1:0          10.244.1.13:0
`;

describe.each([
  ['ip_vs.txt', read('sh/clusters/lab/nodes/lab-node/ip_vs.txt')],
  ['ipvsadm-connections.txt', PRINTED],
  ['ipvsadm-connections.txt', read('director/ip_vs_conn.txt')],
])('%s', (name, text) => {
  it('stays as it is where secrets alone are taken out', () => {
    expect(redacted('secrets', { [name]: text })).toEqual({ [name]: text });
  });

  it('has no address of the lab left where names are taken out', () => {
    const after = redacted('names', { [name]: text })[name] ?? '';
    const left = new Set(after.match(ADDRESS));
    const shared = [...new Set(text.match(ADDRESS))].filter((address) => left.has(address));
    // A virtual server by mark has it for its address.
    expect(shared.filter((address) => address !== '0.0.0.1' && address !== '00000001')).toEqual([]);
    expect(after.split('\n').length).toBe(text.split('\n').length);
  });
});

it('connections name the same pseudonyms as the virtual servers', () => {
  const files = {
    'ipvsadm-save.txt': '-A -t 10.96.0.10:80 -s rr -p 300\n-a -t 10.96.0.10:80 -r 10.244.1.13:8080 -m -w 1\n',
  };
  const after = redacted('names', { ...files, 'ipvsadm-connections.txt': PRINTED });
  const [virtual] = parseVirtualServers(artefact('save', after['ipvsadm-save.txt'])).value.all;
  const { value, gaps } = parseIpvsConnections(artefact('connections', after['ipvsadm-connections.txt']));
  expect(gaps).toEqual([]);
  expect(value.map(({ virtual: at, server }) => [at, server])).toEqual([
    [virtual?.address, virtual?.servers[0]?.address],
    [expect.stringMatching(/^fd/), expect.stringMatching(/^fd/)],
    [virtual?.address, virtual?.servers[0]?.address],
    ['0.0.0.1', virtual?.servers[0]?.address],
  ]);
});

it('the client of a template is not told where nets of clients stay together', () => {
  const save = '-A -t 10.96.0.10:80 -s rr -p 300 -M 255.255.255.0\n-a -t 10.96.0.10:80 -r 10.244.1.13:8080 -m -w 1\n';
  const connections = 'TCP 04:58  NONE        10.244.0.0:0      10.96.0.10:80      10.244.1.13:8080\n';
  const after = redacted('names', { 'ipvsadm-save.txt': save, 'ipvsadm-connections.txt': connections });
  expect(after['ipvsadm-connections.txt']).toMatch(/^REDACTED-[0-9a-f]{12}\n$/);
  const name = `${NODE}ipvsadm-connections.txt`;
  const facts = createWorkspace({
    names: () => [name],
    gaps: () => [],
    artefact: () => artefact(name, `${PRINTED}${after['ipvsadm-connections.txt']}`),
  });
  // Of a table with a line that nobody can read, no client is known to be missing.
  expect(
    facts.clusters
      .find(({ name: one }) => one === 'lab')
      ?.node('director')
      .netns.virtualConnections().value,
  ).toBeUndefined();
});

it('hashes of addresses are not computed from pseudonyms', () => {
  const text = read('sh/clusters/lab/nodes/lab-node/ip_vs.txt');
  const pick = (listing: string) => {
    const server = parseVirtualServers(artefact('ip_vs.txt', listing)).value.all.find(
      ({ servers }) => servers.length === 3,
    );
    if (server === undefined) throw new Error('no virtual server with three real ones');
    const flow = flowOf(`10.244.0.50:4000 > ${server.address}:80`);
    const choices = schedule({ ...server, schedulerFlags: [] }, flow);
    return typeof choices === 'string' ? choices : choices.length;
  };
  expect(pick(text)).toBe(1);
  expect(pick(redacted('names', { 'ip_vs.txt': text })['ip_vs.txt'] ?? '')).toBe(3);
});

it('what a persistence engine keeps of a call is taken out', () => {
  const line = 'UDP 0A320002 C56E C0000228 13C4 0A3C000D 13C4 UDP            300 sip a-call@example.test\n';
  expect(redacted('secrets', { 'ipvsadm-connections.txt': line })['ipvsadm-connections.txt']).toMatch(
    /^REDACTED-\w+\n$/,
  );
});
