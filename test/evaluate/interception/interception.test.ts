import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateInterception } from '../../../src/evaluate/interception/evaluate-interception.ts';
import { intendedInterception } from '../../../src/evaluate/interception/intended-interception.ts';
import type { InterceptedFlow, Interception } from '../../../src/evaluate/interception/interception.ts';
import type { PodFact } from '../../../src/model/kubernetes.ts';
import { kubernetesObjects } from '../../../src/parse/kubernetes/kubernetes-objects.ts';
import { readRules, redirectedTo, type Rules } from './rules-text.ts';

function pod(value: { spec?: object; metadata?: object; ips?: string[] }): PodFact {
  const item = {
    metadata: { name: 'p', namespace: 'shop', ...value.metadata },
    spec: value.spec ?? {},
    status: { podIPs: (value.ips ?? ['10.244.1.5']).map((ip) => ({ ip })) },
  };
  const list = [{ name: 'pods.json', capturedAt: null, bytes: Buffer.from(JSON.stringify([item])) }];
  const [fact] = kubernetesObjects(new Map([['pods', list]])).objects.pods;
  if (fact === undefined) throw new Error('no pod');
  return fact;
}

function injected(args: readonly string[], env: Readonly<Record<string, string>> = {}, ips?: string[]): PodFact {
  const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
  const spec = {
    initContainers: [{ name: 'istio-init', args: ['istio-iptables', ...args], env: variables }],
    containers: [{ name: 'istio-proxy' }],
  };
  return pod(ips === undefined ? { spec } : { spec, ips });
}

function of(fact: PodFact): Interception {
  const config = intendedInterception(fact, ['10.96.0.10']);
  if (config === null) throw new Error('nothing intercepts');
  return config;
}

const PORTS = [53, 80, 443, 3306, 8080, 9080, 9443, 15008, 15020, 15090, 15108, 5432];

/** Users and groups: root, the proxy, one of the two, others that some rules name. */
const OWNERS = [
  [0, 0],
  [1337, 1337],
  [1337, 0],
  [0, 1337],
  [1500, 1500],
  [2000, 0],
  [0, 3000],
  [0, 888],
] as const;

/** Connections of every kind that rules tell apart. */
function flows(own: readonly string[]): { direction: 'outbound' | 'inbound'; flow: InterceptedFlow }[] {
  const found: { direction: 'outbound' | 'inbound'; flow: InterceptedFlow }[] = [];
  for (const self of own) {
    const six = self.includes(':');
    const family = six ? 6 : 4;
    const others = six
      ? ['fd00:96::10', 'fd00:77::1', '2001:db8::1']
      : ['10.96.0.10', '10.96.3.3', '10.9.9.9', '192.0.2.7', '127.0.0.9', '10.255.255.53', '169.254.7.127'];
    const loopback = six ? '::1' : '127.0.0.1';
    for (const destinationPort of PORTS) {
      for (const protocol of ['tcp', 'udp'] as const) {
        const base = { family, protocol, destinationPort, mark: 0 } as const;
        for (const destination of [self, loopback, ...others]) {
          const toSelf = destination === self || destination.startsWith('127.') || destination === '::1';
          for (const outInterface of toSelf ? ['lo'] : ['eth0', 'eth1']) {
            for (const source of toSelf ? [self, six ? '::6' : '127.0.0.6'] : [self]) {
              for (const [uid, gid] of OWNERS) {
                const flow = { ...base, source, destination, outInterface, inInterface: null, uid, gid };
                found.push({ direction: 'outbound', flow });
              }
            }
          }
        }
        for (const inInterface of ['eth0', 'eth1', 'vm0']) {
          const source = six ? '2001:db8::9' : '10.9.9.9';
          for (const from of [source, six ? source : '169.254.7.127']) {
            found.push({ direction: 'inbound', flow: { ...base, source: from, destination: self, inInterface } });
          }
        }
      }
    }
  }
  return found;
}

