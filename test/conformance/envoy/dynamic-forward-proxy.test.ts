/**
 * The dynamic forward proxy, of requests and of connections by their server name, held against the real Envoy, which asks a DNS server
 * of this suite: names under .example have the loopback address, no other name exists.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EnvoyOutcome } from '../../../src/model/envoy.ts';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { NameServer } from './name-server.ts';
import { plainListener, plainProbe, tcpListener } from './plain-listener.ts';
import type { Probe } from './probe.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);
let names: NameServer;

beforeAll(async () => {
  names = await NameServer.start();
}, 300_000);

afterAll(() => {
  names.stop();
});

const TYPE = 'type.googleapis.com/envoy.extensions';
const filter = (): object => ({
  name: 'forward',
  typed_config: { '@type': `${TYPE}.filters.http.dynamic_forward_proxy.v3.FilterConfig`, ...names.cache },
});
const fixed = (): object => staticCluster('fixed', [grounds.upstreams.ports[0]]);
const toDynamic = (more: object = {}): object => ({ cluster: 'dynamic', ...more });

/** The branch that what DNS says leaves, its name replaced by the address. */
function settled(outcomes: readonly EnvoyOutcome[], host: string): string[] {
  const exists = /\.example(:|$)/i.test(host);
  return outcomes
    .filter(({ conditions }) => conditions.every(({ value }) => value === exists))
    .map((outcome) => expectedOf(outcome).end.replace(/[a-z.]+\.example/, '127.0.0.1'));
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
          clusters: [names.cluster, fixed()],
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

  it.each([
    ['the dynamic forward proxy', 'dynamic'],
    ['another cluster', 'fixed'],
  ])('a connection by its server name, to %s', async (name, cluster) => {
    const folder = grounds.folder(`${version}-sni-${name}`);
    const port = await freePort();
    const upstream = grounds.upstreams.ports[0];
    const byName = {
      name: 'by-name',
      typed_config: {
        '@type': `${TYPE}.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig`,
        port_value: upstream,
        ...names.cache,
      },
    };
    const inspector = {
      name: 'tls',
      typed_config: { '@type': `${TYPE}.filters.listener.tls_inspector.v3.TlsInspector` },
    };
    const config = {
      static_resources: {
        listeners: [tcpListener(folder, port, cluster, [byName], [inspector])],
        clusters: [names.cluster, fixed()],
      },
    };
    const hello = (sni: string | null): Probe =>
      plainProbe(port, { host: sni ?? '', tls: { sni, alpn: [], identity: null } });
    const probes = [
      ...['here.example', 'HERE.example', 'a.b.example', 'nowhere.invalid', null].map(hello),
      plainProbe(port, { host: 'plaintext' }),
    ];
    const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
    for (const { probe, seen, ours } of held)
      expect(settled(ours, probe.host), `${probe.tls?.sni} ${probe.host}`).toEqual([seen.end]);
    const reached = held.filter(({ seen }) => seen.end.startsWith('upstream'));
    expect(reached).toHaveLength(cluster === 'fixed' ? 6 : 3);
  });
});
