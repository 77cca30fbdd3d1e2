import { describe, expect, it } from 'vitest';
import { EnvoyRequestAnswers, type EnvoyRequestAnswer } from '../../../src/explain/envoy-request/envoy-request.ts';
import type { EnvoyFacts } from '../../../src/model/envoy.ts';
import {
  chain,
  cluster,
  httpListener,
  httpManager,
  listener,
  listenerFilter,
  smallProxy,
} from '../../evaluate/proxies/envoy/small-proxy.ts';

const ANY = { match: { prefix: '/' } };
const manager = (name: string): object => httpManager([{ ...ANY, name, route: { cluster: 'c' } }]);

/** A gateway's listener, one on every address, one for TLS names, and a pair that hands over by original destination. */
const PROXY = smallProxy({
  listeners: [
    listener('10.0.0.9', 80, { name: 'gateway', filter_chains: [chain([manager('gateway')], { name: 'only' })] }),
    listener('0.0.0.0', 8080, { name: 'every', filter_chains: [chain([manager('every')])] }),
    listener('0.0.0.0', 8443, {
      name: 'secure',
      listener_filters: [listenerFilter('tls_inspector.v3.TlsInspector')],
      filter_chains: [
        chain([manager('named')], { name: 'by-name', filter_chain_match: { server_names: ['shop.example'] } }),
      ],
    }),
    listener('0.0.0.0', 15001, {
      name: 'outbound',
      use_original_dst: true,
      filter_chains: [chain([manager('outbound')])],
    }),
    listener('10.96.0.1', 9080, {
      name: 'service',
      bind_to_port: false,
      filter_chains: [chain([manager('service')], { name: 'handed' })],
    }),
  ],
  clusters: [cluster('c', 2)],
});

function ask(request: object, facts: EnvoyFacts = PROXY): EnvoyRequestAnswer {
  const answer = new EnvoyRequestAnswers(facts).answer(request);
  if ('error' in answer) throw new Error(answer.error);
  return answer;
}

describe('where a request arrives', () => {
  it.each<[string, object, string, string]>([
    ['a listener at its own address', { listener: 'gateway' }, 'gateway', 'gateway'],
    ['an address that a listener has', { address: '10.0.0.9:80' }, 'gateway', 'gateway'],
    ['a listener on every address', { listener: 'every' }, 'every', 'every'],
    ['any address of a listener on every one', { address: '192.0.2.1:8080' }, 'every', 'every'],
    ['a listener without a socket', { listener: 'service' }, 'service', 'service'],
    ['an address that is handed over', { address: '10.96.0.1:9080' }, 'service', 'service'],
    ['an address that nobody owns, redirected', { address: '192.0.2.1:443' }, 'outbound', 'outbound'],
    [
      'a destination redirected to a listener',
      { listener: 'outbound', address: '10.96.0.1:9080' },
      'service',
      'service',
    ],
    ['one that a listener was redirected to', { listener: 'every', address: '192.0.2.1:80' }, 'every', 'every'],
  ])('%s', (_, request, name, route) => {
    const answer = ask({ ...request, host: 'h' });
    expect([answer.listener, answer.outcomes.map((outcome) => outcome.route)]).toEqual([name, [route]]);
  });

  it.each<[string, object, string]>([
    ['no such listener', { listener: 'gatewai' }, 'the proxy has no listener "gatewai"; like it: gateway'],
    ['nowhere', { host: 'h' }, 'listener or address is missing'],
    [
      'an address of another listener',
      { listener: 'service', address: '10.96.0.2:9080' },
      'a connection to 10.96.0.2:9080 is not handed over to listener service',
    ],
    [
      'another family',
      { address: '10.0.0.9:80', source: '2001:db8::1' },
      'source and address are of different families',
    ],
  ])('cannot be asked: %s', (_, request, error) => {
    expect(new EnvoyRequestAnswers(PROXY).answer(request)).toEqual({ request, error });
  });

  it('is refused where nothing listens', () => {
    const facts = smallProxy({ listeners: [httpListener([ANY])], clusters: [] });
    expect(ask({ address: '10.0.0.9:81' }, facts)).toMatchObject({
      listener: null,
      filterChain: null,
      outcomes: [{ probability: 1, status: null, flag: null, endpoints: [] }],
    });
  });
});

