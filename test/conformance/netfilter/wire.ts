import { spawnSync } from 'node:child_process';
import type { Family } from '../../../src/model/address.ts';
import type { Namespace } from '../routing/namespace.ts';

/** Neighbours are fixed, because rules would drop their discovery (for IPv6 that is traffic like any other). */
const MAC = {
  cl0: { near: '02:00:00:00:01:01', far: '02:00:00:00:01:02' },
  sv0: { near: '02:00:00:00:02:01', far: '02:00:00:00:02:02' },
} as const;

/** Runs `ip` commands of one family in a namespace. */
function configure(namespace: Namespace, family: Family, commands: readonly string[]): void {
  const parameters = ['-n', namespace.name, `-${family}`, '-batch', '-'];
  const { status, stderr } = spawnSync('ip', parameters, { input: `${commands.join('\n')}\n`, encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${parameters.join(' ')}: ${stderr}`);
}

/** Joins three namespaces in a row, with addresses of both families and routes between them. */
export function wire(client: Namespace, router: Namespace, server: Namespace): void {
  for (const [device, end] of [
    ['cl0', client],
    ['sv0', server],
  ] as const) {
    const peer = ['peer', 'name', 'eth0', 'address', MAC[device].far, 'netns', end.name];
    const link = ['link', 'add', device, 'netns', router.name, 'address', MAC[device].near, 'type', 'veth', ...peer];
    const { status, stderr } = spawnSync('ip', link, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ip ${link.join(' ')}: ${stderr}`);
    configure(end, 4, ['link set lo up', 'link set eth0 up']);
  }
  configure(router, 4, ['link set lo up', 'link set cl0 up', 'link set sv0 up']);
  configure(client, 4, [
    'addr add 10.99.1.2/24 dev eth0',
    'addr add 10.99.11.5/32 dev eth0',
    'route add default via 10.99.1.1',
  ]);
  configure(client, 6, [
    'addr add fd00:99:1::2/64 dev eth0 nodad',
    'addr add fd00:99:11::5/128 dev eth0 nodad',
    'route add default via fd00:99:1::1',
  ]);
  configure(server, 4, [
    'addr add 10.99.2.2/24 dev eth0',
    'route add local 10.99.20.0/24 dev lo',
    'route add local 10.99.30.0/24 dev lo',
    'route add default via 10.99.2.1',
  ]);
  configure(server, 6, [
    'addr add fd00:99:2::2/64 dev eth0 nodad',
    'route add local fd00:99:20::/64 dev lo',
    'route add local fd00:99:30::/64 dev lo',
    'route add default via fd00:99:2::1',
  ]);
  configure(router, 4, [
    'addr add 10.99.5.1/32 dev lo',
    'addr add 10.99.1.1/24 dev cl0',
    'addr add 10.99.2.1/24 dev sv0',
    'route add 10.99.11.0/24 via 10.99.1.2',
    'route add default via 10.99.2.2',
    'rule add fwmark 0x80/0x80 lookup 100',
    'route add unreachable default table 100',
  ]);
  configure(router, 6, [
    'addr add fd00:99:5::1/128 dev lo nodad',
    'addr add fd00:99:1::1/64 dev cl0 nodad',
    'addr add fd00:99:2::1/64 dev sv0 nodad',
    'route add fd00:99:11::/64 via fd00:99:1::2',
    'route add default via fd00:99:2::2',
    'rule add fwmark 0x80/0x80 lookup 100',
    'route add unreachable default table 100 metric 1',
  ]);
  for (const [family, net] of [
    [4, '10.99.'],
    [6, 'fd00:99:'],
  ] as const) {
    const host = family === 4 ? '.' : '::';
    configure(client, family, [`neigh add ${net}1${host}1 lladdr ${MAC.cl0.near} dev eth0 nud permanent`]);
    configure(server, family, [`neigh add ${net}2${host}1 lladdr ${MAC.sv0.near} dev eth0 nud permanent`]);
    configure(router, family, [
      `neigh add ${net}1${host}2 lladdr ${MAC.cl0.far} dev cl0 nud permanent`,
      `neigh add ${net}2${host}2 lladdr ${MAC.sv0.far} dev sv0 nud permanent`,
    ]);
  }
  const loose = ['all', 'default', 'cl0', 'sv0', 'lo'].map((device) => `net.ipv4.conf.${device}.rp_filter=0`);
  const unlimited = ['net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0'];
  // A connection whose answer came too late does not keep its address for a minute (net/ipv4/tcp_ipv4.c tcp_twsk_unique).
  client.set(['net.ipv4.tcp_tw_reuse=1']);
  router.set([
    ...loose,
    ...unlimited,
    'net.ipv4.tcp_tw_reuse=1',
    'net.ipv4.ip_forward=1',
    'net.ipv6.conf.all.forwarding=1',
  ]);
  server.set([...unlimited, 'net.ipv4.ip_nonlocal_bind=1', 'net.ipv6.ip_nonlocal_bind=1']);
}
