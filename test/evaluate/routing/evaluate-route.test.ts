import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { evaluateRoute } from '../../../src/evaluate/routing/evaluate-route.ts';
import { probabilitySums } from '../../../src/model/branching.ts';
import type { RouteDecision, RouteQuery } from '../../../src/model/routing.ts';
import { DEFAULT_RULES, tablesOf, type Namespace } from './tables.ts';

const QUERY: RouteQuery = {
  destination: '10.9.0.1',
  source: null,
  mark: 0,
  inInterface: null,
  uid: 0,
  protocol: 'tcp',
};

/** Decisions as short texts: `forward eth0 via 10.0.0.1 from 10.0.0.2`. */
function decide(namespace: Namespace, query: Partial<RouteQuery> = {}): string[] {
  return evaluateRoute(tablesOf(namespace), { ...QUERY, ...query }).map(outline);
}

function outline(decision: RouteDecision): string {
  const { kind, device, gateway, preferredSource, probability, reason } = decision;
  return [
    probability === 1 ? '' : String(probability),
    kind,
    device ?? '',
    gateway === null ? '' : `via ${gateway}`,
    preferredSource === null ? '' : `from ${preferredSource}`,
    reason === undefined ? '' : `(${reason})`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** A node between a pod network and the world. */
const NODE: Namespace = {
  routes: [
    { dst: 'default', gateway: '192.0.2.1', dev: 'eth0' },
    { dst: '192.0.2.0/24', dev: 'eth0', scope: 'link', prefsrc: '192.0.2.10' },
    { dst: '10.244.1.5', dev: 'veth5', scope: 'link' },
    { type: 'blackhole', dst: '10.244.0.0/16' },
    { type: 'local', dst: '192.0.2.10', dev: 'eth0', table: 'local', scope: 'host', prefsrc: '192.0.2.10' },
    { type: 'broadcast', dst: '192.0.2.255', dev: 'eth0', table: 'local', scope: 'link', prefsrc: '192.0.2.10' },
  ],
  addresses: ['lo 127.0.0.1/8 host', 'eth0 192.0.2.10/24'],
  devices: ['eth0', { ifname: 'veth5', link_index: 2, link_netnsid: 0, linkinfo: { info_kind: 'veth' } }],
  sysctl: [
    'net.ipv4.ip_forward=1',
    'net.ipv4.conf.all.rp_filter=1',
    'net.ipv4.conf.eth0.rp_filter=0',
    'net.ipv4.conf.veth5.rp_filter=0',
    'net.ipv4.conf.all.route_localnet=0',
    'net.ipv4.conf.eth0.route_localnet=0',
    'net.ipv4.conf.veth5.route_localnet=0',
    'net.ipv4.conf.all.accept_local=0',
    'net.ipv4.conf.eth0.accept_local=0',
    'net.ipv4.conf.veth5.accept_local=0',
  ],
};

describe('a packet made here', () => {
  it.each([
    ['8.8.8.8', 'forward eth0 via 192.0.2.1 from 192.0.2.10'],
    ['192.0.2.7', 'forward eth0 from 192.0.2.10'],
    // veth5 has no address of its own: the first device that has one lends it
    ['10.244.1.5', 'forward veth5 from 192.0.2.10'],
    ['10.244.1.6', 'blackhole'],
    ['192.0.2.10', 'local lo from 192.0.2.10'],
    ['127.9.9.9', 'local lo from 127.0.0.1'],
    ['192.0.2.255', 'broadcast eth0 from 192.0.2.10'],
    ['0.0.0.0', 'local lo from 127.0.0.1'],
  ])('to %s: %s', (destination, expected) => {
    expect(decide(NODE, { destination })).toEqual([expected]);
  });

  it('keeps its loopback source only where route_localnet allows it', () => {
    const query = { destination: '8.8.8.8', source: '127.0.0.1' };
    expect(decide(NODE, query)).toEqual(['blackhole (127.0.0.1 may not cross eth0: route_localnet is off)']);
    expect(decide({ ...NODE, sysctl: ['net.ipv4.conf.all.route_localnet=1'] }, query)).toEqual([
      'forward eth0 via 192.0.2.1 from 127.0.0.1',
    ]);
    expect(decide({ ...NODE, sysctl: null }, query)).toEqual([
      'unknown (whether 127.0.0.1 may cross eth0 is not known: route_localnet was not captured)',
    ]);
  });

  it('cites the rule and the route that decided', () => {
    const [decision] = evaluateRoute(tablesOf(NODE), { ...QUERY, destination: '10.244.1.5' });
    expect(decision?.evidence.map(({ raw }) => raw)).toEqual([
      '{"priority":32766,"src":"all","table":"main"}',
      '{"dst":"10.244.1.5","dev":"veth5","scope":"link"}',
    ]);
  });
});

describe('a received packet', () => {
  const received = { source: '10.244.1.5', inInterface: 'veth5' };

  it.each([
    ['is forwarded', { destination: '8.8.8.8' }, 'forward eth0 via 192.0.2.1'],
    ['is delivered here', { destination: '192.0.2.10' }, 'local lo'],
    [
      'has a source that belongs elsewhere',
      { destination: '8.8.8.8', source: '192.0.2.77' },
      'blackhole (the reverse path filter drops 192.0.2.77 on veth5: the route to it leaves by eth0)',
    ],
    [
      'has a source of this machine',
      { destination: '192.0.2.7', source: '192.0.2.10', inInterface: 'eth0' },
      'blackhole (192.0.2.10 is an address of this machine itself and may not come in by eth0)',
    ],
    [
      'is for a loopback address',
      { destination: '127.0.0.1' },
      'blackhole (127.0.0.1 may not cross veth5: route_localnet is off)',
    ],
    [
      'has a group as source',
      { destination: '192.0.2.10', source: '224.0.0.1' },
      'blackhole (224.0.0.1 may not be a source)',
    ],
    ['is for everybody', { destination: '255.255.255.255', source: '0.0.0.0' }, 'broadcast veth5'],
    [
      'is for a group',
      { destination: '224.0.0.9' },
      'unknown (whether the machine has joined the group 224.0.0.9 is not known)',
    ],
  ])('%s', (_, query, expected) => {
    expect(decide(NODE, { ...received, ...query })).toEqual([expected]);
  });

  it('goes nowhere on a machine that does not forward, and that has to be known', () => {
    const query = { ...received, destination: '8.8.8.8' };
    const others = NODE.sysctl?.slice(1) ?? [];
    expect(decide({ ...NODE, sysctl: ['net.ipv4.ip_forward=0', ...others] }, query)).toEqual([
      'blackhole (net.ipv4.ip_forward is off)',
    ]);
    expect(decide({ ...NODE, sysctl: ['net.ipv4.conf.veth5.forwarding=0', ...(NODE.sysctl ?? [])] }, query)).toEqual([
      'blackhole (forwarding is off for packets that come in by veth5)',
    ]);
    expect(decide({ ...NODE, sysctl: others }, query)).toEqual([
      'unknown (whether the machine forwards is not known: net.ipv4.ip_forward was not captured)',
    ]);
  });

  it('passes the reverse path filter that was not captured only if every setting of it lets it pass', () => {
    const sysctl = [
      'net.ipv4.ip_forward=1',
      ...['all', 'eth0', 'veth5'].map((who) => `net.ipv4.conf.${who}.accept_local=0`),
    ];
    expect(decide({ ...NODE, sysctl }, { ...received, destination: '8.8.8.8' })).toEqual([
      'forward eth0 via 192.0.2.1',
    ]);
    expect(decide({ ...NODE, sysctl }, { ...received, destination: '8.8.8.8', source: '192.0.2.77' })).toEqual([
      'unknown (whether 192.0.2.77 may come in by veth5 is not known: rp_filter was not captured)',
    ]);
  });

  it('of which the device is not known gets what all devices have in common', () => {
    const anyhow = { source: '10.244.1.5', inInterface: undefined };
    const open = {
      ...NODE,
      sysctl: (NODE.sysctl ?? []).map((one) => one.replace('all.rp_filter=1', 'all.rp_filter=0')),
    };
    expect(decide(open, { ...anyhow, destination: '8.8.8.8' })).toEqual(['forward eth0 via 192.0.2.1']);
    expect(decide(NODE, { ...anyhow, destination: '8.8.8.8' })).toEqual([
      'unknown (it depends on the incoming device, which is not known)',
    ]);
    expect(decide({ ...NODE, devices: null }, { ...anyhow, destination: '8.8.8.8' })).toEqual([
      'unknown (neither the incoming device nor the devices of the machine are known)',
    ]);
  });
});

describe('what was not captured or not understood', () => {
  const via = { dst: 'default', gateway: '192.0.2.1', dev: 'eth0' };
  const base = { addresses: ['eth0 192.0.2.10/24'], devices: ['eth0'] };

  it.each([
    ['no routes', { routes: null }, 'unknown (no IPv4 routes were captured)'],
    [
      'a route that could not be read',
      { routes: [via, { dst: 'x' }] },
      'unknown (some IPv4 routes could not be read: dst is no prefix)',
    ],
    [
      'a rule that could not be read',
      { routes: [via], rules: [{}, { src: 'all' }] },
      'unknown (some IPv4 routing rules could not be read: a rule without priority)',
    ],
    [
      'a route with an unknown member',
      { routes: [{ ...via, warp: 9 }] },
      'unknown (a route to 0.0.0.0/0 is not understood (warp))',
    ],
    [
      'an unknown member of another route',
      { routes: [via, { dst: '10.8.0.0/16', dev: 'eth0', warp: 9 }] },
      'forward eth0 via 192.0.2.1 from 192.0.2.10',
    ],
    [
      'a rule with an unknown selector that would change the answer',
      {
        routes: [via, { type: 'blackhole', dst: 'default', table: '9' }],
        rules: [...DEFAULT_RULES, { priority: 5, src: 'all', dscp: 'EF', table: '9' }],
      },
      'unknown (whether routing rule 5 matches is not known (dscp))',
    ],
    [
      'a rule with an unknown selector that changes nothing',
      { routes: [via], rules: [...DEFAULT_RULES, { priority: 5, src: 'all', dscp: 'EF', table: '9' }] },
      'forward eth0 via 192.0.2.1 from 192.0.2.10',
    ],
    [
      'a rule with an unknown action',
      { routes: [via], rules: [{ priority: 5, src: 'all', action: 'nat' }, ...DEFAULT_RULES] },
      'unknown (the action of routing rule 5 is not understood)',
    ],
  ])('%s', (_, namespace, expected) => {
    expect(decide({ ...base, ...namespace })).toEqual([expected]);
  });

  it('takes rules that were not captured for the usual ones, and says so', () => {
    const [decision] = evaluateRoute(tablesOf({ ...base, routes: [via], rules: null }), QUERY);
    expect(decision).toMatchObject({
      kind: 'forward',
      assumptions: ['routing rules were not captured; taken to be the ones that the kernel starts with'],
    });
  });

  it('knows of VRF rules that no device belongs to one only if the kinds of devices are known', () => {
    const namespace = {
      ...base,
      routes: [via],
      rules: [{ priority: 1000, src: 'all', l3mdev: null }, ...DEFAULT_RULES],
    };
    expect(decide(namespace)).toEqual(['forward eth0 via 192.0.2.1 from 192.0.2.10']);
    expect(decide({ ...namespace, devices: null })[0]).toContain(
      'unknown (whether routing rule 1000 matches is not known (l3mdev))',
    );
  });
});

describe('several next hops', () => {
  const hops = (...flags: string[][]) => ({
    dst: '10.9.0.0/16',
    nexthops: flags.map((own, at) => ({ gateway: `10.${at}.0.9`, dev: `eth${at}`, weight: at + 1, flags: own })),
  });
  const base = {
    addresses: ['eth0 10.0.0.1/24', 'eth1 10.1.0.1/24', 'eth2 10.2.0.1/24'],
    devices: ['eth0', 'eth1', 'eth2'],
  };

  it('share by weight, each with its own source; dead ones have no share', () => {
    expect(decide({ ...base, routes: [hops([], [])] })).toEqual([
      `${1 / 3} forward eth0 via 10.0.0.9 from 10.0.0.1`,
      `${2 / 3} forward eth1 via 10.1.0.9 from 10.1.0.1`,
    ]);
    expect(decide({ ...base, routes: [hops([], ['dead', 'linkdown'], [])] })).toEqual([
      '0.25 forward eth0 via 10.0.0.9 from 10.0.0.1',
      '0.75 forward eth2 via 10.2.0.9 from 10.2.0.1',
    ]);
  });

  it('all dead: the next shorter prefix counts', () => {
    const routes = [hops(['dead'], ['dead']), { dst: 'default', dev: 'eth2' }];
    expect(decide({ ...base, routes })).toEqual(['forward eth2 from 10.2.0.1']);
  });

  it.each([
    ['kernels differ: only some of them have the sender’s source', { source: '10.0.0.1' }, {}, 'since Linux 6.16'],
    [
      'neighbours decide and one has failed',
      {},
      {
        neighbours: [{ dst: '10.1.0.9', dev: 'eth1', state: ['FAILED'] }],
        sysctl: ['net.ipv4.fib_multipath_use_neigh=1'],
      },
      'state of their neighbours',
    ],
  ])('are not known when %s', (_, query, more, reason) => {
    expect(decide({ ...base, routes: [hops([], [])], ...more }, query)[0]).toContain(reason);
  });

  it('are not known when default routes of one metric are chosen by who answers, but for forwarded packets the first holds', () => {
    const namespace = {
      ...base,
      routes: [
        { dst: 'default', gateway: '10.0.0.9', dev: 'eth0' },
        { dst: 'default', gateway: '10.1.0.9', dev: 'eth1' },
      ],
      sysctl: [
        'net.ipv4.ip_forward=1',
        ...['all', 'eth2'].flatMap((who) => [
          `net.ipv4.conf.${who}.rp_filter=0`,
          `net.ipv4.conf.${who}.accept_local=0`,
        ]),
      ],
    };
    expect(decide(namespace)[0]).toContain('2 default routes have one metric');
    expect(decide(namespace, { source: '10.2.0.7', inInterface: 'eth2' })).toEqual(['forward eth0 via 10.0.0.9']);
  });

  it('through an address of the machine itself are on the link, unless the route may be older than the address', () => {
    const routes = [{ dst: '10.9.0.0/16', gateway: '10.0.0.1', dev: 'eth0' }];
    const connected = { dst: '10.0.0.0/24', dev: 'eth0', scope: 'link', prefsrc: '10.0.0.1' };
    expect(decide({ ...base, routes: [...routes, connected] })).toEqual(['forward eth0 from 10.0.0.1']);
    const open =
      'unknown (gateway 10.0.0.1 is an address of this machine: whether it counts depends on which came first)';
    expect(decide({ ...base, routes, addresses: ['eth0 10.0.0.1/24', 'eth0 10.0.0.2/24'] })).toEqual([open]);
    expect(decide({ ...base, routes: [...routes, { dst: '10.0.0.0/16', dev: 'eth0', scope: 'link' }] })).toEqual([
      open,
    ]);
  });
});

describe('local and main table', () => {
  const namespace = {
    routes: [{ dst: '127.5.0.0/16', dev: 'eth0', scope: 'link' }],
    addresses: ['lo 127.0.0.1/8 host', 'eth0 192.0.2.10/24'],
    devices: ['eth0'],
  };

  it('are one until rules are changed, which nobody can see: then the answer is not known', () => {
    expect(decide(namespace, { destination: '127.5.0.1' })[0]).toContain(
      'whether routing rules were ever changed here',
    );
    const rules = [...DEFAULT_RULES, { priority: 9, src: 'all', fwmark: '0x1', table: '9' }];
    expect(decide({ ...namespace, rules }, { destination: '127.5.0.1' })).toEqual(['local lo from 127.0.0.1']);
  });
});

describe('IPv6', () => {
  const NODE6: Namespace = {
    family: 6,
    routes: [
      { dst: 'default', gateway: 'fe80::1', dev: 'eth0', metric: 1024, pref: 'medium' },
      { dst: '2001:db8:1::/64', dev: 'eth0', metric: 256, pref: 'medium' },
      { dst: '2001:db8:2::5', dev: 'veth5', metric: 1024, pref: 'medium' },
      { type: 'unreachable', dst: '2001:db8:9::/48', dev: 'lo', metric: 1024, pref: 'medium' },
      { type: 'local', dst: '2001:db8:1::10', dev: 'eth0', table: 'local', metric: 0, pref: 'medium' },
      { type: 'anycast', dst: '2001:db8:1::', dev: 'eth0', table: 'local', metric: 0, pref: 'medium' },
    ],
    addresses: ['lo ::1/128 host', 'eth0 2001:db8:1::10/64', 'eth0 fe80::10/64 link', 'veth5 fe80::5/64 link'],
    devices: ['eth0', 'veth5'],
    neighbours: [],
    sysctl: ['net.ipv6.conf.all.forwarding=1'],
  };

  it.each([
    ['2001:4860::8', 'forward eth0 via fe80::1 from 2001:db8:1::10'],
    ['2001:db8:2::5', 'forward veth5 from 2001:db8:1::10'],
    ['2001:db8:9::1', 'unreachable'],
    ['2001:db8:1::10', 'local lo from 2001:db8:1::10'],
    ['2001:db8:1::', 'local lo from 2001:db8:1::10'],
    ['::1', 'local lo from ::1'],
  ])('made here, to %s: %s', (destination, expected) => {
    expect(decide(NODE6, { destination })).toEqual([expected]);
  });

  it.each([
    ['is forwarded', { source: '2001:db8:2::5' }, 'forward eth0 via fe80::1'],
    [
      'is not forwarded from a link-local source',
      { source: 'fe80::77' },
      'unreachable (fe80::77 is a link-local source, which no router forwards)',
    ],
    ['may not come from ::1', { source: '::1' }, 'blackhole (::1 may not cross veth5)'],
    ['may not come from a group', { source: 'ff02::1' }, 'blackhole (ff02::1 may not be a source)'],
  ])('received: %s', (_, query, expected) => {
    expect(decide(NODE6, { destination: '2001:4860::8', inInterface: 'veth5', ...query })).toEqual([expected]);
  });

  it('is not forwarded where forwarding is off, unless the device forces it', () => {
    const query = { destination: '2001:4860::8', source: '2001:db8:2::5', inInterface: 'veth5' };
    const off = { ...NODE6, sysctl: ['net.ipv6.conf.all.forwarding=0'] };
    expect(decide(off, query)).toEqual(['blackhole (net.ipv6.conf.all.forwarding is off)']);
    const forced = { ...NODE6, sysctl: ['net.ipv6.conf.all.forwarding=0', 'net.ipv6.conf.veth5.force_forwarding=1'] };
    expect(decide(forced, query)).toEqual(['forward eth0 via fe80::1']);
    expect(decide({ ...NODE6, sysctl: null }, query)[0]).toContain('net.ipv6.conf.all.forwarding was not captured');
  });

  it('looks for another way on a machine that does not forward when the gateway does not answer', () => {
    const failed = {
      ...NODE6,
      routes: [
        ...(NODE6.routes ?? []),
        { dst: '2001:db8:7::/48', gateway: 'fe80::2', dev: 'eth0', metric: 1024, pref: 'medium' },
      ],
      sysctl: ['net.ipv6.conf.all.forwarding=0'],
      neighbours: [{ dst: 'fe80::2', dev: 'eth0', state: ['FAILED'] }],
    };
    expect(decide(failed, { destination: '2001:db8:7::1' })[0]).toContain(
      'the kernel passes over gateway fe80::2 if it does not answer',
    );
    expect(decide({ ...failed, neighbours: [] }, { destination: '2001:db8:7::1' })).toEqual([
      'forward eth0 via fe80::2 from 2001:db8:1::10',
    ]);
  });
});

describe('laws', () => {
  const prefix = fc.tuple(fc.constantFrom('10', '172', '0'), fc.nat(2), fc.constantFrom(0, 8, 16, 24, 32));
  const route = fc
    .record({
      prefix,
      type: fc.constantFrom(
        'unicast',
        'unicast',
        'unicast',
        'local',
        'blackhole',
        'unreachable',
        'throw',
        'prohibit',
        'nat',
      ),
      table: fc.constantFrom('main', 'local', '100', 'default'),
      metric: fc.nat(3),
      tos: fc.constantFrom(undefined, '0x10'),
      hops: fc.array(
        fc.record({ dev: fc.constantFrom('a', 'b', 'c'), weight: fc.integer({ min: 1, max: 9 }), dead: fc.boolean() }),
        { minLength: 1, maxLength: 3 },
      ),
    })
    .map(({ prefix: [first, second, length], hops, ...rest }) => ({
      ...rest,
      // The kernel refuses a prefix with bits behind its length.
      dst: length === 0 ? 'default' : `${first}.${length === 8 ? 0 : second}.0.0/${length}`,
      nexthops: hops.map(({ dead, ...hop }) => ({ ...hop, flags: dead ? ['dead'] : [] })),
    }));
  const rule = fc.record({
    priority: fc.nat(40).map((number) => number * 1000 + 1),
    src: fc.constantFrom('all', '10.0.0.0/8', '172.1.0.0/16'),
    fwmark: fc.constantFrom(undefined, '0x1', '0x2'),
    table: fc.constantFrom('main', '100', 'local'),
    suppress_prefixlen: fc.constantFrom(undefined, 0, 16),
    warp: fc.constantFrom(undefined, undefined, undefined, 1),
  });
  const namespace = fc.record({
    routes: fc.array(route, { maxLength: 12 }),
    rules: fc
      .uniqueArray(rule, { maxLength: 4, selector: ({ priority }) => priority })
      .map((rules) => [...rules, ...DEFAULT_RULES]),
  });
  const query = fc.record({
    destination: fc.constantFrom('10.0.0.1', '10.1.0.1', '172.1.0.9', '8.8.8.8', '127.0.0.1', '255.255.255.255'),
    source: fc.constantFrom(null, '10.0.0.7', '172.1.2.3'),
    inInterface: fc.constantFrom(null, 'a', 'b', undefined),
    mark: fc.nat(3),
  });
  const complete = (one: Pick<Namespace, 'routes' | 'rules'>): Namespace => ({
    addresses: ['a 10.0.0.1/24', 'b 172.1.0.1/16'],
    devices: ['a', 'b', 'c'],
    sysctl: ['net.ipv4.ip_forward=1'],
    ...one,
  });

  it('the probabilities of a decision add up to 1, and an unknown one gives its reason', () => {
    fc.assert(
      fc.property(namespace, query, (one, asked) => {
        const decisions = evaluateRoute(tablesOf(complete(one)), { ...QUERY, ...asked });
        for (const sum of probabilitySums(decisions)) expect(sum).toBeCloseTo(1, 9);
        expect(decisions.filter(({ kind, reason }) => kind === 'unknown' && !reason)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('the order of routes that differ in prefix, class or metric, and of rules, changes nothing', () => {
    fc.assert(
      fc.property(namespace, query, fc.infiniteStream(fc.nat(1000)), (one, asked, stream) => {
        const key = (entry: { dst: string; table: string; tos: string | undefined; metric: number }) =>
          JSON.stringify([entry.dst, entry.table, entry.tos, entry.metric]);
        const routes = [...new Map(one.routes.map((entry) => [key(entry), entry])).values()];
        const shuffle = <T>(items: readonly T[]): T[] =>
          items
            .map((item) => [stream.next().value, item] as const)
            .toSorted((a, b) => a[0] - b[0])
            .map(([, item]) => item);
        const outlines = (some: Pick<Namespace, 'routes' | 'rules'>) =>
          evaluateRoute(tablesOf(complete(some)), { ...QUERY, ...asked }).map(outline);
        expect(outlines({ routes: shuffle(routes), rules: shuffle(one.rules) })).toEqual(outlines({ ...one, routes }));
      }),
      { numRuns: 300 },
    );
  });

  it('nothing that was given is changed', () => {
    fc.assert(
      fc.property(namespace, query, (one, asked) => {
        const tables = tablesOf(complete(one));
        const before = JSON.stringify([tables.routes, tables.rules, tables.addresses, tables.links, asked]);
        evaluateRoute(tables, { ...QUERY, ...asked });
        expect(JSON.stringify([tables.routes, tables.rules, tables.addresses, tables.links, asked])).toBe(before);
      }),
      { numRuns: 100 },
    );
  });
});
