import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { netfilterEnvironment } from '../../../src/explain/world/netfilter-environment.ts';
import { evaluateEnds, evaluateTraversal } from '../../../src/evaluate/netfilter/evaluate-traversal.ts';
import { KnownEnds } from '../../../src/evaluate/netfilter/known-ends.ts';
import type { NetnsFacts } from '../../../src/model/facts.ts';
import { newFlow } from '../../../src/model/flow.ts';
import type { NetfilterEnvironment } from '../../../src/model/netfilter.ts';
import { parseIptablesSave } from '../../../src/parse/iptables-save/iptables-save.ts';
import { DEFAULT_RULES, tablesOf } from '../routing/tables.ts';

const NETNS = {
  ipsets: () => ({ value: new Map(), gaps: [] }),
  sysctl: () => ({ value: new Map(), gaps: [] }),
} as unknown as NetnsFacts;

/** Addresses that differ in the last bits or in whole networks: some are the machine's own, some have no route. */
const address = fc
  .tuple(
    fc.constantFrom('10.244.1.', '10.244.2.', '10.244.2.', '10.10.0.', '192.0.2.'),
    fc.integer({ min: 1, max: 12 }),
  )
  .map(([network, host]) => `${network}${host}`);
const prefix = fc.tuple(address, fc.constantFrom(16, 24, 30, 32)).map(([ip, length]) => `${ip}/${length}`);

const test = fc.oneof(
  { weight: 12, arbitrary: prefix.map((one) => `-d ${one}`) },
  prefix.map((one) => `! -d ${one}`),
  prefix.map((one) => `-s ${one}`),
  fc.constantFrom('-p tcp', '-i v0', '-o eth0', '-o v1', '-m mark --mark 0x4000/0x4000', '-p tcp -m tcp --dport 8080'),
  fc.constantFrom('-m addrtype --dst-type LOCAL', '-m conntrack --ctstate NEW', '-m conntrack --ctstate DNAT'),
  prefix.map((one) => `-m conntrack --ctorigdst ${one}`),
  fc.constantFrom('-m statistic --mode random --probability 0.5', '-m conntrack --ctorigdstport 80'),
  fc.constantFrom('-m limit --limit 5/min', '-m set --match-set absent dst', '-m recent --rcheck --name x --rdest'),
  fc.constantFrom('-m iprange --dst-range 10.244.1.2-10.244.1.4', '-m physdev --physdev-in v0'),
);
const target = fc.constantFrom('ACCEPT', 'DROP', 'RETURN', 'REJECT', 'MORE', 'MARK --set-xmark 0x4000/0x4000', 'LOG');
const nat = fc.constantFrom('MASQUERADE', 'MASQUERADE --random-fully', 'SNAT --to-source 10.10.0.11', 'RETURN');
const natRange = fc.constantFrom('SNAT --to-source 10.10.0.11-10.10.0.19', 'ACCEPT');
const rules = (chains: readonly string[], targets: fc.Arbitrary<string>) =>
  fc.array(
    fc
      .tuple(fc.constantFrom(...chains), fc.array(test, { maxLength: 2 }), targets)
      .map(([chain, tests, to]) => [`-A ${chain}`, ...tests.toSorted(baseFirst), `-j ${to}`].join(' ')),
    { maxLength: 6 },
  );
const baseFirst = (a: string, b: string) => Number(a.startsWith('-m')) - Number(b.startsWith('-m'));

/** Enough rules in one chain to be found by their destination. */
const closed = fc.array(address, { maxLength: 20 }).map((all) => all.map((ip) => `-A MORE -d ${ip}/32 -j DROP`));

const ruleset = fc
  .tuple(
    rules(['INPUT', 'FORWARD', 'OUTPUT', 'MORE'], target),
    closed,
    rules(['POSTROUTING', 'INPUT'], fc.oneof(nat, natRange)),
    fc.uniqueArray(address, { minLength: 8, maxLength: 20 }),
  )
  .map(([filter, drops, postrouting, endpoints]) => {
    const dnat = endpoints.flatMap((ip, index) => [
      `-A KUBE -d 10.96.0.${index + 1}/32 -p tcp -m statistic --mode random --probability 0.25 -j MARK --set-xmark 0x4000/0x4000`,
      `-A KUBE -d 10.96.0.${index + 1}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${ip}:${8080 + (index % 2)}`,
    ]);
    return {
      services: endpoints.length,
      text: [
        '*filter',
        ':INPUT ACCEPT [0:0]',
        ':FORWARD ACCEPT [0:0]',
        ':OUTPUT ACCEPT [0:0]',
        ':MORE - [0:0]',
        ...filter.filter((rule) => !/^-A MORE .*MORE$/.test(rule)),
        ...drops,
        'COMMIT',
        '*nat',
        ':PREROUTING ACCEPT [0:0]',
        ':INPUT ACCEPT [0:0]',
        ':OUTPUT ACCEPT [0:0]',
        ':POSTROUTING ACCEPT [0:0]',
        ':KUBE - [0:0]',
        '-A PREROUTING -j KUBE',
        '-A OUTPUT -j KUBE',
        ...dnat,
        ...postrouting,
        'COMMIT',
        '',
      ].join('\n'),
    };
  });

