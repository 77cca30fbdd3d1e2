// The guest kernel balances as IPVS is known to: what the evaluator is held against must itself be sound.
import { afterEach, beforeAll, expect, test } from 'vitest';
import { DirectorLab, type Place } from '../../lab/ipvs-guest/director-lab.ts';
import type { GuestProbe } from '../../lab/ipvs-guest/guest.ts';

const VIP = '10.98.10.1';
const WEIGHTS = [1, 2, 3];
let lab: DirectorLab;

beforeAll(async () => {
  lab = await DirectorLab.start();
  return () => lab.stop();
}, 300_000);
afterEach(() => lab.clear());

/** A virtual server on port 80 with real servers 1 to 3 of weights 1 to 3. */
function virtualServer(options: string, forwarding = '-m', port = 8080): string {
  const real = WEIGHTS.map((weight) => `-a -t ${VIP}:80 -r 10.98.2.1${weight}:${port} ${forwarding} -w ${weight}`);
  return [`-A -t ${VIP}:80 ${options}`, ...real, ''].join('\n');
}

/** Who answered how often, with what they saw: `real1 10.98.2.11:8080 from 10.98.1.2`; or how it failed. */
async function tally(from: Place, probe: Partial<GuestProbe> = {}): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const { result, seen } of await lab.probe(from, { protocol: 'tcp', destination: VIP, port: 80, ...probe })) {
    const what = seen === undefined ? result : `${seen.name} ${seen.local}:${seen.localPort} from ${seen.peer}`;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

test.each([
  ['-s rr', { 1: 4, 2: 4, 3: 4 }],
  ['-s wrr', { 1: 2, 2: 4, 3: 6 }],
  ['-s fo', { 3: 12 }],
  ['-s ovf', { 3: 12 }],
])('NAT with %s', async (options, shares) => {
  expect(await lab.load({ ipvs: virtualServer(options) })).toBe('');
  const expected = Object.entries(shares).map(([n, count]) => [`real${n} 10.98.2.1${n}:8080 from 10.98.1.2`, count]);
  expect(await tally('client', { count: 12 })).toStrictEqual(Object.fromEntries(expected));
});

test.each(['sh', 'dh', 'mh', 'lblc', 'lblcr'])('%s sends one client to one real server', async (scheduler) => {
  expect(await lab.load({ ipvs: virtualServer(`-s ${scheduler}`) })).toBe('');
  expect(Object.values(await tally('client', { count: 12 }))).toStrictEqual([12]);
});

test.each([
  ['lc', 4, [1, 1, 1, 1]],
  ['wlc', 6, [1, 2, 3]],
  ['sed', 6, [1, 2, 3]],
  ['nq', 6, [1, 2, 3]],
])('%s counts the connections that are open', async (scheduler, count, shares) => {
  const fourth = scheduler === 'lc' ? `-a -t ${VIP}:80 -r 10.98.2.14:8080 -m -w 1\n` : '';
  expect(await lab.load({ ipvs: virtualServer(`-s ${scheduler}`) + fourth })).toBe('');
  const counts = await tally('client', { count, hold: true });
  expect(Object.values(counts).toSorted((a, b) => a - b)).toStrictEqual(shares);
  expect(await lab.guest.release()).toBe(count);
});

test.each(['-g', '-i'])('direct routing and tunnels keep the virtual address: %s', async (forwarding) => {
  expect(await lab.load({ ipvs: virtualServer('-s rr', forwarding, 80) })).toBe('');
  const expected = WEIGHTS.map((n) => [`real${n} ${VIP}:80 from 10.98.1.2`, 2]);
  expect(await tally('client', { count: 6 })).toStrictEqual(Object.fromEntries(expected));
});

test('persistence holds a client, and a net of clients, to one real server', async () => {
  expect(await lab.load({ ipvs: virtualServer('-s rr -p 300 -M 255.255.255.0') })).toBe('');
  const first = Object.keys(await tally('client', { count: 4, source: '10.98.11.5' }));
  const neighbour = Object.keys(await tally('client', { count: 4, source: '10.98.11.6' }));
  const stranger = Object.keys(await tally('client', { count: 4, source: '10.98.12.7' }));
  expect([first.length, neighbour.length, stranger.length]).toStrictEqual([1, 1, 1]);
  expect(neighbour[0]?.slice(0, 5)).toBe(first[0]?.slice(0, 5));
  expect(stranger[0]?.slice(0, 5)).not.toBe(first[0]?.slice(0, 5));
});

test('a mark selects a virtual server; weight 0 gets nothing; no real server refuses', async () => {
  const ipvs = `-A -f 7 -s rr\n-a -f 7 -r 10.98.2.11:0 -m -w 1\n-a -f 7 -r 10.98.2.12:0 -m -w 0\n-A -t ${VIP}:80 -s rr\n`;
  const iptables = '*mangle\n-A PREROUTING -d 10.98.10.2 -p tcp --dport 443 -j MARK --set-mark 7\nCOMMIT\n';
  expect(await lab.load({ ipvs, iptables })).toBe('');
  expect(await tally('client', { destination: '10.98.10.2', port: 443, count: 3 })).toStrictEqual({
    'real1 10.98.2.11:443 from 10.98.1.2': 3,
  });
  expect(await tally('client', { count: 2 })).toStrictEqual({ ECONNREFUSED: 2 });
});

test('IPv6, UDP and a real server on the director', async () => {
  const ipvs = [
    '-A -t [fd00:98:10::1]:80 -s rr',
    '-a -t [fd00:98:10::1]:80 -r [fd00:98:2::11]:8080 -m -w 1',
    '-a -t [fd00:98:10::1]:80 -r [fd00:98:2::12]:80 -g -w 1',
    '-A -u [fd00:98:10::1]:80 -s rr',
    '-a -u [fd00:98:10::1]:80 -r [fd00:98:2::13]:80 -i -w 1',
    `-A -u ${VIP}:80 -s rr`,
    `-a -u ${VIP}:80 -r 10.98.2.2:80 -m -w 1`,
    '',
  ].join('\n');
  expect(await lab.load({ ipvs })).toBe('');
  const six = { destination: 'fd00:98:10::1', source: 'fd00:98:1::2' };
  expect(await tally('client', { ...six, count: 4 })).toStrictEqual({
    'real1 fd00:98:2::11:8080 from fd00:98:1::2': 2,
    'real2 fd00:98:10::1:80 from fd00:98:1::2': 2,
  });
  expect(await tally('client', { ...six, protocol: 'udp' })).toStrictEqual({
    'real3 fd00:98:10::1:80 from fd00:98:1::2': 1,
  });
  expect(await tally('client', { protocol: 'udp' })).toStrictEqual({ 'director 10.98.2.2:80 from 10.98.1.2': 1 });
});

test('the director gives the files of a snapshot', async () => {
  expect(await lab.load({ ipvs: virtualServer('-s rr') })).toBe('');
  const files = await lab.files('director');
  expect(files.get('ipvsadm-save.txt')).toContain(`-A -t ${VIP}:80 -s rr`);
  expect(JSON.parse(files.get('ip-address.json') ?? '')).toContainEqual(
    expect.objectContaining({ ifname: 'kube-ipvs0' }),
  );
  expect((await lab.details()).get('proc-net-ip_vs.txt')).toContain('0A620A01:0050 rr');
});