function compare(config: Interception, rules: Readonly<Record<4 | 6, Rules>>): { compared: number; wrong: string[] } {
  const wrong: string[] = [];
  const all = flows(config.ownAddresses);
  for (const { direction, flow } of all) {
    const ours = evaluateInterception(config, direction, flow);
    const theirs = redirectedTo(rules[flow.family], direction, flow);
    if (ours.to === 'unknown' || ours.port !== theirs) {
      wrong.push(
        `${direction} ${JSON.stringify(flow)}: rules ${theirs}, here ${ours.to} ${ours.port} (${ours.reasons.join('; ')})`,
      );
    }
  }
  return { compared: all.length, wrong: wrong.slice(0, 5) };
}

interface Case {
  readonly name: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly ips: string[];
  readonly rules: Readonly<Partial<Record<'4' | '6', string[]>>>;
}

const fixtures = new URL('../../fixtures/interception/', import.meta.url);
const { cases } = JSON.parse(readFileSync(new URL('istio-iptables.json', fixtures), 'utf8')) as { cases: Case[] };

describe('arguments and environment of istio-init, held against the rules that istio-iptables makes of them', () => {
  it('are there', () => {
    expect(cases).toHaveLength(25);
  });

  it.each(cases)('$name', ({ args, env, ips, rules }) => {
    const config = of(injected(args, env, ips));
    expect(config.notUnderstood).toEqual([]);
    const { compared, wrong } = compare(config, { 4: readRules(rules[4] ?? []), 6: readRules(rules[6] ?? []) });
    expect(compared).toBeGreaterThan(1500);
    expect(wrong).toEqual([]);
  });
});

it('ENVOY_PORT is no variable of istio-iptables: that flag alone is not bound to one', () => {
  expect(of(injected(['-i', '*'], { ENVOY_PORT: '9999' })).outboundPort).toBe(15001);
});

describe('held against rules captured from pods', () => {
  const STANDARD = [
    '-p',
    '15001',
    '-z',
    '15006',
    '-u',
    '1337',
    '-m',
    'REDIRECT',
    '-i',
    '*',
    '-x',
    '',
    '-b',
    '*',
    '-d',
    '15090,15021,15020',
  ];
  const ambient = pod({
    metadata: { annotations: { 'ambient.istio.io/redirection': 'enabled', 'ambient.istio.io/dns-capture': 'true' } },
  });
  const excluded = [
    '-p',
    '15001',
    '-z',
    '15006',
    '-u',
    '1337',
    '-m',
    'REDIRECT',
    '-i',
    '*',
    '-x',
    '10.0.0.0/8',
    '-b',
    '9080,9443',
    '-d',
    '',
    '-o',
    '3306',
    '--redirect-dns',
  ];
  it.each([
    ['REDIRECT', injected(STANDARD), ['10.96.0.10']],
    ['TPROXY', injected(STANDARD.map((word) => (word === 'REDIRECT' ? 'TPROXY' : word))), ['10.96.0.10']],
    ['REDIRECT-dns-excl', injected(excluded), ['10.255.255.53']],
    ['ambient-inpod', ambient, null],
  ])('%s', (name, fact, servers) => {
    const rules = readRules(readFileSync(new URL(`iptables-save-${name}.txt`, fixtures), 'utf8').split('\n'));
    const config = intendedInterception(fact, servers);
    if (config === null) throw new Error('nothing intercepts');
    const { compared, wrong } = compare(config, { 4: rules, 6: new Map() });
    expect(compared).toBeGreaterThan(1500);
    expect(wrong).toEqual([]);
  });

  it('the pods of Bookinfo: those with istio-init as their rules say, the others not at all', () => {
    const folder = new URL('../../../test/fixtures/one-node-bookinfo/clusters/lab/', import.meta.url);
    const list = [
      { name: 'pods.json', capturedAt: null, bytes: readFileSync(new URL('resources/core/v1/pods.json', folder)) },
    ];
    const { pods } = kubernetesObjects(new Map([['pods', list]])).objects;
    const intercepted = pods.filter((one) => intendedInterception(one) !== null).map((one) => one.name);
    expect(intercepted).toEqual(['productpage-v1-abc', 'reviews-v1-abc', 'reviews-v2-abc', 'reviews-v3-abc']);
    for (const name of intercepted) {
      const path = `pods/bookinfo/${name}/netns/iptables-save.txt`;
      const lines = readFileSync(new URL(path, folder), 'utf8')
        .split('\n')
        .map((line) => line.replace(/^\[\d+:\d+\] /, ''));
      const fact = pods.find((one) => one.name === name);
      if (fact === undefined) throw new Error(name);
      expect(compare(of(fact), { 4: readRules(lines), 6: new Map() }).wrong).toEqual([]);
    }
  });
});