const network = fc
  .tuple(
    fc.subarray(['10.244.1.0/24 v0', '10.244.2.0/24 eth0', '10.244.1.3 v1', 'default eth0', '10.244.2.4/30 v1']),
    fc.constantFrom<readonly Readonly<Record<string, unknown>>[]>(
      [],
      [{ priority: 100, src: 'all', dst: '10.244.2.0', dstlen: 29, table: 'main' }],
      [{ priority: 100, src: '10.244.1.0', srclen: 29, table: 'main' }],
    ),
    fc.constantFrom('0', '1', '2'),
  )
  .map(([routes, more, filter]) =>
    tablesOf({
      routes: [
        { dst: '10.10.0.0/24', dev: 'eth0', scope: 'link', prefsrc: '10.10.0.11' },
        { type: 'local', dst: '10.10.0.11', dev: 'eth0', table: 'local', scope: 'host', prefsrc: '10.10.0.11' },
        { type: 'local', dst: '10.10.0.5', dev: 'eth0', table: 'local', scope: 'host', prefsrc: '10.10.0.5' },
        ...routes.map((route) => ({ dst: route.split(' ')[0], dev: route.split(' ')[1], scope: 'link' })),
      ],
      rules: [...DEFAULT_RULES.slice(0, 1), ...more, ...DEFAULT_RULES.slice(1)],
      addresses: ['eth0 10.10.0.11/24', 'eth0 10.10.0.5/24', 'v0 10.244.1.1/24'],
      devices: ['eth0', 'v0', 'v1'],
      sysctl: [
        'net.ipv4.ip_forward=1',
        ...['all', 'eth0', 'v0', 'v1'].flatMap((device) =>
          [`rp_filter=${filter}`, 'accept_local=0', 'src_valid_mark=0', 'send_redirects=0', 'route_localnet=0'].map(
            (setting) => `net.ipv4.conf.${device}.${setting}`,
          ),
        ),
      ],
    }),
  );

const CLIENTS = [
  { source: '10.244.1.2', inInterface: 'v0' },
  { source: '203.0.113.9', inInterface: 'eth0' },
  { source: '10.10.0.11', inInterface: null, uid: 0, gid: 0 },
];

describe('ends that are remembered', () => {
  it('are those of the whole walk, whatever the rules and routes', () => {
    let asked = 0;
    let walked = 0;
    const counted = (environment: NetfilterEnvironment, count: () => void): NetfilterEnvironment => ({
      ...environment,
      route(query) {
        count();
        return environment.route(query);
      },
    });
    fc.assert(
      fc.property(ruleset, network, ({ text, services }, tables) => {
        const rulesets = [
          parseIptablesSave({ name: 'iptables-save.txt', capturedAt: null, bytes: Buffer.from(text) }, 4).value,
        ];
        const environment = netfilterEnvironment(NETNS, tables);
        const plain = counted(environment, () => (walked += 1));
        const short = counted(environment, () => (asked += 1));
        const known = new KnownEnds();
        for (let service = 1; service <= services; service += 1) {
          for (const client of CLIENTS) {
            const to = { family: 4, protocol: 'tcp', destination: `10.96.0.${service}`, destinationPort: 80 } as const;
            const flow = newFlow({ ...to, ...client, sourcePort: null });
            const from = client.inInterface === null ? 'process' : 'wire';
            const whole = evaluateTraversal(rulesets, flow, from, plain).map(({ mayMatch: _, ...one }) => ({
              ...one,
              rules: [],
            }));
            expect(evaluateEnds(rulesets, flow, from, short, known)).toEqual(whole);
          }
        }
      }),
      { numRuns: 150 },
    );
    // Routes are asked for again in each whole walk: many of them were spared.
    expect(asked).toBeLessThan(walked * 0.95);
  });
});
