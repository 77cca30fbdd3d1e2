/**
 * The dynamic forward proxy held against the real Envoy, which asks a DNS server of this suite: names under .example have the loopback
 * address, no other name exists.
 */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EnvoyOutcome } from '../../../src/model/envoy.ts';
import { freePort } from './envoy-process.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { plainListener, plainProbe } from './plain-listener.ts';
import { holdAgainst } from './session.ts';
import { expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);
let names: Socket;

beforeAll(async () => {
  names = createSocket('udp4');
  names.on('message', (query, { port, address }) => names.send(answerTo(query), port, address));
  names.bind(0, '127.0.0.1');
  await once(names, 'listening');
}, 300_000);

afterAll(() => {
  names.close();
});

/** RFC 1035, section 4: the query's header and question, with an address record or the error that there is no such name. */
function answerTo(query: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  while ((query[at] ?? 0) > 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
    at += query[at]! + 1;
  }
  const end = at + 5;
  const isAddress = query.readUInt16BE(at + 1) === 1;
  const exists = labels.at(-1)?.toLowerCase() === 'example';
  const head = Buffer.from(query.subarray(0, end));
  head.writeUInt16BE(exists ? 0x8180 : 0x8183, 2);
  head.writeUInt16BE(exists && isAddress ? 1 : 0, 6);
  head.fill(0, 8, 12);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
  return exists && isAddress ? Buffer.concat([head, record]) : head;
}

const TYPE = 'type.googleapis.com/envoy.extensions';
const cache = (): object => ({
  dns_cache_config: {
    name: 'names',
    dns_lookup_family: 'V4_ONLY',
    typed_dns_resolver_config: {
      name: 'envoy.network.dns_resolver.cares',
      typed_config: {
        '@type': `${TYPE}.network.dns_resolver.cares.v3.CaresDnsResolverConfig`,
        resolvers: [{ socket_address: { protocol: 'UDP', address: '127.0.0.1', port_value: names.address().port } }],
      },
    },
  },
});
const filter = (): object => ({
  name: 'forward',
  typed_config: { '@type': `${TYPE}.filters.http.dynamic_forward_proxy.v3.FilterConfig`, ...cache() },
});
const dynamic = (): object => ({
  name: 'dynamic',
  lb_policy: 'CLUSTER_PROVIDED',
  cluster_type: {
    name: 'envoy.clusters.dynamic_forward_proxy',
    typed_config: { '@type': `${TYPE}.clusters.dynamic_forward_proxy.v3.ClusterConfig`, ...cache() },
  },
});
const fixed = (): object => ({
  name: 'fixed',
  type: 'STATIC',
  load_assignment: {
    cluster_name: 'fixed',
    endpoints: [
      {
        lb_endpoints: [
          {
            endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: grounds.upstreams.ports[0] } } },
          },
        ],
      },
    ],
  },
});
const toDynamic = (more: object = {}): object => ({ cluster: 'dynamic', ...more });

/** The branch that what DNS says leaves, its name replaced by the address. */
function settled(outcomes: readonly EnvoyOutcome[], host: string): string[] {
  const exists = /\.example(:|$)/i.test(host);
  return outcomes
    .filter(({ conditions }) => conditions.every(({ value }) => value === exists))
    .map((outcome) => expectedOf(outcome).end.replace(/[a-z]+\.example/, '127.0.0.1'));
}

const OPEN = 'undetermined: no filter of the dynamic forward proxy has resolved the host';

const ROUTES: readonly (readonly [string, object, 'known' | 'open'])[] = [
  ['to the dynamic forward proxy', { route: toDynamic() }, 'known'],
  ['to another cluster', { route: { cluster: 'fixed' } }, 'known'],
  ['a redirect', { redirect: { host_redirect: 'other.example' } }, 'known'],
  ['an answer of its own', { direct_response: { status: 418 } }, 'known'],
  ['with another path', { route: toDynamic({ prefix_rewrite: '/other' }) }, 'known'],
  ['with another host', { route: toDynamic({ host_rewrite_literal: 'else.example' }) }, 'open'],
];

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(ROUTES)(
    'a route %s',
    async (name, action, answer) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const route = { name: 'r', match: { prefix: '/' }, ...action };
      const config = {
        static_resources: {
          listeners: [plainListener(folder, port, [route], [filter()])],
          clusters: [dynamic(), fixed()],
        },
      };
      const upstream = grounds.upstreams.ports[0];
      const hosts = [`127.0.0.1:${upstream}`, `here.example:${upstream}`, `HERE.example:${upstream}`];
      const probes = [...hosts, `nowhere.invalid:${upstream}`, 'nowhere.invalid'].map((host) =>
        plainProbe(port, { host }),
      );
      const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
      for (const { probe, seen: observed, ours } of held) {
        const seen = observed.end.replace(/ dns_resolution_failure\{.*\}$/, ' -');
        const told = settled(ours, probe.host);
        const open = answer === 'open' && told.some((end) => end.startsWith('undetermined'));
        expect(told, probe.host).toEqual([open ? OPEN : seen]);
      }
    },
    120_000,
  );
});
