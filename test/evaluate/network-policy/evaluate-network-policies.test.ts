import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  evaluateNetworkPolicies,
  type PolicyQuestion,
} from '../../../src/evaluate/network-policy/evaluate-network-policies.ts';
import type { PolicyPeer } from '../../../src/evaluate/network-policy/rules.ts';
import type { PolicyDecision } from '../../../src/model/network-policy.ts';
import { namespace, pod, policies, policyFacts } from './lab.ts';

const web = pod(
  'web',
  { app: 'web' },
  { spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] } },
);
const client = pod('client', { app: 'client' }, { ip: '10.0.0.2' });
const foreign = pod('other', { app: 'client' }, { namespace: 'base', ip: '10.0.0.3' });
const NAMESPACES = [namespace('shop', { team: 'a' }), namespace('base', { team: 'b' })];

function ingress(
  specs: object[],
  peer: PolicyPeer = { kind: 'pod', pod: client, ip: '10.0.0.2' },
  more: Partial<PolicyQuestion> = {},
): PolicyDecision {
  const question: PolicyQuestion = {
    direction: 'ingress',
    pod: web,
    peer,
    protocol: 'TCP',
    port: 8080,
    complete: true,
    ...more,
  };
  return evaluateNetworkPolicies(policies(...specs), NAMESPACES, question);
}

const from = (...peers: object[]) => ({ podSelector: {}, ingress: [{ from: peers }] });
const ports = (...list: object[]) => ({ podSelector: {}, ingress: [{ ports: list }] });
const outside = (ip: string): PolicyPeer => ({ kind: 'ip', ip });
const anotherNamespace: PolicyPeer = { kind: 'pod', pod: foreign, ip: '10.0.0.3' };

describe('isolation', () => {
  it.each([
    ['no policy', [], 'allowed'],
    ['a policy for other pods', [{ podSelector: { matchLabels: { app: 'db' } } }], 'allowed'],
    ['a policy for the other direction', [{ podSelector: {}, policyTypes: ['Egress'] }], 'allowed'],
    ['a policy without rules', [{ podSelector: {} }], 'denied'],
    ['an empty rule', [{ podSelector: {}, ingress: [{}] }], 'allowed'],
    ['empty lists in a rule', [{ podSelector: {}, ingress: [{ from: [], ports: [] }] }], 'allowed'],
    ['one denies, another allows: allows add up', [{ podSelector: {} }, { podSelector: {}, ingress: [{}] }], 'allowed'],
  ])('%s', (_, specs, verdict) => {
    expect(ingress(specs).verdict).toBe(verdict);
  });

  it.each([
    ['no policy known', [], undefined, 'unknown'],
    ['a policy for other pods', [{ podSelector: { matchLabels: { app: 'db' } } }], undefined, 'unknown'],
    ['a policy without rules, to which another may add', [{ podSelector: {} }], undefined, 'unknown'],
    ['a rule that allows: no other takes it back', [{ podSelector: {}, ingress: [{}] }], undefined, 'allowed'],
    ['its own node', [], { kind: 'node', name: 'n1', ip: '192.0.2.1' }, 'allowed'],
    ['itself', [], { kind: 'pod', pod: web, ip: '10.0.0.1' }, 'allowed'],
  ] as const)('where further policies may be: %s', (_, specs, peer, verdict) => {
    const decision = ingress([...specs], peer, { complete: false });
    expect([decision.verdict, decision.unknown === undefined]).toEqual([verdict, verdict === 'allowed']);
  });

  it('is of the pod’s own namespace', () => {
    const policy = policyFacts([{ metadata: { name: 'p', namespace: 'base' }, spec: { podSelector: {} } }]);
    const question: PolicyQuestion = {
      direction: 'ingress',
      pod: web,
      peer: outside('192.0.2.1'),
      protocol: 'TCP',
      port: 80,
      complete: true,
    };
    expect(evaluateNetworkPolicies(policy, NAMESPACES, question).verdict).toBe('allowed');
  });

  it('egress is asked about the source', () => {
    const specs = [
      {
        podSelector: { matchLabels: { app: 'client' } },
        policyTypes: ['Egress'],
        egress: [{ to: [{ podSelector: { matchLabels: { app: 'web' } } }] }],
      },
    ];
    const ask = (peer: PolicyPeer) =>
      evaluateNetworkPolicies(policies(...specs), NAMESPACES, {
        direction: 'egress',
        pod: client,
        peer,
        protocol: 'TCP',
        port: 1,
        complete: true,
      }).verdict;
    expect([ask({ kind: 'pod', pod: web, ip: '10.0.0.1' }), ask(outside('192.0.2.1'))]).toEqual(['allowed', 'denied']);
  });

  it('itself and its own node are always let through', () => {
    expect(ingress([{ podSelector: {} }], { kind: 'pod', pod: web, ip: '10.0.0.1' }).verdict).toBe('allowed');
    expect(ingress([{ podSelector: {} }], { kind: 'node', name: 'n1', ip: '192.168.0.1' }).verdict).toBe('allowed');
    expect(ingress([{ podSelector: {} }], { kind: 'node', name: 'n2', ip: '192.168.0.2' }).verdict).toBe('denied');
  });
});