describe('istio-cni reads the pod itself', () => {
  const STATUS = { 'sidecar.istio.io/status': '{}' };
  const sidecar = (annotations: object, proxy: object = {}, init: object[] = [{ name: 'istio-validation' }]): PodFact =>
    pod({
      metadata: { annotations },
      spec: { initContainers: init, containers: [{ name: 'istio-proxy', args: ['proxy', 'sidecar'], ...proxy }] },
    });

  it('with its own defaults', () => {
    expect(intendedInterception(sidecar(STATUS))).toMatchObject({
      mode: 'REDIRECT',
      writtenBy: 'istio-cni',
      outboundPort: 15001,
      inboundPort: 15006,
      proxyUids: [1337],
      proxyGids: [1337],
      includeIPRanges: ['*'],
      includeInboundPorts: '*',
      excludeInboundPorts: [15020, 15021, 15090],
      excludeOutboundPorts: [15020],
      dnsCapture: 'off',
      notUnderstood: [],
    });
  });

  it('with annotations, environment and the user of the proxy', () => {
    const annotations = {
      ...STATUS,
      'sidecar.istio.io/interceptionMode': 'TPROXY',
      'traffic.sidecar.istio.io/includeOutboundIPRanges': '10.0.0.0/8',
      'traffic.sidecar.istio.io/excludeInboundPorts': '8080,15020',
      'traffic.sidecar.istio.io/excludeOutboundPorts': '3306',
      'traffic.sidecar.istio.io/kubevirtInterfaces': 'vm0',
    };
    const env = [{ name: 'ISTIO_META_DNS_CAPTURE', value: 'true' }];
    expect(intendedInterception(sidecar(annotations, { env, securityContext: { runAsUser: 2000 } }))).toMatchObject({
      mode: 'TPROXY',
      proxyUids: [2000],
      includeIPRanges: ['10.0.0.0/8'],
      excludeInboundPorts: [8080, 15020, 15021, 15090],
      excludeOutboundPorts: [3306],
      rerouteInterfaces: ['vm0'],
      dnsCapture: 'all',
    });
  });

  it('a native sidecar', () => {
    const spec = {
      initContainers: [
        { name: 'istio-validation' },
        { name: 'istio-proxy', restartPolicy: 'Always', args: ['proxy', 'sidecar'] },
      ],
      containers: [{ name: 'app' }],
    };
    expect(intendedInterception(pod({ metadata: { annotations: STATUS }, spec }))?.writtenBy).toBe('istio-cni');
  });

  it.each([
    ['no proxy', pod({ spec: { containers: [{ name: 'app' }] } })],
    ['no injection', sidecar({})],
    ['a gateway', sidecar(STATUS, { args: ['proxy', 'router'] })],
    ['mode NONE', sidecar({ ...STATUS, 'sidecar.istio.io/interceptionMode': 'NONE' }, {}, [])],
    [
      'mode NONE in the environment',
      sidecar(STATUS, { env: [{ name: 'ISTIO_META_INTERCEPTION_MODE', value: 'NONE' }] }, []),
    ],
    [
      'injection declined by label',
      pod({
        metadata: { annotations: STATUS, labels: { 'sidecar.istio.io/inject': 'false' } },
        spec: { containers: [{ name: 'istio-proxy' }] },
      }),
    ],
    ['istio-init that applies nothing', injected(['--skip-rule-apply', '--run-validation'])],
  ])('nothing is redirected: %s', (_, fact) => {
    expect(intendedInterception(fact)).toBeNull();
  });
});