describe('what becomes of a request', () => {
  it('that hosts share', () => {
    expect(ask({ listener: 'gateway', host: 'h', source: '10.1.1.1' })).toEqual({
      request: { listener: 'gateway', host: 'h', source: '10.1.1.1' },
      listener: 'gateway',
      filterChain: 'only',
      outcomes: [
        {
          probability: 1,
          condition: null,
          virtualHost: 'v',
          route: 'gateway',
          cluster: 'c',
          endpoints: [
            { address: '10.0.0.1:80', probability: 0.5 },
            { address: '10.0.0.2:80', probability: 0.5 },
          ],
          status: null,
          flag: null,
          detail: null,
          undetermined: null,
        },
      ],
    });
  });

  it('that weights share: hosts are told given the cluster', () => {
    const clusters = {
      clusters: [
        { name: 'c', weight: 3 },
        { name: 'gone', weight: 1 },
      ],
    };
    const facts = smallProxy({
      listeners: [httpListener([{ ...ANY, name: 'r', route: { weighted_clusters: clusters } }])],
      clusters: [cluster('c', 2)],
    });
    const { outcomes } = ask({ address: '10.0.0.9:80' }, facts);
    expect(
      outcomes.map(({ probability, cluster: name, status, flag, endpoints }) => [
        probability,
        name,
        status,
        flag,
        endpoints.map((one) => one.probability),
      ]),
    ).toEqual([
      [0.75, 'c', null, null, [0.5, 0.5]],
      [0.25, 'gone', 503, 'NC', []],
    ]);
  });

  it('that a hash sends to a host: each under its condition', () => {
    const facts = smallProxy({
      listeners: [httpListener([{ ...ANY, route: { cluster: 'c' } }])],
      clusters: [cluster('c', 2, { lb_policy: 'RING_HASH' })],
    });
    const { outcomes } = ask({ address: '10.0.0.9:80' }, facts);
    expect(outcomes.map(({ probability, condition, endpoints }) => [probability, condition, endpoints])).toEqual([
      [1, 'RING_HASH picks 10.0.0.1:80 in cluster c', [{ address: '10.0.0.1:80', probability: 1 }]],
      [1, 'RING_HASH picks 10.0.0.2:80 in cluster c', [{ address: '10.0.0.2:80', probability: 1 }]],
    ]);
  });

  it('that no filter chain takes: no status, the flag NR', () => {
    const answer = ask({ listener: 'secure', sni: 'other.example' });
    expect([answer.listener, answer.filterChain]).toEqual(['secure', null]);
    expect(answer.outcomes).toMatchObject([
      { status: null, flag: 'NR', detail: 'filter_chain_not_found', route: null },
    ]);
  });

  it('that a chain takes by its server name', () => {
    expect(ask({ listener: 'secure', sni: 'Shop.Example' }).filterChain).toBe('by-name');
  });

  it('that is not understood', () => {
    const facts = smallProxy({ listeners: [httpListener([{ ...ANY, route: { cluster: 'c', novel: 1 } }])] });
    const [outcome] = ask({ address: '10.0.0.9:80' }, facts).outcomes;
    expect(outcome).toMatchObject({ status: null, flag: null, undetermined: 'the field novel is not understood' });
  });

  const TAKEN = { status: 200, flag: null, detail: 'direct_response' };
  const REFUSED = { status: null, flag: 'DPE', detail: 'http1.codec_error' };

  it.each<[string, readonly string[], readonly string[], string, object]>([
    ['HTTP/1.1 where TLS does not name HTTP/2', ['http/1.1'], ['h2', 'http/1.1'], 'HTTP1', TAKEN],
    ['HTTP/1.1 where TLS names nothing', [], ['h2', 'http/1.1'], 'HTTP1', TAKEN],
    ['HTTP/2 where TLS prefers it', ['h2', 'http/1.1'], ['http/1.1', 'h2'], 'HTTP1', REFUSED],
    ['HTTP/2 where the client offers nothing else', [], ['h2'], 'HTTP1', REFUSED],
    ['HTTP/2 where TLS prefers it, of which the codec hears', ['h2', 'http/1.1'], ['http/1.1', 'h2'], 'AUTO', TAKEN],
    ['HTTP/2 where TLS settles on something else', ['istio'], ['istio', 'h2'], 'AUTO', REFUSED],
  ])('a client that offers both speaks %s', (_, server, client, codec_type, expected) => {
    const tls = {
      name: 'tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
        common_tls_context: { alpn_protocols: server },
      },
    };
    const route = { ...ANY, direct_response: { status: 200 } };
    const chains = [chain([httpManager([route], { codec_type })], { transport_socket: tls })];
    const facts = smallProxy({ listeners: [listener('0.0.0.0', 443, { name: 'l', filter_chains: chains })] });
    const [outcome] = ask({ listener: 'l', alpn: client }, facts).outcomes;
    expect(outcome).toMatchObject({ ...expected, undetermined: null });
  });
});
