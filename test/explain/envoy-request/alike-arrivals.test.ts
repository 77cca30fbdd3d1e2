/** Redirected connections that get to one filter chain are taken there once, and each is answered as if it were the only one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EnvoyRequestAnswers } from '../../../src/explain/envoy-request/envoy-request.ts';
import type { EnvoyFacts } from '../../../src/model/envoy.ts';
import {
  chain,
  cluster,
  httpManager,
  listener,
  listenerFilter,
  smallProxy,
} from '../../evaluate/proxies/envoy/small-proxy.ts';

const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';
const ANY = { any: true };
const DENIED = '10.1.0.2';

/** Refuses what was sent to one address, and to one port. */
const RBAC = {
  name: 'rbac',
  typed_config: {
    '@type': `${HTTP}.rbac.v3.RBAC`,
    rules: {
      action: 'DENY',
      policies: {
        address: { permissions: [{ destination_ip: { address_prefix: DENIED, prefix_len: 32 } }], principals: [ANY] },
        port: { permissions: [{ destination_port: 82 }], principals: [ANY] },
      },
    },
  },
};
const FILTERS = [
  listenerFilter('original_dst.v3.OriginalDst'),
  listenerFilter('tls_inspector.v3.TlsInspector'),
  listenerFilter('http_inspector.v3.HttpInspector'),
  listenerFilter('http_inspector.v3.HttpInspector', {
    filter_disabled: { destination_port_range: { start: 81, end: 82 } },
  }),
  listenerFilter('tls_inspector.v3.TlsInspector', { filter_disabled: { any_match: true } }),
];
const range = (prefix: string): object => ({ address_prefix: prefix, prefix_len: 32 });
const MATCHES: readonly object[] = [
  {},
  { application_protocols: ['http/1.1', 'h2c'] },
  { transport_protocol: 'raw_buffer' },
  { source_prefix_ranges: [range('10.1.1.7')] },
  { source_ports: [4000] },
  { source_type: 'SAME_IP_OR_LOOPBACK' },
  { source_type: 'EXTERNAL' },
  { destination_port: 80 },
  { prefix_ranges: [range('10.1.0.1')] },
  { unheard_of: true },
];

const filters = fc.oneof(fc.constant([]), fc.subarray(FILTERS));
const chains = fc.oneof(
  { weight: 1, arbitrary: fc.constant<object[]>([{}]) },
  { weight: 2, arbitrary: fc.subarray([...MATCHES], { maxLength: 3 }) },
);
const taker = fc.record({ filters, chains, last: fc.boolean(), original: fc.boolean() });
type Taker = typeof taker extends fc.Arbitrary<infer One> ? One : never;

/** @param name of the clusters that its chains lead to */
function taking(name: string, { filters: list, chains: matches, last, original }: Taker): object {
  const to = (place: string): object => {
    const manager = httpManager([{ match: { prefix: '/' }, route: { cluster: `${name}-${place}` } }], {}, [RBAC]);
    return chain([manager], { name: place });
  };
  return {
    listener_filters: list,
    use_original_dst: original,
    filter_chains: matches.map((match, index) => ({ ...to(`${index}`), filter_chain_match: match })),
    ...(last ? { default_filter_chain: to('last') } : {}),
  };
}

function proxyOf(handing: Taker, any: Taker, own: Taker, wide: boolean): EnvoyFacts {
  const hidden = { bind_to_port: false };
  return smallProxy({
    listeners: [
      listener('0.0.0.0', 15_001, { ...taking('handing', handing), use_original_dst: true }),
      ...(wide
        ? [80, 81, 82].map((port) => listener('0.0.0.0', port, { ...taking(`any${port}`, any), ...hidden }))
        : []),
      listener('10.1.0.1', 80, { ...taking('own', own), ...hidden }),
    ],
    clusters: ['handing', 'any80', 'any81', 'any82', 'own'].flatMap((name) =>
      ['0', '1', '2', 'last'].map((place) => cluster(`${name}-${place}`)),
    ),
  });
}

const QUESTIONS = ['10.1.0.1', DENIED, '10.1.1.7', '127.0.0.1'].flatMap((address) =>
  [80, 81, 82].flatMap((port) =>
    ['10.1.1.7', '10.1.1.8', '10.1.1.8:4000', undefined].flatMap((source) =>
      // What a listener's inspector makes of a first line.
      [{}, { method: 'ODD' }, { path: '/ü' }].map((line) => ({
        address: `${address}:${port}`,
        host: 'h',
        ...(source === undefined ? {} : { source }),
        ...line,
      })),
    ),
  ),
);

describe('connections that were redirected', () => {
  it('are answered as if each were the only one', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(taker, taker, taker, fc.boolean(), fc.nat(QUESTIONS.length), (handing, any, own, wide, turn) => {
        const facts = proxyOf(handing, any, own, wide);
        const remembering = new EnvoyRequestAnswers(facts);
        for (const question of [...QUESTIONS.slice(turn), ...QUESTIONS.slice(0, turn)]) {
          const alone = new EnvoyRequestAnswers(facts).answer(question);
          expect(remembering.answer(question)).toEqual(alone);
          if (!('outcomes' in alone)) continue;
          for (const one of alone.outcomes) kinds.add(`${one.cluster} ${one.status} ${one.undetermined === null}`);
        }
      }),
      { numRuns: 300, seed: 7 },
    );
    expect(kinds.size).toBeGreaterThan(15);
  });
});
