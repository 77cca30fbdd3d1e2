/** What passes a filter is the same in every format: short and wide tables, istioctl's messages (json and yaml), and reach-json. */
import { beforeAll, describe, expect, it } from 'vitest';
import { field, list, number, text } from '../../src/model/protobuf-message.ts';
import { readSelection, type Selection } from '../../src/explain/proxy-config/selection.ts';
import { openProxies } from '../../src/proxy-config/open-proxies.ts';
import { assignmentPart, clusterPart, endpointPart, listenerPart, routePart } from '../../src/proxy-config/parts.ts';
import type { Part } from '../../src/proxy-config/present.ts';
import type { Proxy } from '../../src/proxy-config/proxies.ts';

let proxy: Proxy;
beforeAll(async () => {
  const { list: proxies } = await openProxies(
    {
      target: 'productpage-v1-abc.bookinfo',
      namespace: null,
      files: [],
      snapshots: ['test/fixtures/one-node-bookinfo'],
    },
    ['config-dump', 'clusters'],
  );
  const [first] = proxies;
  if (first === undefined) throw new Error('there is no proxy');
  proxy = first;
});

const socket = (address: unknown): string =>
  `${text(address, 'socket_address', 'address')}:${number(address, 'socket_address', 'port_value')}`;
const cells = (name: string): string => {
  const [direction = '', port = '', subset = '', host] = name.split('|');
  return host === undefined ? `${name} - - -` : [host, port, subset || '-', direction].join(' ');
};
/** Pipes have a scheme in some forms. */
const plain = (endpoint: string): string => endpoint.replace(/^unix:\/\//, '');

/** What identifies the objects of a row, of a message and of an item of our own. */
interface Kind {
  readonly part: (selection: Selection) => Part;
  readonly short: (row: readonly string[]) => string;
  readonly wide: (row: readonly string[]) => string;
  readonly message: (value: unknown) => readonly string[];
  readonly item: (value: object) => string;
}

const endpointKind = {
  short: ([endpoint = '', , , cluster = '']: readonly string[]) => `${plain(endpoint)} ${cluster}`,
  wide: ([endpoint = '', , , cluster = '']: readonly string[]) => `${plain(endpoint)} ${cluster}`,
  item: (value: object) => `${plain(text(value, 'endpoint'))} ${text(value, 'cluster')}`,
};
const addressOf = (address: unknown): string => text(address, 'pipe', 'path') || socket(address);

const KINDS: Readonly<Record<string, Kind>> = {
  cluster: {
    part: (selection) => clusterPart(proxy, { fqdn: null, selection }),
    short: (row) => row.slice(0, 4).join(' '),
    wide: (row) => row.slice(0, 4).join(' '),
    message: (value) => [cells(text(value, 'name'))],
    item: (value) => cells(text(value, 'name')),
  },
  listener: {
    part: (selection) => listenerPart(proxy, { type: null, selection }, false),
    short: ([addresses = '', port = '']) => `${addresses}:${port}`,
    wide: ([addresses = '', port = '']) => `${addresses}:${port}`,
    message: (value) => [socket(field(value, 'address'))],
    item: (value) => `${list(value, 'addresses').join(',')}:${number(value, 'port')}`,
  },
  route: {
    part: (selection) => routePart(proxy, { name: null, selection }, true),
    short: ([name = '', host = '']) => `${name} ${host}`,
    wide: ([name = '', host = '']) => `${name} ${host}`,
    message: (value) => list(value, 'virtual_hosts').map((host) => `${text(value, 'name')} ${text(host, 'name')}`),
    item: (value) => `${text(value, 'routeConfig')} ${text(value, 'virtualHost')}`,
  },
  endpoint: {
    ...endpointKind,
    part: (selection) => endpointPart(proxy, { cluster: null, selection }),
    message: (value) =>
      list(value, 'host_statuses').map((host) => `${addressOf(field(host, 'address'))} ${text(value, 'name')}`),
  },
  eds: {
    ...endpointKind,
    part: (selection) => assignmentPart(proxy, { cluster: null, selection }),
    message: (value) =>
      list(value, 'endpoints').flatMap((group) =>
        list(group, 'lb_endpoints').map(
          (one) => `${addressOf(field(one, 'endpoint', 'address'))} ${text(value, 'cluster_name')}`,
        ),
      ),
  },
};

/** Exact, with `*`, and as a regular expression; the last leaves nothing. */
const VALUES = {
  service: ['reviews', 'reviews.bookinfo', 'rev*', '/^(?:ratings|details)$/', 'view'],
  pod: ['reviews-v1-abc', 'reviews-v2-abc.bookinfo', 'reviews-*', '/-v[13]-/', 'reviews'],
  node: ['node1', 'n*1', '/^NODE|^node/', 'node'],
  address: ['10.244.1.12', '10.244.*', '/^10\\.2/', '10.244'],
  port: ['9080', '90*', '/^(?:9080|443)$/', '908'],
  subset: ['v2', 'v*', '/v[13]/', 'v'],
  direction: ['outbound', 'in*', '/bound/', 'bound'],
};
const ENDPOINT_STATUS = ['healthy', 'HEAL*', '/^heal|^HEAL/', 'ejected'];
const STATE = ['active', 'a*', '/tiv/', 'warming'];
const without = (...names: readonly (keyof typeof VALUES)[]): Partial<typeof VALUES> =>
  Object.fromEntries(Object.entries(VALUES).filter(([name]) => !names.some((one) => one === name)));
const LISTENER_ADDRESSES = ['0.0.0.0', '0.0.*', '/^10\\./', '0.0'];
const FILTERS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  cluster: { ...VALUES, status: STATE },
  listener: { ...without('pod', 'node'), address: LISTENER_ADDRESSES, status: STATE },
  route: { ...without('pod', 'node', 'address'), status: STATE },
  endpoint: { ...VALUES, status: ENDPOINT_STATUS },
  eds: { ...VALUES, status: ENDPOINT_STATUS },
};
const CASES = Object.entries(FILTERS).flatMap(([command, filters]) =>
  Object.entries(filters).flatMap(([flag, values]) =>
    values.map((value, at) => [command, flag, value, at === values.length - 1] as const),
  ),
);

/** Each once, without the virtual host whose only route istioctl's table hides. */
const named = (names: readonly string[]): readonly string[] =>
  [...new Set(names)].filter((name) => !name.endsWith(' allow_any')).toSorted();

describe('a filter names the same objects in every format', () => {
  it.each(CASES)('%s --%s %s', async (command, flag, value, isNothing) => {
    const kind = KINDS[command];
    if (kind === undefined) throw new Error(`there is no ${command}`);
    const part = kind.part(await readSelection({ [flag]: value }));
    const items = named([...part.items()].map(kind.item));
    expect({
      short: named(part.short().rows.map(kind.short)),
      wide: named((part.wide?.() ?? { rows: [] }).rows.map(kind.wide)),
      messages: named(part.messages().values.flatMap(kind.message)),
    }).toEqual({ short: items, wide: items, messages: items });
    expect(items.length === 0).toBe(isNothing);
  });

  it('a port that is none is refused', async () => {
    await expect(readSelection({ port: '65536' })).rejects.toThrow('--port: 65536 is no port');
    await expect(readSelection({ port: 'http' })).rejects.toThrow('--port: http is no port');
    expect(await readSelection({ port: '0' })).toEqual({});
  });
});
