import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateName } from '../../../src/evaluate/dns/evaluate-name.ts';
import { indexNames, type NameIndex } from '../../../src/evaluate/dns/name-index.ts';
import { probabilitySums } from '../../../src/model/branching.ts';
import type { NameOutcome } from '../../../src/model/name-resolution.ts';
import type { PodFact } from '../../../src/model/kubernetes.ts';
import { kubernetesObjects } from '../../../src/parse/kubernetes/kubernetes-objects.ts';
import { configMap, indexOf, labItems, podOf } from './cluster.ts';

const COREFILE = `.:53 {
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }
    forward . /etc/resolv.conf
}
`;
const NODES = [{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node1' } }];
const index = indexOf([...labItems(), ...NODES, configMap('coredns', { Corefile: COREFILE })]);
const client = podOf({});
const dual = podOf({}, { podIPs: [{ ip: '10.244.1.99' }, { ip: 'fd00:244::99' }] });

function resolve(name: string, pod: PodFact = client, names: NameIndex = index): readonly NameOutcome[] {
  return evaluateName(names, { kind: 'pod', pod }, name);
}

/** `address 10.96.1.1 1`, with the conditions behind. */
function tell(outcomes: readonly NameOutcome[]): string[] {
  return outcomes.map((one) => {
    const given = one.conditions.map((condition) => ` if ${condition.value}`).join('');
    return `${one.result}${one.address === null ? '' : ` ${one.address}`} ${one.probability}${given}`;
  });
}

describe('names from a pod', () => {
  it.each([
    ['web', ['address 10.96.1.1 1']],
    ['WEB', ['address 10.96.1.1 1']],
    ['web.base', ['address 10.96.2.1 1']],
    ['web.base.svc', ['address 10.96.2.1 1']],
    ['web.base.svc.cluster.local', ['address 10.96.2.1 1']],
    ['web.base.svc.cluster.local.', ['address 10.96.2.1 1']],
    ['kubernetes.default', ['address 10.96.0.1 1']],
    ['_http._tcp.web', ['address 10.96.1.1 1']],
    ['db', ['address 10.244.1.50 0.5', 'address 10.244.2.50 0.5']],
    ['db-0.db', ['address 10.244.1.50 1']],
    ['early', ['address 10.244.1.52 0.5', 'address 10.244.1.53 0.5']],
    ['10-244-7-7.shop.pod.cluster.local', ['address 10.244.7.7 1']],
    ['ext-chain', ['address 10.96.1.1 1']],
    ['10.96.1.1', ['address 10.96.1.1 1']],
    ['[FD00:96:0::2]', ['address fd00:96::2 1']],
    ['web.', ['outside 1']],
    ['nosuch', ['outside 1']],
    ['web.nosuch', ['outside 1']],
    ['nosuch.shop.svc.cluster.local', ['no-such-name 1']],
    ['gone', ['outside 1']],
    ['ext', ['outside 1']],
    ['ext-ip', ['outside 1']],
    ['example.com', ['outside 1']],
    ['node1', ['outside 1']],
    ['not a name', ['no-such-name 1']],
    ['a..b', ['no-such-name 1']],
    ['', ['no-such-name 1']],
  ])('%s', (name, expected) => {
    expect(tell(resolve(name))).toEqual(expected);
  });

  it('tells every question in order', () => {
    const [outcome] = resolve('web.base.svc');
    expect(outcome?.queries).toEqual([
      {
        name: 'web.base.svc.shop.svc.cluster.local',
        source: 'cluster-dns',
        answer: 'no-such-name',
        addresses: [],
        alias: null,
      },
      {
        name: 'web.base.svc.svc.cluster.local',
        source: 'cluster-dns',
        answer: 'no-such-name',
        addresses: [],
        alias: null,
      },
      {
        name: 'web.base.svc.cluster.local',
        source: 'cluster-dns',
        answer: 'addresses',
        addresses: ['10.96.2.1'],
        alias: null,
      },
    ]);
    expect(outcome?.reasons).toEqual(['cluster IP of Service base/web', 'search domain cluster.local']);
    expect(outcome?.service?.name).toBe('web');
    expect(outcome?.evidence).toMatchObject([{ raw: '"10.96.2.1"' }]);
  });

  it('follows aliases and cites them', () => {
    const [outcome] = resolve('ext');
    expect(outcome?.queries.map((one) => `${one.name} ${one.answer} ${one.alias ?? ''}`)).toEqual([
      'ext.shop.svc.cluster.local alias db.example.test',
      'db.example.test unknown ',
    ]);
    expect(outcome?.reasons[0]).toBe('alias (ExternalName) of db.example.test');
    expect(outcome?.evidence).toMatchObject([{ raw: '"db.example.test"' }]);
  });

  it('says what was missing before a name went outside', () => {
    expect(resolve('webb')[0]?.reasons).toContain('there is no Service shop/webb');
    expect(resolve('node1')[0]?.reasons).toContain(
      'node1 is a node of the cluster, but cluster DNS has no names of nodes',
    );
  });

  it('names the pod behind an address of a headless Service', () => {
    expect(resolve('db').map((one) => one.pod?.name)).toEqual(['db-0', undefined]);
    expect(resolve('db')[0]?.reasons).toEqual([
      'headless Service shop/db',
      '1 that is not ready is left out',
      'any of 2 addresses: the server shuffles them and clients take the first',
      'search domain shop.svc.cluster.local',
    ]);
  });
});

describe('names that lead nowhere', () => {
  const closed = indexOf([
    ...labItems(),
    configMap('coredns', { Corefile: '.:53 {\n kubernetes cluster.local .\n}\n' }),
  ]);
  it.each([
    ['loop-a', 'the aliases form a loop'],
    ['ext-ip', 'cluster DNS cannot alias to an address'],
    ['ext-none', 'there is no Service shop/nosuch'],
    ['gone', 'headless Service shop/gone has no ready endpoint'],
    ['nosuch', 'there is no Service shop/nosuch'],
    ['web.nowhere', 'there is no namespace nowhere'],
  ])('%s', (name, clause) => {
    const outcomes = resolve(name, client, closed);
    expect([...new Set(outcomes.map((one) => one.result))]).toEqual(['no-such-name']);
    expect(outcomes[0]?.reasons.join('; ')).toContain(clause);
  });
});

describe('what depends on the C library', () => {
  it('a name that has no data ends the search in musl, not in glibc', () => {
    const searches = { dnsConfig: { searches: ['base.svc.cluster.local'] } };
    // "shop" is a namespace: shop.svc.cluster.local exists without data, and only glibc goes on to ask for "shop" itself
    expect(tell(resolve('shop', podOf(searches)))).toEqual(['outside 1 if glibc', 'no-such-name 1 if musl']);
  });

  it('musl does not search for a name with enough dots', () => {
    const few = podOf({ dnsConfig: { options: [{ name: 'ndots', value: '1' }] } });
    const local = indexOf([
      ...labItems(),
      configMap('coredns', { Corefile: '.:53 {\n kubernetes cluster.local .\n}\n' }),
    ]);
    const outcomes = resolve('web.base', few, local);
    expect(tell(outcomes)).toEqual(['address 10.96.2.1 1 if glibc', 'no-such-name 1 if musl']);
    expect(probabilitySums(outcomes)).toEqual([1, 1]);
  });
});

describe('address families', () => {
  it('a pod with both takes either, which is a condition', () => {
    const outcomes = resolve('dual', dual);
    expect(tell(outcomes)).toEqual(['address 10.96.1.2 1 if IPv4', 'address fd00:96::2 1 if IPv6']);
    expect(probabilitySums(outcomes)).toEqual([1, 1]);
  });

  it('a pod with one takes that one', () => {
    expect(tell(resolve('dual'))).toEqual(['address 10.96.1.2 1']);
    expect(resolve('dual')[0]?.reasons).toContain('the pod has no IPv6 address');
  });

  it('a Service of the other family alone still resolves', () => {
    expect(tell(resolve('six'))).toEqual(['address fd00:96::3 1']);
    expect(resolve('six')[0]?.reasons).toContain('the pod has no IPv6 address to reach it from');
  });

  it('several addresses of each family', () => {
    const outcomes = resolve('dualdb', dual);
    expect(tell(outcomes)).toEqual([
      'address 10.244.1.55 1 if IPv4',
      'address fd00:244:1:: 0.5 if IPv6',
      'address fd00:244::55 0.5 if IPv6',
    ]);
    expect(probabilitySums(outcomes)).toEqual([1, 1]);
  });
});

describe('the hosts file comes first', () => {
  const aliases = {
    hostAliases: [
      { ip: '192.0.2.1', hostnames: ['web', 'Other.test'] },
      { ip: '192.0.2.2', hostnames: ['other.test'] },
    ],
  };
  it.each([
    ['hostAliases', 'web', podOf(aliases), ['address 192.0.2.1 1']],
    ['two lines', 'other.test', podOf(aliases), ['address 192.0.2.1 0.5', 'address 192.0.2.2 0.5']],
    ['not with a search domain', 'web.shop', podOf(aliases), ['address 10.96.1.1 1']],
    ['its own name', 'client', client, ['address 10.244.1.99 1']],
    ['its own hostname', 'me', podOf({ hostname: 'me' }), ['address 10.244.1.99 1']],
    [
      'its own name with the subdomain',
      'client.sub.shop.svc.cluster.local',
      podOf({ subdomain: 'sub' }),
      ['address 10.244.1.99 1'],
    ],
    ['localhost', 'localhost', client, ['address 127.0.0.1 1 if IPv4', 'address ::1 1 if IPv6']],
    ['of the node, in a hostNetwork pod', 'client', podOf({ hostNetwork: true }), ['outside 1']],
  ])('%s', (_, name, pod, expected) => {
    expect(tell(resolve(name, pod))).toEqual(expected);
  });
});

describe('pods that do not ask the cluster DNS', () => {
  it.each([
    ['hostNetwork', { hostNetwork: true }, 'hostNetwork with dnsPolicy ClusterFirst'],
    ['dnsPolicy Default', { dnsPolicy: 'Default' }, 'dnsPolicy Default'],
    ['dnsPolicy None', { dnsPolicy: 'None', dnsConfig: { nameservers: ['9.9.9.9'] } }, 'dnsPolicy is None'],
  ])('%s', (_, spec, clause) => {
    const [outcome] = resolve('web.shop.svc.cluster.local', podOf(spec));
    expect(outcome?.result).toBe('outside');
    expect(outcome?.reasons.join('; ')).toContain(clause);
  });

  it('a node', () => {
    const node = { name: 'node1', addresses: [] };
    expect(tell(evaluateName(index, { kind: 'node', node }, 'web.shop'))).toEqual(['outside 1']);
    expect(tell(evaluateName(index, { kind: 'node', node }, '10.96.1.1'))).toEqual(['address 10.96.1.1 1']);
    expect(tell(evaluateName(index, { kind: 'node', node }, 'localhost'))).toHaveLength(2);
  });
});

describe('what is not known stays unknown', () => {
  const unknownWith = (corefile: string, name = 'web') =>
    resolve(name, client, indexOf([...labItems(), configMap('coredns', { Corefile: corefile })]));
  it.each([
    [
      'a rewrite that matches',
      '.:53 {\n rewrite name prefix web api\n kubernetes cluster.local\n}\n',
      'plugin rewrite at line 2',
    ],
    [
      'a rewrite by a pattern that is none',
      '.:53 {\n rewrite name regex ( api\n kubernetes cluster.local\n}\n',
      'plugin rewrite',
    ],
    ['a plugin that nobody here knows', '.:53 {\n records\n kubernetes cluster.local\n}\n', 'plugin records'],
    ['an access list', '.:53 {\n acl {\n block\n }\n kubernetes cluster.local\n}\n', 'plugin acl'],
    [
      'hosts without fallthrough',
      '.:53 {\n hosts {\n 10.0.0.1 a.test\n }\n kubernetes cluster.local\n}\n',
      'plugin hosts',
    ],
    [
      'a hosts file',
      '.:53 {\n hosts /etc/extra {\n fallthrough\n }\n kubernetes cluster.local\n}\n',
      'a file that was not captured',
    ],
    ['labels', '.:53 {\n kubernetes cluster.local {\n labels a=b\n }\n}\n', 'option labels'],
    ['an import', '.:53 {\n import /etc/more\n kubernetes cluster.local\n}\n', 'imports /etc/more'],
  ])('%s', (_, corefile, clause) => {
    const [outcome] = unknownWith(corefile);
    expect(outcome?.result).toBe('unknown');
    expect(outcome?.reasons.join('; ')).toContain(clause);
  });

  it.each([
    [
      'a rewrite that does not match',
      '.:53 {\n rewrite name exact other.test api.test\n kubernetes cluster.local\n}\n',
    ],
    ['a template of another zone', '.:53 {\n template IN A corp.local\n kubernetes cluster.local\n}\n'],
    ['custom files that are there', '.:53 {\n import custom/*.override\n kubernetes cluster.local\n}\n'],
  ])('but not for %s', (_, corefile) => {
    expect(tell(unknownWith(corefile))).toEqual(['address 10.96.1.1 1']);
  });

  it('what coredns-custom adds counts', () => {
    const items = [
      ...labItems(),
      configMap('coredns', { Corefile: '.:53 {\n import custom/*.override\n kubernetes cluster.local\n}\n' }),
      configMap('coredns-custom', { 'a.override': 'rewrite name prefix web api', 'b.server': 'x.test {\n}\n' }),
    ];
    expect(tell(resolve('web', client, indexOf(items)))).toEqual(['unknown 1']);
  });

  it('without a Corefile cluster.local is taken, and said so', () => {
    const [outcome] = resolve('web', client, indexOf(labItems()));
    expect([outcome?.result, outcome?.address]).toEqual(['address', '10.96.1.1']);
    expect(outcome?.assumptions.join('; ')).toContain('cluster.local is taken');
    expect(tell(resolve('10-244-7-7.shop.pod', client, indexOf(labItems())))).toEqual(['unknown 1']);
  });

  it('another cluster domain', () => {
    const other = indexOf([
      ...labItems(),
      configMap('coredns', { Corefile: '.:53 {\n kubernetes k8s.corp {\n }\n}\n' }),
    ]);
    expect(tell(resolve('web.shop.svc.k8s.corp', client, other))).toEqual(['address 10.96.1.1 1']);
    expect(tell(resolve('web.shop.svc.cluster.local', client, other))).toEqual(['outside 1']);
  });

  it('Services that nobody captured are not missing', () => {
    const nothing = indexNames(kubernetesObjects(new Map()).objects);
    const [outcome] = resolve('web', client, nothing);
    expect([outcome?.result, outcome?.reasons[0]]).toEqual(['unknown', 'the Services were not captured']);
  });

  it('a Service with a member that could not be read', () => {
    const broken = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { clusterIP: 'x' },
    };
    const [outcome] = resolve(
      'web',
      client,
      indexOf([broken, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }]),
    );
    expect([outcome?.result, outcome?.reasons[0]]).toEqual([
      'unknown',
      'Service shop/web: spec.clusterIP is no IP address',
    ]);
  });
});

it('any text gives branches that add up to 1, and changes nothing', () => {
  const names = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.domain(),
    fc.constantFrom(
      'web',
      'db',
      'dual',
      'shop',
      'ext',
      'loop-a',
      'dualdb',
      'a.b.c.d.e.f',
      'db-0.db.shop.svc.cluster.local.',
    ),
  );
  fc.assert(
    fc.property(names, fc.constantFrom(client, dual), (name, pod) => {
      const outcomes = resolve(name, pod);
      for (const sum of probabilitySums(outcomes)) expect(sum).toBeCloseTo(1, 12);
      expect(resolve(name, pod)).toEqual(outcomes);
    }),
    { numRuns: 500, seed: 7 },
  );
});
