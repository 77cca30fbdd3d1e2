import { describe, expect, it } from 'vitest';
import { candidates, podResolver } from '../../../src/evaluate/dns/resolver.ts';
import { podOf } from './cluster.ts';

const SEARCH = ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'];

/**
 * The questions that glibc 2.36 and musl 1.2.3 really asked with `search` as above and `options ndots:5`, all of them without
 * answer: read from the log of their DNS server, 2026-11-21.
 */
describe('the names asked for', () => {
  it.each([
    [
      'nosuch',
      'glibc',
      ['nosuch.shop.svc.cluster.local', 'nosuch.svc.cluster.local', 'nosuch.cluster.local', 'nosuch'],
    ],
    ['nosuch', 'musl', ['nosuch.shop.svc.cluster.local', 'nosuch.svc.cluster.local', 'nosuch.cluster.local', 'nosuch']],
    ['web.', 'glibc', ['web']],
    ['web.', 'musl', ['web']],
    [
      'a.b.c.d.e.f',
      'glibc',
      [
        'a.b.c.d.e.f',
        'a.b.c.d.e.f.shop.svc.cluster.local',
        'a.b.c.d.e.f.svc.cluster.local',
        'a.b.c.d.e.f.cluster.local',
      ],
    ],
    ['a.b.c.d.e.f', 'musl', ['a.b.c.d.e.f']],
    ['a.b.c.d.e.f.', 'glibc', ['a.b.c.d.e.f']],
    [
      'web.base.svc.cluster.local',
      'glibc',
      [
        'web.base.svc.cluster.local.shop.svc.cluster.local',
        'web.base.svc.cluster.local.svc.cluster.local',
        'web.base.svc.cluster.local.cluster.local',
        'web.base.svc.cluster.local',
      ],
    ],
  ] as const)('for %s by %s', (name, library, expected) => {
    expect(candidates(name, { search: SEARCH, ndots: 5 }, library).map((one) => one.name)).toEqual(expected);
  });
});

describe('what the kubelet writes into resolv.conf', () => {
  const setup = (spec: object) => podResolver(podOf(spec), 'cluster.local', (address) => address === '10.96.0.10');
  it.each([
    ['the default', {}, { server: 'cluster', search: SEARCH, ndots: 5 }],
    ['hostNetwork', { hostNetwork: true }, { server: 'outside', search: [], ndots: 1 }],
    [
      'hostNetwork and ClusterFirstWithHostNet',
      { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
      { server: 'cluster', search: SEARCH, ndots: 5 },
    ],
    ['dnsPolicy Default', { dnsPolicy: 'Default' }, { server: 'outside', search: [], ndots: 1 }],
    [
      'dnsPolicy None with servers of its own',
      {
        dnsPolicy: 'None',
        dnsConfig: { nameservers: ['9.9.9.9'], searches: ['a.test.'], options: [{ name: 'ndots', value: '2' }] },
      },
      { server: 'outside', search: ['a.test'], ndots: 2 },
    ],
    [
      'dnsPolicy None with the cluster DNS',
      { dnsPolicy: 'None', dnsConfig: { nameservers: ['10.96.0.10'] } },
      { server: 'cluster', search: [], ndots: 1 },
    ],
    [
      'more search domains, one of them again',
      { dnsConfig: { searches: ['corp.test', 'svc.cluster.local'], options: [{ name: 'ndots', value: '99' }] } },
      { server: 'cluster', search: [...SEARCH, 'corp.test'], ndots: 15 },
    ],
    [
      'options that say nothing',
      { dnsConfig: { options: [{ name: 'ndots', value: 'many' }, { name: 'edns0' }] } },
      { ndots: 5 },
    ],
    [
      'too many search domains',
      { dnsConfig: { searches: Array.from({ length: 40 }, (_, at) => `d${at}.test`) } },
      { search: [...SEARCH, ...Array.from({ length: 29 }, (_, at) => `d${at}.test`)] },
    ],
  ])('%s', (_, spec, expected) => {
    expect(setup(spec)).toMatchObject(expected);
  });
});