describe('peers', () => {
  it.each([
    ['a pod of the same namespace', from({ podSelector: { matchLabels: { app: 'client' } } }), undefined, 'allowed'],
    [
      'podSelector alone is for the same namespace',
      from({ podSelector: { matchLabels: { app: 'client' } } }),
      anotherNamespace,
      'denied',
    ],
    ['namespaceSelector', from({ namespaceSelector: { matchLabels: { team: 'b' } } }), anotherNamespace, 'allowed'],
    ['all namespaces', from({ namespaceSelector: {} }), anotherNamespace, 'allowed'],
    [
      'both in one peer: and',
      from({ namespaceSelector: { matchLabels: { team: 'b' } }, podSelector: { matchLabels: { app: 'x' } } }),
      anotherNamespace,
      'denied',
    ],
    [
      'each in a peer: or',
      from({ namespaceSelector: { matchLabels: { team: 'b' } } }, { podSelector: { matchLabels: { app: 'x' } } }),
      anotherNamespace,
      'allowed',
    ],
    [
      'In',
      from({ podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'client'] }] } }),
      undefined,
      'allowed',
    ],
    [
      'NotIn matches what has no such label',
      from({ podSelector: { matchExpressions: [{ key: 'x', operator: 'NotIn', values: ['a'] }] } }),
      undefined,
      'allowed',
    ],
    ['Exists', from({ podSelector: { matchExpressions: [{ key: 'x', operator: 'Exists' }] } }), undefined, 'denied'],
    [
      'DoesNotExist',
      from({ podSelector: { matchExpressions: [{ key: 'x', operator: 'DoesNotExist' }] } }),
      undefined,
      'allowed',
    ],
    ['ipBlock', from({ ipBlock: { cidr: '192.0.2.0/24' } }), outside('192.0.2.9'), 'allowed'],
    ['ipBlock of the other family', from({ ipBlock: { cidr: '::/0' } }), outside('192.0.2.9'), 'denied'],
    ['except', from({ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.8/29'] } }), outside('192.0.2.9'), 'denied'],
    ['no selector takes in an address', from({ podSelector: {} }), outside('192.0.2.9'), 'denied'],
    [
      'ipBlock and a node',
      from({ ipBlock: { cidr: '192.168.0.0/16' } }),
      { kind: 'node', name: 'n2', ip: '192.168.0.2' } as const,
      'allowed',
    ],
  ])('%s', (_, spec, peer, verdict) => {
    expect(ingress([spec], peer).verdict).toBe(verdict);
  });
});

describe('ports', () => {
  it.each([
    ['the number', ports({ port: 8080 }), {}, 'allowed'],
    ['another number', ports({ port: 80 }), {}, 'denied'],
    ['a range', ports({ port: 8000, endPort: 9000 }), {}, 'allowed'],
    ['below a range', ports({ port: 8081, endPort: 9000 }), {}, 'denied'],
    ['TCP when no protocol is written', ports({ port: 8080 }), { protocol: 'UDP' }, 'denied'],
    ['a protocol without port', ports({ protocol: 'UDP' }), { protocol: 'UDP' }, 'allowed'],
    ['a container port by name', ports({ port: 'http' }), {}, 'allowed'],
    ['a name that the pod has not', ports({ port: 'grpc' }), {}, 'denied'],
    ['the name of another number', ports({ port: 'http' }), { port: 80 }, 'denied'],
  ] as const)('%s', (_, spec, more, verdict) => {
    expect(ingress([spec], undefined, more).verdict).toBe(verdict);
  });
});

describe('what cannot be told', () => {
  const block = from({ ipBlock: { cidr: '10.0.0.0/8' } });
  const hostClient = pod('host', { app: 'client' }, { ip: '192.168.0.2', spec: { hostNetwork: true, nodeName: 'n2' } });
  it.each([
    ['an ipBlock that holds a pod', [block], undefined, {}],
    [
      'a pod in the network namespace of its node, as peer',
      [from({ podSelector: {} })],
      { kind: 'pod', pod: hostClient, ip: '192.168.0.2' } as const,
      {},
    ],
    [
      'an operator that nobody knows',
      [from({ podSelector: { matchExpressions: [{ key: 'app', operator: 'Gt' }] } })],
      undefined,
      {},
    ],
    ['a CIDR that is none', [from({ ipBlock: { cidr: 'all' } })], outside('192.0.2.1'), {}],
    ['a peer without any selector', [from({})], undefined, {}],
    ['rules that are no list', [{ podSelector: {}, ingress: 'all' }], undefined, {}],
    [
      'a type that nobody knows',
      [{ podSelector: {}, policyTypes: ['Both'], ingress: [] }],
      undefined,
      { direction: 'egress' },
    ],
    [
      'a namespace that nobody captured',
      [from({ namespaceSelector: { matchLabels: { team: 'c' } } })],
      { kind: 'pod', pod: pod('x', {}, { namespace: 'lost' }), ip: '10.0.0.9' } as const,
      {},
    ],
    [
      'a named port of an address',
      [{ podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: 'http' }] }] }],
      outside('192.0.2.1'),
      { direction: 'egress' },
    ],
  ] as const)('%s is unknown', (_, specs, peer, more) => {
    const decision = ingress([...specs], peer, more);
    expect(decision.verdict).toBe('unknown');
    expect(decision.unknown?.reason).not.toBe('');
  });

  it('a pod in the network namespace of its node', () => {
    const host = pod('web', { app: 'web' }, { spec: { hostNetwork: true } });
    expect(ingress([{ podSelector: {} }], undefined, { pod: host }).verdict).toBe('unknown');
    expect(ingress([], undefined, { pod: host }).verdict).toBe('allowed');
  });

  it('does not matter when another rule allows it', () => {
    expect(ingress([block, { podSelector: {}, ingress: [{}] }]).verdict).toBe('allowed');
  });

  it('all namespaces are all namespaces, captured or not', () => {
    const lost: PolicyPeer = { kind: 'pod', pod: pod('x', {}, { namespace: 'lost' }), ip: '10.0.0.9' };
    expect(ingress([from({ namespaceSelector: {} })], lost).verdict).toBe('allowed');
  });
});

