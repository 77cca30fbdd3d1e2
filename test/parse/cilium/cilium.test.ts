import { describe, expect, it } from 'vitest';
import { textArtefact as artefact } from '../artefacts.ts';
import type { CiliumFrontend } from '../../../src/model/cilium.ts';
import { parseLoadBalancerList } from '../../../src/parse/cilium/load-balancer-list.ts';
import { parseCiliumServices } from '../../../src/parse/cilium/service-list.ts';
import { backendJson, BLOCKS, serviceJson, SLOTS, SLOTS_JSON } from './cilium-texts.ts';

/** `udp 10.96.0.10:53 ClusterIP → 10.244.0.104:53` */
function inWords({ protocol, address, port, scope, type, flags, backends }: CiliumFrontend): string {
  const to = backends.map((one) => `${one.address} ${one.port}${one.state === null ? '' : ` ${one.state}`}`);
  return `${protocol ?? 'any'} ${address} ${port} ${scope} ${type} [${flags.join(', ')}] → ${to.join(', ')}`;
}

describe('the maps', () => {
  it.each([
    [
      'a line for each slot',
      SLOTS,
      [
        'udp 10.96.0.10 53 external ClusterIP [non-routable] → 10.244.0.104 53, 10.244.0.191 53',
        'tcp fd00::a 80 internal NodePort [Local, two-scopes, sessionAffinity] → fd00:1::2 8080',
        'tcp 10.15.1.8 443 external LoadBalancer [] → ',
        'tcp 10.200.5.1 80 external ClusterIP [non-routable, l7-load-balancer] → ',
      ],
    ],
    [
      'a block for each frontend',
      BLOCKS,
      [
        'any 10.43.144.23 9080 external ClusterIP [non-routable] → 10.42.0.231 9080, 10.42.0.252 9080',
        'any 10.43.234.55 443 external ClusterIP [check source-range] → 10.5.0.171 4244',
      ],
    ],
    ['JSON', SLOTS_JSON, ['udp 10.96.0.10 53 external ClusterIP [non-routable] → 10.244.0.104 53, 10.244.0.191 53']],
  ])('are read as %s', (_form, text, expected) => {
    const { value, gaps } = parseLoadBalancerList(artefact(text));
    expect(gaps).toEqual([]);
    expect(value.all.map(inWords)).toEqual(expected);
    expect(value.incomplete).toBeUndefined();
  });

  it.each([
    ['an entry of another form', '10.96.0.10:53/UDP (1)    backend 17 not found\n', { line: 1 }],
    ['a frontend of another form', 'here (1)    10.244.0.104:53/UDP (3) (1)\n', { line: 1 }],
    ['a member of another form', '{"10.96.0.10:53/UDP (1)": 17}', { pointer: '/10.96.0.10:53~1UDP (1)' }],
  ])('%s is a gap, and others may be missing', (_what, text, at) => {
    const { value, gaps } = parseLoadBalancerList(artefact(text));
    expect(gaps).toMatchObject([{ kind: 'not-understood', ...at }]);
    expect(value.incomplete?.reason).toContain('not understood');
  });
});

describe('the list of the agent', () => {
  const list = [
    serviceJson({ ip: '10.96.0.10', port: 53, protocol: 'UDP' }, [
      backendJson('10.0.0.220', 53),
      backendJson('10.0.1.184', 53, 'terminating'),
    ]),
    serviceJson({ ip: 'fd00::a', port: 80, scope: 'internal' }, [], { type: 'NodePort' }),
  ];

  it('has states of backends', () => {
    const { value, gaps } = parseCiliumServices(artefact(JSON.stringify(list)));
    expect(gaps).toEqual([]);
    expect(value.all.map(inWords)).toEqual([
      'udp 10.96.0.10 53 external ClusterIP [] → 10.0.0.220 53 active, 10.0.1.184 53 terminating',
      'tcp fd00::a 80 internal NodePort [] → ',
    ]);
    expect(value.all[0]?.evidence).toMatchObject({ pointer: '/0/status/realized/frontend-address' });
  });

  it.each([
    ['another state', [serviceJson({ ip: '10.96.0.10', port: 53 }, [backendJson('10.0.0.220', 53, 'resting')])]],
    ['no address', [serviceJson({ port: 53 }, [])]],
    ['another protocol', [serviceJson({ ip: '10.96.0.10', port: 53, protocol: 'QUIC' }, [])]],
    ['nothing that was done', [{ spec: {} }]],
  ])('a Service with %s is a gap, and others may be missing', (_what, services) => {
    const { value, gaps } = parseCiliumServices(artefact(JSON.stringify([...list, ...services])));
    expect(gaps).toMatchObject([{ kind: 'not-understood', pointer: '/2' }]);
    expect([value.all.length, value.incomplete?.reason]).toEqual([2, expect.stringContaining('not understood')]);
  });

  it.each(['', 'null', '{"message": "no"}', '[{"spec":'])('of %s is nothing, with a gap', (text) => {
    const { value, gaps } = parseCiliumServices(artefact(text));
    expect([value.all, gaps.length > 0]).toEqual([[], true]);
  });
});

it('inside, the inner scope comes first; a frontend of releases without protocols takes all', () => {
  const { value } = parseLoadBalancerList(artefact(`${SLOTS}[fd00::a]:80/TCP (1)  [fd00:1::3]:8080/TCP (4) (1)\n`));
  expect(value.at('tcp', 'fd00::a', 80, 'internal')?.backends[0]?.address).toBe('fd00:1::2');
  expect(value.at('tcp', 'fd00::a', 80, 'external')?.backends[0]?.address).toBe('fd00:1::3');
  expect(value.at('udp', '10.96.0.10', 53, 'internal')?.backends).toHaveLength(2);
  expect(value.at('tcp', '10.96.0.10', 53, 'internal')).toBeUndefined();
  expect(parseLoadBalancerList(artefact(BLOCKS)).value.at('udp', '10.43.144.23', 9080, 'external')).toBeDefined();
});
