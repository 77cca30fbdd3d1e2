import { describe, expect, it } from 'vitest';
import { readPacketFlow } from '../../../src/explain/packet/packet-flow.ts';
import { packet } from './machine.ts';

function read(description: unknown, defaults = {}) {
  const found = readPacketFlow(description, defaults);
  if (typeof found === 'string') throw new Error(found);
  return found;
}

describe('a described packet', () => {
  it('is TCP, unmarked, the first of its connection, unless it says otherwise', () => {
    const { flow, hook } = read(packet());
    expect(hook).toBe('auto');
    expect(flow).toMatchObject({
      family: 4,
      protocol: 'tcp',
      source: '10.0.9.9',
      sourcePort: null,
      destination: '10.0.0.2',
      destinationPort: 80,
      mark: 0,
      tracking: { state: 'NEW', direction: 'ORIGINAL', dnat: false, snat: false },
    });
    expect(flow.inInterface).toBeUndefined();
    expect(flow.uid).toBeUndefined();
  });

  it.each([
    [{ protocol: 'UDP' }, { protocol: 'udp' }],
    [
      { protocol: 'sctp', sport: 1000 },
      { protocol: 'sctp', sourcePort: 1000 },
    ],
    [{ sport: '53' }, { sourcePort: 53 }],
    [{ mark: '0x4000' }, { mark: 16384 }],
    [{ mark: 4294967295 }, { mark: 4294967295 }],
    [{ 'in-interface': 'eth0' }, { inInterface: 'eth0' }],
    [
      { uid: 1337, gid: '1337' },
      { uid: 1337, gid: 1337 },
    ],
    [
      { src: 'FD00:0::9', dst: 'fd00::0:2' },
      { family: 6, source: 'fd00::9', destination: 'fd00::2' },
    ],
    [{ state: 'established' }, { tracking: { state: 'ESTABLISHED', direction: 'ORIGINAL' } }],
    [{ state: 'untracked' }, { tracking: { state: 'UNTRACKED' } }],
    [
      { sport: null, uid: null, mark: '', hook: null },
      { sourcePort: null, mark: 0 },
    ],
    [{ id: 'mine', comment: ['kept'] }, { destinationPort: 80 }],
  ])('%j', (description, flow) => {
    expect(read(packet(description)).flow).toMatchObject(flow);
  });

  it('in the direction of replies was first sent by its destination', () => {
    const { flow } = read(packet({ state: 'reply', sport: 443 }));
    expect(flow.tracking).toMatchObject({
      state: 'ESTABLISHED',
      direction: 'REPLY',
      originalSource: '10.0.0.2',
      originalSourcePort: 80,
      originalDestination: '10.0.9.9',
      originalDestinationPort: 443,
      replySource: '10.0.9.9',
      replyDestination: '10.0.0.2',
    });
  });

  it('takes from the defaults what it does not say itself', () => {
    const { flow, hook } = read(packet({ dport: 53 }), { dport: 80, protocol: 'udp', hook: 'output' });
    expect({ hook, port: flow.destinationPort, protocol: flow.protocol }).toEqual({
      hook: 'output',
      port: 53,
      protocol: 'udp',
    });
  });

  it.each([
    [null, 'a flow is a JSON object'],
    [[], 'a flow is a JSON object'],
    ['tcp', 'a flow is a JSON object'],
    [{}, 'src is missing'],
    [{ src: '10.0.0.1' }, 'dst is missing'],
    [{ src: '10.0.0.1', dst: '10.0.0.2' }, 'dport is missing'],
    [packet({ src: 'web-0' }), 'src is no IP address: "web-0"'],
    [packet({ src: 10 }), 'src is no text'],
    [packet({ dst: '10.0.0.256' }), 'dst is no IP address: "10.0.0.256"'],
    [packet({ dst: '10.0.0.2/32' }), 'dst is no IP address: "10.0.0.2/32"'],
    [packet({ dst: 'fd00::2' }), 'src and dst are of different families'],
    [packet({ dport: 0 }), 'dport is no number from 1 to 65535: 0'],
    [packet({ dport: 65536 }), 'dport is no number from 1 to 65535: 65536'],
    [packet({ dport: 80.5 }), 'dport is no number from 1 to 65535: 80.5'],
    [packet({ dport: 'http' }), 'dport is no number from 1 to 65535: "http"'],
    [packet({ sport: true }), 'sport is no number from 1 to 65535: true'],
    [packet({ protocol: 'icmp' }), 'protocol is none of tcp, udp, sctp: "icmp"'],
    [packet({ hook: 'forward' }), 'hook is none of auto, prerouting, output: "forward"'],
    [packet({ mark: '0x100000000' }), 'mark is no number from 0 to 4294967295: "0x100000000"'],
    [packet({ uid: -1 }), 'uid is no number from 0 to 4294967295: -1'],
  ])('%j: %s', (description, problem) => {
    expect(readPacketFlow(description)).toBe(problem);
  });
});