it('cites the rule that allows, or the policies that isolate', () => {
  const allowed = ingress([{ podSelector: {} }, { podSelector: {}, ingress: [{ ports: [{ port: 1 }] }, {}] }]);
  expect([allowed.allowedBy?.policy.name, allowed.allowedBy?.rule, allowed.reasons]).toEqual([
    'p1',
    1,
    ['rule 1 of NetworkPolicy shop/p1 allows it'],
  ]);
  expect(allowed.evidence).toMatchObject([{ pointer: '/1/spec/ingress/1', raw: '{}' }]);
  const denied = ingress([{ podSelector: {} }, { podSelector: { matchLabels: { app: 'web' } } }]);
  expect(denied.isolating.map((one) => one.name)).toEqual(['p0', 'p1']);
  expect(denied.reasons).toEqual(['shop/p0, shop/p1 isolate shop/web for ingress, and no rule allows it']);
  expect(denied.evidence).toHaveLength(2);
});

interface Oracle {
  readonly namespaces: Readonly<Record<string, Record<string, string>>>;
  readonly pods: readonly { namespace: string; name: string; labels: Record<string, string>; ip: string }[];
  readonly policies: readonly unknown[];
  readonly cases: readonly (readonly [
    number[],
    number | string,
    number | string,
    number,
    'TCP' | 'UDP' | 'SCTP',
    boolean,
    boolean,
  ])[];
}

describe('random policies, held against cyclonus', () => {
  const file = new URL('../../fixtures/network-policy/cyclonus.json', import.meta.url);
  const oracle = JSON.parse(readFileSync(file, 'utf8')) as Oracle;
  const containers = [
    {
      name: 'c',
      ports: [
        { name: 'http', containerPort: 80 },
        { name: 'dns', containerPort: 53, protocol: 'UDP' },
      ],
    },
  ];
  const pods = oracle.pods.map((one) =>
    pod(one.name, one.labels, { namespace: one.namespace, ip: one.ip, spec: { containers, nodeName: null } }),
  );
  const namespaces = Object.entries(oracle.namespaces).map(([name, labels]) => namespace(name, labels));
  const facts = oracle.policies.map((one) => policyFacts([one])[0]);

  it('says the same, but for pods in an ipBlock and named ports of addresses', () => {
    const wrong: string[] = [];
    const verdicts = { allowed: 0, denied: 0, unknown: 0 };
    for (const [
      at,
      [chosen, source, destination, port, protocol, ingressAllowed, egressAllowed],
    ] of oracle.cases.entries()) {
      const some = chosen.flatMap((index) => facts[index] ?? []);
      const peerOf = (one: number | string): PolicyPeer => {
        const fact = typeof one === 'number' ? pods[one] : undefined;
        return fact === undefined ? outside(String(one)) : { kind: 'pod', pod: fact, ip: fact.ips[0] ?? '' };
      };
      const sides = [
        ['ingress', destination, source, ingressAllowed],
        ['egress', source, destination, egressAllowed],
      ] as const;
      for (const [direction, own, peer, allowed] of sides) {
        const fact = typeof own === 'number' ? pods[own] : undefined;
        if (fact === undefined) continue;
        const { verdict } = evaluateNetworkPolicies(some, namespaces, {
          direction,
          pod: fact,
          peer: peerOf(peer),
          protocol,
          port,
          complete: true,
        });
        verdicts[verdict] += 1;
        const text = JSON.stringify(some.map((one) => one.cursor.value));
        const open =
          (text.includes('ipBlock') && typeof peer === 'number') ||
          (typeof destination === 'string' && /"port":"/.test(text));
        if (verdict === 'unknown' ? !open : (verdict === 'allowed') !== allowed)
          wrong.push(`case ${at} ${direction}: ${verdict}, cyclonus ${allowed}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(verdicts.allowed).toBeGreaterThan(1000);
    expect(verdicts.denied).toBeGreaterThan(200);
    expect(verdicts.unknown).toBeLessThan(150);
  });
});
