import { describe, expect, it } from 'vitest';
import { packetReport } from '../../../src/explain/packet/packet-report.ts';
import { machineOf, outcomesOf, packet } from './machine.ts';

const balanced = `*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:SVC - [0:0]
[1:60] -A PREROUTING -d 10.0.0.2/32 -p tcp -m tcp --dport 80 -j SVC
-A OUTPUT -d 10.0.0.2/32 -p tcp -m tcp --dport 80 -j SVC
-A POSTROUTING -s 10.0.9.0/24 -j MASQUERADE
-A POSTROUTING -s 10.0.8.0/24 -j SNAT --to-source 192.0.2.7
-A SVC -m statistic --mode random --probability 0.25000000000 -j DNAT --to-destination 10.1.0.1:8080
-A SVC -j DNAT --to-destination 10.0.0.1:8080
COMMIT
`;

const filter = (...rules: string[]): string =>
  `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.join('\n')}\nCOMMIT\n`;

describe('the outcomes of a packet', () => {
  it('are its branches, with addresses, chances and the rules as they stand in the file', () => {
    expect(outcomesOf(machineOf(balanced), packet())).toEqual([
      {
        action: 'accept',
        destination: { ip: '10.1.0.1', port: 8080 },
        snat: 'masquerade',
        probability: 0.25,
        condition: null,
        rules: [
          '[1:60] -A PREROUTING -d 10.0.0.2/32 -p tcp -m tcp --dport 80 -j SVC',
          '-A SVC -m statistic --mode random --probability 0.25000000000 -j DNAT --to-destination 10.1.0.1:8080',
          '-A POSTROUTING -s 10.0.9.0/24 -j MASQUERADE',
        ],
        undetermined: null,
      },
      {
        action: 'accept',
        destination: { ip: '10.0.0.1', port: 8080 },
        snat: null,
        probability: 0.75,
        condition: null,
        rules: [
          '[1:60] -A PREROUTING -d 10.0.0.2/32 -p tcp -m tcp --dport 80 -j SVC',
          '-A SVC -j DNAT --to-destination 10.0.0.1:8080',
        ],
        undetermined: null,
      },
    ]);
  });

  it('tell the address of a source translation that the rule names', () => {
    const [outcome] = outcomesOf(machineOf(balanced), packet({ src: '10.0.8.1', dst: '10.0.0.3' }));
    expect(outcome).toMatchObject({ action: 'accept', snat: '192.0.2.7', destination: { ip: '10.0.0.3', port: 80 } });
  });

  it.each([
    ['-A FORWARD -p tcp -j DROP', 'drop'],
    ['-A FORWARD -p udp -j DROP', 'accept'],
    ['-A FORWARD -p tcp -j REJECT --reject-with tcp-reset', 'reject'],
    ['-A FORWARD -m foo --bar -j DROP', 'undetermined'],
    ['-A INPUT -j DROP', 'accept'],
  ])('%s: %s', (rule, action) => {
    expect(outcomesOf(machineOf(filter(rule)), packet()).map((one) => one.action)).toEqual([action]);
  });

  it('name the rule that is not understood, where the answer depends on it', () => {
    const [outcome] = outcomesOf(machineOf(filter('-A FORWARD -m foo --bar -j DROP')), packet());
    expect(outcome?.undetermined).toBe('match extension "foo" is not understood');
  });

  it('of one end by the same rules are one', () => {
    const half = '-m statistic --mode random --probability 0.50000000000';
    const [drop, ...accept] = outcomesOf(machineOf(filter(`-A FORWARD ${half} ${half} -j DROP`)), packet());
    expect([drop?.action, drop?.probability]).toEqual(['drop', 0.25]);
    expect(accept.map((one) => [one.action, one.probability, one.rules])).toEqual([['accept', 0.75, []]]);
  });

  it('of one end by different rules stay apart', () => {
    const half = '-m statistic --mode random --probability 0.50000000000';
    const outcomes = outcomesOf(machineOf(filter(`-A FORWARD ${half} -j MARK --set-xmark 0x1/0x1`)), packet());
    expect(outcomes.map((one) => [one.action, one.probability, one.rules.length])).toEqual([
      ['accept', 0.5, 1],
      ['accept', 0.5, 0],
    ]);
  });

  it('that turn on what nobody knows say what they suppose', () => {
    const outcomes = outcomesOf(
      machineOf(filter('-A FORWARD -m limit --limit 5/min -j ACCEPT', '-A FORWARD -j DROP')),
      packet(),
    );
    expect(outcomes.map(({ action, condition }) => [action, condition])).toEqual([
      ['accept', 'the limit 5/min is not used up'],
      ['drop', 'the limit 5/min is used up'],
    ]);
  });

  it('of TPROXY turn on the socket, without which the kernel drops the packet', () => {
    const rules =
      '*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j TPROXY --on-port 15006 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1\nCOMMIT\n';
    expect(
      outcomesOf(machineOf(rules), packet({ dst: '10.0.0.1' })).map(({ action, condition }) => [action, condition]),
    ).toEqual([
      ['accept', 'a transparent socket is bound to any address, port 15006'],
      ['drop', 'not so: a transparent socket is bound to any address, port 15006'],
    ]);
  });
});

