import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parseSockets } from '../../../src/parse/sockets/sockets.ts';
import { mutatedArtefact, textArtefact, withoutEvidence } from '../artefacts.ts';

/** `ss -Hlntup` of iproute2 6.1. */
const DUMP = `udp UNCONN 0      0           10.244.1.30:5353 0.0.0.0:* users:(("python3",pid=7190,fd=53))
tcp LISTEN 0      4096     0.0.0.0:32000 0.0.0.0:* users:(("kube-proxy",pid=7192,fd=15))
tcp LISTEN 0      4096   127.0.0.53%lo:53 0.0.0.0:*
tcp LISTEN 0      4096        [::]:32001    [::]:* users:(("kube-proxy",pid=7192,fd=16),("sh",pid=1,fd=3))
tcp LISTEN 0      4096           *:10256       *:* users:(("kube-proxy",pid=7192,fd=11))
udp UNCONN 0      0      [fe80::1]%eth0:546    [::]:*
tcp LISTEN 0      128    [::ffff:10.0.0.1]:80    *:*
`;

describe('parseSockets', () => {
  it('reads addresses of every form, with device and processes', () => {
    const { value, gaps } = parseSockets(textArtefact(DUMP));
    expect(gaps).toEqual([]);
    expect(withoutEvidence(value)).toEqual([
      {
        protocol: 'udp',
        state: 'UNCONN',
        address: '10.244.1.30',
        family: 4,
        dual: false,
        device: null,
        port: 5353,
        processes: [{ name: 'python3', pid: 7190 }],
      },
      {
        protocol: 'tcp',
        state: 'LISTEN',
        address: '0.0.0.0',
        family: 4,
        dual: false,
        device: null,
        port: 32000,
        processes: [{ name: 'kube-proxy', pid: 7192 }],
      },
      {
        protocol: 'tcp',
        state: 'LISTEN',
        address: '127.0.0.53',
        family: 4,
        dual: false,
        device: 'lo',
        port: 53,
        processes: [],
      },
      {
        protocol: 'tcp',
        state: 'LISTEN',
        address: '::',
        family: 6,
        dual: false,
        device: null,
        port: 32001,
        processes: [
          { name: 'kube-proxy', pid: 7192 },
          { name: 'sh', pid: 1 },
        ],
      },
      {
        protocol: 'tcp',
        state: 'LISTEN',
        address: '::',
        family: 6,
        dual: true,
        device: null,
        port: 10256,
        processes: [{ name: 'kube-proxy', pid: 7192 }],
      },
      {
        protocol: 'udp',
        state: 'UNCONN',
        address: 'fe80::1',
        family: 6,
        dual: false,
        device: 'eth0',
        port: 546,
        processes: [],
      },
      {
        protocol: 'tcp',
        state: 'LISTEN',
        address: '10.0.0.1',
        family: 4,
        dual: false,
        device: null,
        port: 80,
        processes: [],
      },
    ]);
  });

  it('passes over the header, other socket families, and connections', () => {
    const text = `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
nl    UNCONN 0      0      rtnl:kernel *
u_str LISTEN 0      5      /run/x.sock 19 * 0
tcp   ESTAB  0      0      10.0.0.1:22 10.0.0.9:5000
tcp   LISTEN 0      5      10.0.0.1:22 0.0.0.0:*
`;
    const { value, gaps } = parseSockets(textArtefact(text));
    expect(gaps).toEqual([]);
    expect(value.map(({ address, port }) => `${address}:${port}`)).toEqual(['10.0.0.1:22']);
  });

  it.each([
    ['no Netid column', 'LISTEN 0 128 10.0.0.1:80 0.0.0.0:*', 'the line names no protocol (no Netid column)'],
    ['a port by name', 'tcp LISTEN 0 128 10.0.0.1:http 0.0.0.0:*', 'the local port is no number'],
    ['another program', 'tcp        0      0 0.0.0.0:22   0.0.0.0:*  LISTEN', 'this is no line of `ss`'],
  ])('does not guess at %s', (_, text, problem) => {
    const { value, gaps } = parseSockets(textArtefact(text));
    expect(value).toEqual([]);
    expect(gaps).toMatchObject([{ kind: 'not-understood', line: 1, problem, remedy: 'capture it with `ss -lntup`' }]);
  });

  it('takes no wildcard from an old iproute2, where * is IPv4 and ::: says nothing of IPv4', () => {
    const { value, gaps } = parseSockets(
      textArtefact('tcp LISTEN 0 128 *:22 *:*\ntcp LISTEN 0 128 :::22 :::*\ntcp LISTEN 0 5 10.0.0.1:80 *:*\n'),
    );
    expect(value.map(({ address }) => address)).toEqual(['10.0.0.1']);
    expect(gaps.map(({ line }) => line)).toEqual([2, 1]);
  });

  it('never throws on mutated dumps', () => {
    fc.assert(
      fc.property(mutatedArtefact(DUMP), (artefact) => {
        for (const { port } of parseSockets(artefact).value) expect(port).toBeLessThan(65536);
      }),
      { numRuns: 300 },
    );
  });
});
