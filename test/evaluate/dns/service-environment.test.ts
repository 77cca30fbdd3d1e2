import { describe, expect, it } from 'vitest';
import { serviceEnvironment } from '../../../src/evaluate/dns/service-environment.ts';
import { podOf, read } from './cluster.ts';

const BEFORE = '2026-01-01T00:00:00Z';
const START = '2026-01-02T00:00:00Z';
const AFTER = '2026-01-03T00:00:00Z';

function service(name: string, spec: object = {}, namespace = 'shop', creationTimestamp = BEFORE): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, creationTimestamp },
    spec: { clusterIP: '10.96.0.9', ports: [{ port: 80 }], ...spec },
  };
}

function variables(items: unknown[], spec: object = {}, startedAt: string | null = START) {
  const state = { running: { startedAt } };
  const pod = podOf(
    { containers: [{ name: 'app', ...spec }], ...spec },
    { containerStatuses: [{ name: 'app', state }] },
  );
  const [container] = pod.containers;
  if (container === undefined) throw new Error('no container');
  return serviceEnvironment(pod, container, read(items).services);
}

describe('variables of Services', () => {
  it('are those that the kubelet makes', () => {
    const ports = [
      { name: 'http', port: 80 },
      { name: 'dns-udp', port: 53, protocol: 'UDP' },
    ];
    const made = variables([service('my-db', { ports })]);
    expect(made.map((one) => `${one.name}=${one.value}`)).toEqual([
      'MY_DB_SERVICE_HOST=10.96.0.9',
      'MY_DB_SERVICE_PORT=80',
      'MY_DB_SERVICE_PORT_HTTP=80',
      'MY_DB_SERVICE_PORT_DNS_UDP=53',
      'MY_DB_PORT=tcp://10.96.0.9:80',
      'MY_DB_PORT_80_TCP=tcp://10.96.0.9:80',
      'MY_DB_PORT_80_TCP_PROTO=tcp',
      'MY_DB_PORT_80_TCP_PORT=80',
      'MY_DB_PORT_80_TCP_ADDR=10.96.0.9',
      'MY_DB_PORT_53_UDP=udp://10.96.0.9:53',
      'MY_DB_PORT_53_UDP_PROTO=udp',
      'MY_DB_PORT_53_UDP_PORT=53',
      'MY_DB_PORT_53_UDP_ADDR=10.96.0.9',
    ]);
  });

  it('write IPv6 addresses in brackets', () => {
    const url = variables([service('six', { clusterIP: 'fd00::9' })]).find((one) => one.name === 'SIX_PORT')?.value;
    expect(url).toBe('tcp://[fd00::9]:80');
  });

  it.each([
    ['of its namespace', [service('web'), service('web', {}, 'base')], {}, ['WEB_SERVICE_HOST']],
    [
      'and default/kubernetes',
      [service('kubernetes', {}, 'default'), service('web', {}, 'default')],
      {},
      ['KUBERNETES_SERVICE_HOST'],
    ],
    [
      'not headless, not ExternalName',
      [
        service('a', { clusterIP: 'None' }),
        service('b', { type: 'ExternalName', clusterIP: undefined, externalName: 'x' }),
      ],
      {},
      [],
    ],
    [
      'default/kubernetes alone without enableServiceLinks',
      [service('web'), service('kubernetes', {}, 'default')],
      { enableServiceLinks: false },
      ['KUBERNETES_SERVICE_HOST'],
    ],
    [
      'not what the container sets itself',
      [service('web')],
      { env: [{ name: 'WEB_SERVICE_HOST', value: 'mine' }] },
      [],
    ],
  ])('are %s', (_, items, spec, hosts) => {
    const names = variables(items, spec).map((one) => one.name);
    expect(names.filter((name) => name.endsWith('_SERVICE_HOST'))).toEqual(hosts);
  });

  it.each([
    ['a Service older than the container', BEFORE, START, 'set'],
    ['a Service younger than the container', AFTER, START, 'not-set'],
    ['a Service of the same second', START, START, 'unknown'],
    ['a container without a time', BEFORE, null, 'unknown'],
  ])('%s', (_, created, started, state) => {
    const made = variables([service('web', {}, 'shop', created)], {}, started);
    expect([...new Set(made.map((one) => one.state))]).toEqual([state]);
  });
});
