import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Certificates } from './certificates.ts';
import { IDENTITIES } from './certificates.ts';
import { aggregateCluster, CLUSTERS, randomCluster } from './generate-cluster.ts';
import { crossOrigin } from './generate-cors.ts';
import { randomListener } from './generate-listener.ts';
import type { Probe } from './probe.ts';
import type { Random } from './random.ts';
import { ALPNS, DESTINATIONS, HEADERS, HOSTS, METHODS, ODD_METHODS, PATHS, SNIS, SOURCES } from './vocabulary.ts';

/** A generated configuration: what Envoy starts with, and the ports that probes are sent to. */
export interface World {
  readonly bootstrap: object;
  readonly listeners: readonly { readonly name: string; readonly port: number }[];
}

/** Source ports that chains may ask for and probes may bind. */
const SOURCE_PORTS = [29_001, 29_002, 29_003, 29_004] as const;

/** Generates a configuration, and writes what Envoy reads from files beside it. */
export function generateWorld(
  random: Random,
  folder: string,
  ports: readonly number[],
  upstreams: readonly number[],
  certificates: Certificates,
): World {
  const resource = (name: string, items: readonly object[]): void => {
    writeFileSync(path.join(folder, name), JSON.stringify({ version_info: '1', resources: items }));
  };
  const generated = ports.map((port, index) =>
    randomListener(random, { name: `l${index}`, port, ports, sourcePorts: SOURCE_PORTS, folder, certificates }),
  );
  for (const route of generated.flatMap(({ routes }) => routes)) {
    const { name } = route as { name: string };
    resource(`rds-${name}.json`, [
      { '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration', ...route },
    ]);
  }
  const clusters = CLUSTERS.map((name) => {
    const shuffled = random.some(upstreams, upstreams.length, upstreams.length);
    const offset = random.below(shuffled.length);
    return randomCluster(random, name, [...shuffled.slice(offset), ...shuffled.slice(0, offset)], folder);
  });
  for (const { assignment } of clusters) {
    if (assignment === null) continue;
    const { cluster_name: name } = assignment as { cluster_name: string };
    resource(`eds-${name}.json`, [
      { '@type': 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment', ...assignment },
    ]);
  }
  const bootstrap = {
    node: { id: 'test', cluster: 'test' },
    static_resources: {
      listeners: generated.map(({ listener }) => listener),
      clusters: [
        ...clusters.map(({ cluster }) => cluster),
        { name: 'nowhere', type: 'STATIC' },
        aggregateCluster(random),
      ],
    },
  };
  return { bootstrap, listeners: ports.map((port, index) => ({ name: `l${index}`, port })) };
}

/** A random connection to one of the world's listeners. */
export function generateProbe(random: Random, world: World): Probe {
  const { name, port } = random.pick(world.listeners);
  const tls = random.chance(0.25)
    ? {
        sni: random.chance(0.85) ? random.pick(SNIS) : null,
        alpn: random.chance(0.5)
          ? random.some(
              ALPNS.filter((alpn) => alpn !== 'h2'),
              1,
              2,
            )
          : [],
        identity: random.chance(0.4) ? random.pick(IDENTITIES) : null,
      }
    : null;
  const connect = random.chance(0.04);
  const version2 = tls === null && !connect && random.chance(0.15);
  const method = connect ? 'CONNECT' : random.chance(0.008) ? random.pick(ODD_METHODS) : random.pick(METHODS);
  const browser = random.chance(method === 'OPTIONS' ? 0.6 : 0.2) ? crossOrigin(random, method) : [];
  const headers = new Map([...random.some(HEADERS, 0, 4), ...browser]);
  const host = random.chance(0.01) ? 'a{b' : random.pick(HOSTS);
  const odd = !version2 && random.chance(0.01);
  const all = [...headers, ...tooMuch(random), ...(random.chance(0.06) && !version2 ? UPGRADE : [])];
  return {
    listener: name,
    from: random.pick(SOURCES),
    sourcePort: random.chance(0.15) ? random.pick(SOURCE_PORTS) : 0,
    to: random.pick(DESTINATIONS),
    port,
    tls,
    method,
    host: connect && !/:\d+$/.test(host) ? `${host}:443` : host,
    path: odd ? '/ä' : random.pick(PATHS),
    // Over HTTP/2 spaces are part of a value.
    headers: version2 ? all.map(([header, value]) => [header, value.trim()] as const) : all,
    ...(version2 ? { version: 'h2' } : {}),
  };
}

const UPGRADE = [
  ['connection', 'upgrade'],
  ['upgrade', 'websocket'],
] as const;

/** Rarely, headers beyond what Envoy takes by default, or some listeners do. */
function tooMuch(random: Random): [string, string][] {
  if (random.chance(0.03)) return [['x_underscore', '1']];
  if (random.chance(0.03)) return [['x-large', 'x'.repeat(600 + random.below(500))]];
  if (!random.chance(0.03)) return [];
  if (random.chance(0.5)) return [['x-large', 'x'.repeat(61_440)]];
  return Array.from({ length: 101 }, (_, index): [string, string] => [`x-${index}`, '1']);
}