describe('what is not understood makes every answer unknown', () => {
  const flow: InterceptedFlow = {
    family: 4,
    protocol: 'tcp',
    source: '10.244.1.5',
    destination: '10.96.0.1',
    destinationPort: 80,
    mark: 0,
    inInterface: null,
    uid: 0,
    gid: 0,
  };
  const STATUS = { 'sidecar.istio.io/status': '{}' };
  it.each([
    ['a flag', injected(['-i', '*', '--teleport', 'yes'])],
    ['a flag without value', injected(['-i', '*', '-p'])],
    ['a port that is none', injected(['-i', '*', '-o', 'http'])],
    ['a range that is none', injected(['-i', 'everything'])],
    [
      'a variable from elsewhere',
      pod({
        spec: {
          initContainers: [
            { name: 'istio-init', args: ['istio-iptables'], env: [{ name: 'ISTIO_SERVICE_CIDR', valueFrom: {} }] },
          ],
        },
      }),
    ],
    [
      'a sidecar that nobody redirects',
      pod({
        metadata: { annotations: STATUS },
        spec: { containers: [{ name: 'istio-proxy', args: ['proxy', 'sidecar'] }] },
      }),
    ],
    [
      'a mode that nobody knows',
      pod({
        metadata: { annotations: { ...STATUS, 'sidecar.istio.io/interceptionMode': 'MAGIC' } },
        spec: { initContainers: [{ name: 'istio-validation' }], containers: [{ name: 'istio-proxy' }] },
      }),
    ],
  ])('%s', (_, fact) => {
    const answer = evaluateInterception(of(fact), 'outbound', flow);
    expect(answer.to).toBe('unknown');
    expect(answer.unknown?.reason).not.toBe('');
  });

  it.each([
    ['the owner of the process', injected(['-i', '*', '-b', '*']), 'outbound', { uid: undefined }],
    [
      'the interface, when some are excluded',
      injected(['-i', '*', '-b', '*', '-c', 'eth1']),
      'inbound',
      { inInterface: undefined },
    ],
    [
      'the interface, when some are of virtual machines',
      injected(['-i', '*', '-b', '*', '-k', 'vm0']),
      'inbound',
      { inInterface: undefined },
    ],
    [
      'IPv6 in ambient mode',
      pod({ metadata: { annotations: { 'ambient.istio.io/redirection': 'enabled' } } }),
      'outbound',
      { family: 6, destination: 'fd00::1' },
    ],
    [
      'DNS in ambient mode',
      pod({ metadata: { annotations: { 'ambient.istio.io/redirection': 'enabled' } } }),
      'outbound',
      { protocol: 'udp', destinationPort: 53 },
    ],
  ] as const)('%s', (_, fact, direction, more) => {
    expect(evaluateInterception(of(fact), direction, { ...flow, ...more }).to).toBe('unknown');
  });

  it('the servers in resolv.conf, when DNS to them is captured', () => {
    const config = intendedInterception(injected(['-i', '*', '-b', '*', '--redirect-dns']));
    if (config === null) throw new Error('nothing intercepts');
    expect(evaluateInterception(config, 'outbound', { ...flow, destinationPort: 53 }).to).toBe('unknown');
    expect(evaluateInterception(config, 'outbound', flow).to).toBe('outbound-proxy');
  });
});
