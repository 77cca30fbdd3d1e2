import { describe, expect, it } from 'vitest';
import { packetReport } from '../../../src/explain/packet/packet-report.ts';
import { packetText } from '../../../src/explain/packet/packet-text.ts';
import { renderPacket } from '../../../src/render/packet.ts';
import { machineOf, packet } from './machine.ts';

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
[9:540] -A PREROUTING -d 10.0.0.2/32 -p tcp -j DNAT --to-destination 10.1.0.1:8080
-A POSTROUTING -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
-A FORWARD -m comment --comment "half of them" -m statistic --mode random --probability 0.50000000000 -j REJECT
COMMIT
`;

function text(description = {}, columns = 200, color = false): string {
  const answer = machineOf(RULES).answer(packet(description));
  if ('error' in answer) throw new Error(answer.error);
  return renderPacket(packetText(answer), { color, columns });
}

describe('the answer for people', () => {
  it('says how likely each outcome is, what happens and by which rules, common ones once', () => {
    expect(text()).toBe(`tcp 10.0.9.9 to 10.0.0.2:80, from the wire

on every branch first
  nat:4  -A PREROUTING -d 10.0.0.2/32 -p tcp -j DNAT --to-destination 10.1.0.1:8080

  50 %  rejected with icmp-port-unreachable on its way to 10.1.0.1:8080 by the rule in line 10
  filter:10  -A FORWARD -m comment --comment "half of them" -m statistic --mode random --probability 0.50000000000 -j REJECT

  50 %  accepted: it goes on to 10.1.0.1:8080, its source masqueraded
  nat:5  -A POSTROUTING -j MASQUERADE`);
  });

  it('names the policy that drops, and says that no rule matched', () => {
    expect(text({ dst: '10.0.0.1', sport: 999 })).toBe(`tcp 10.0.9.9:999 to 10.0.0.1:80, from the wire

dropped on its way to 10.0.0.1:80 by the policy of chain INPUT in line 8
  no rule matched`);
  });

  it('tells rules that may match, where the outcome is the same either way', () => {
    const open = RULES.replace(':FORWARD', '-A INPUT -m geoip --source-country ZZ -j DROP\n:FORWARD');
    const answer = machineOf(open).answer(packet({ dst: '10.0.0.1', sport: 999 }));
    if ('error' in answer) throw new Error(answer.error);
    expect(renderPacket(packetText(answer), { color: false, columns: 200 }))
      .toBe(`tcp 10.0.9.9:999 to 10.0.0.1:80, from the wire

dropped on its way to 10.0.0.1:80 by the policy of chain INPUT in line 8
  no rule is known to match
  not known to match, with the same outcome either way
  filter:9  -A INPUT -m geoip --source-country ZZ -j DROP`);
    expect(packetReport(answer)).toMatchObject({
      outcomes: [{ rules: [], mayMatch: ['-A INPUT -m geoip --source-country ZZ -j DROP'] }],
    });
  });

  it.each([30, 40, 80])('keeps to %i columns, but for words that are longer', (columns) => {
    const lines = text({}, columns).split('\n');
    const wide = lines.filter((line) => line.length > columns && line.trim().includes(' '));
    expect(
      wide.filter((line) =>
        line
          .trimStart()
          .split(/ +/)
          .every((word) => word.length < columns - 8),
      ),
    ).toEqual([]);
    expect(text({}, columns).replaceAll(/\s+/g, ' ')).toBe(text({}, 1000).replaceAll(/\s+/g, ' '));
  });

  it('is coloured only where colours are wanted', () => {
    expect(text({}, 200, true)).toContain('\u001b[');
    expect(text()).not.toContain('\u001b[');
  });

  it('shows no control characters of a ruleset', () => {
    const answer = machineOf(
      `*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m comment --comment "\u001b[31m" -j DROP\nCOMMIT\n`,
    ).answer(packet());
    if ('error' in answer) throw new Error(answer.error);
    expect(renderPacket(packetText(answer), { color: false, columns: 80 })).toContain('\\x1b[31m');
  });

  it('counts outcomes that nobody would read', () => {
    const answer = machineOf(
      '*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j DNAT --to-destination 10.1.0.1:1000-1099\nCOMMIT\n',
    ).answer(packet());
    if ('error' in answer) throw new Error(answer.error);
    expect(answer.outcomes).toHaveLength(100);
    expect(renderPacket(packetText(answer), { color: false, columns: 80 })).toMatch(
      /\n\noutcomes not shown: 60; -o json has all of them$/,
    );
  });
});