describe('where a packet begins', () => {
  const rules = filter(
    '-A INPUT -j REJECT',
    '-A FORWARD -j DROP',
    '-A OUTPUT -m owner --uid-owner 7 -j ACCEPT',
    '-A OUTPUT -j REJECT --reject-with icmp-host-prohibited',
  );
  const lines = (description: Record<string, unknown>): (string | undefined)[] =>
    outcomesOf(machineOf(rules, ['10.0.0.1', '127.0.0.1']), packet(description)).map((one) => one.rules.at(-1));
  const input = '-A INPUT -j REJECT';
  const forward = '-A FORWARD -j DROP';
  const output = '-A OUTPUT -j REJECT --reject-with icmp-host-prohibited';

  it.each([
    ['from elsewhere to elsewhere', {}, forward],
    ['from elsewhere to the machine', { dst: '10.0.0.1' }, input],
    ['from the machine', { src: '10.0.0.1', uid: 0 }, output],
    ['from a loopback address', { src: '127.3.4.5', dst: '10.0.0.1', uid: 0 }, output],
    ['made here, as it says', { hook: 'output', uid: 0 }, output],
    ['from the wire, as it says', { src: '10.0.0.1', hook: 'prerouting' }, forward],
  ])('%s', (_, description, rule) => {
    expect(lines(description)).toEqual([rule]);
  });

  it('is not known of a wire that carries a packet to a loopback address', () => {
    const [outcome] = outcomesOf(machineOf(filter()), packet({ dst: '127.0.0.1' }));
    expect(outcome?.undetermined).toContain('route_localnet');
    const [inside] = outcomesOf(machineOf(filter()), packet({ dst: '127.0.0.1', 'in-interface': 'lo' }));
    expect(inside?.action).toBe('accept');
  });

  it('a packet of this machine to itself comes in again', () => {
    const outcomes = outcomesOf(machineOf(rules, ['10.0.0.1']), packet({ src: '10.0.0.1', dst: '10.0.0.1', uid: 7 }));
    expect(outcomes.map((one) => one.rules)).toEqual([['-A OUTPUT -m owner --uid-owner 7 -j ACCEPT', input]]);
  });

  it('one that is masqueraded on the way has a source that only a sole address tells', () => {
    const masquerading = `*nat\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n${filter('-A INPUT -s 10.0.0.1/32 -j DROP')}`;
    const ask = (addresses: string[]): string[] =>
      outcomesOf(machineOf(masquerading, addresses), packet({ src: '127.0.0.1', dst: '10.0.0.1' })).map(
        (one) => one.action,
      );
    expect(ask(['10.0.0.1'])).toEqual(['drop']);
    expect(ask(['10.0.0.1', '10.0.1.1'])).toEqual(['undetermined']);
  });
});

describe('what cannot be asked', () => {
  it.each([
    [{ src: '10.0.0.1' }, 'dst is missing'],
    [{ src: 'fd00::1', dst: 'fd00::2', dport: 80 }, 'no ruleset for IPv6 was given'],
  ])('%j: %s', (description, error) => {
    expect(packetReport(machineOf(filter()).answer(description))).toEqual({ flow: description, error });
  });
});
