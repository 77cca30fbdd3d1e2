/**
 * Headers that a route configuration, a virtual host, a route and the entry of a weighted cluster add and remove, and before them a
 * filter by itself and by overrides of each level, held against what a real Envoy's upstream receives: random mutations of a few headers,
 * so that levels touch the same ones.
 */
import { expect, it } from 'vitest';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import type { Probe } from './probe.ts';
import { Random } from './random.ts';
import { holdAgainst } from './session.ts';
import type { Held } from './session.ts';
import { staticCluster } from './static-cluster.ts';

const grounds = prepareGrounds(1);

const WORLDS = 20;
const ROUTES = 6;
const NAMES = ['x-a', 'x-b', 'x-envoy-retry-on', 'x-envoy-max-retries', 'user-agent', 'accept'];
const ACTIONS = ['APPEND_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT', 'OVERWRITE_IF_EXISTS_OR_ADD', 'OVERWRITE_IF_EXISTS'];

const FILTER = 'mutates';
const TYPE = 'type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation';

function added(random: Random, value: string): object {
  return {
    header: { key: random.pick(NAMES), value: random.chance(0.1) ? '%PROTOCOL%' : value },
    ...(random.chance(0.9) && { append_action: random.pick(ACTIONS) }),
  };
}

/** What the filter does one after another. */
function ofFilter(random: Random, level: string): object {
  const request_mutations = Array.from({ length: random.below(3) }, (_, at) =>
    random.chance(0.3) ? { remove: random.pick(NAMES).toUpperCase() } : { append: added(random, `f-${level}${at}`) },
  );
  return { mutations: { request_mutations } };
}

/** What a level adds and removes. */
function mutations(random: Random, level: string): object {
  const adds = Array.from({ length: random.below(4) }, (_, at) => added(random, `${level}${at}`));
  return {
    ...(adds.length > 0 && { request_headers_to_add: adds }),
    ...random.maybe(0.4, () => ({ request_headers_to_remove: [random.pick(NAMES).toUpperCase()] })),
    ...random.maybe(0.2, () => ({
      typed_per_filter_config: { [FILTER]: { '@type': `${TYPE}PerRoute`, ...ofFilter(random, level) } },
    })),
  };
}

function listenerOf(random: Random, folder: string, port: number, number: number): object {
  const routes = Array.from({ length: ROUTES }, (_, at) => ({
    match: { path: `/${at}` },
    ...mutations(random, 'route'),
    route: random.chance(0.5)
      ? { cluster: 'c' }
      : { weighted_clusters: { clusters: [{ name: 'c', weight: 1, ...mutations(random, 'weighted') }] } },
  }));
  const route_config = {
    name: 'r',
    ...mutations(random, 'config'),
    ...random.maybe(0.5, () => ({ most_specific_header_mutations_wins: true })),
    virtual_hosts: [{ name: 'v', domains: ['*'], routes, ...mutations(random, 'host') }],
  };
  const typed_config = {
    '@type': TYPE,
    ...ofFilter(random, 'own'),
    ...random.maybe(0.5, () => ({ most_specific_header_mutations_wins: true })),
  };
  const filters = [{ name: FILTER, typed_config }];
  return { ...managedListener(folder, port, { route_config }, filters), name: `l${number}` };
}

/** What we tell of each header that is known, and what came. */
function compared({ ours, reply }: Held): {
  told: Record<string, string>;
  came: Record<string, string>;
  open: string[];
} {
  const [outcome, other] = ours;
  if (outcome?.end.kind !== 'upstream' || other !== undefined) throw new Error(JSON.stringify(ours));
  const { headers = [], unknownHeaders = [] } = outcome.end.request.http ?? {};
  const received = (JSON.parse(reply.body) as { headers: Record<string, string> }).headers;
  const known = NAMES.filter((name) => !unknownHeaders.includes(name));
  const [told, came]: Record<string, string>[] = [{}, {}];
  for (const name of known) {
    const values = headers.filter(([one]) => one === name).map(([, value]) => value);
    if (values.length > 0) told![name] = values.join(',');
    if (received[name] !== undefined) came![name] = received[name].replaceAll(', ', ',');
  }
  return { told: told!, came: came!, open: NAMES.filter((name) => unknownHeaders.includes(name)) };
}

it.each(ENVOY_VERSIONS.map((version, at) => [version, at + 1] as const))(
  'Envoy %s, seed %i',
  async (version, seed) => {
    const random = new Random(seed);
    const folder = grounds.folder(version);
    const listeners: object[] = [];
    const probes: Probe[] = [];
    for (let number = 0; number < WORLDS; number++) {
      const port = await freePort();
      listeners.push(listenerOf(random, folder, port, number));
      for (let at = 0; at < ROUTES; at++) {
        const headers = random.some(NAMES, 0, 4).map((name): [string, string] => [name, 'sent']);
        if (random.chance(0.3)) headers.push(['x-a', 'again']);
        probes.push(plainProbe(port, { path: `/${at}`, headers }));
      }
    }
    const clusters = [staticCluster('c', [grounds.upstreams.ports[0]])];
    const config = { static_resources: { listeners, clusters } };
    const held = (await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates)).map(compared);
    for (const { told, came } of held) expect(came).toEqual(told);
    // Formats are not computed, and nothing else is left open.
    expect(held.filter(({ open }) => open.length > 0).length).toBeLessThan(held.length * 0.6);
    expect(held.filter(({ told }) => Object.keys(told).length > 1).length).toBeGreaterThan(held.length / 2);
  },
  120_000,
);
