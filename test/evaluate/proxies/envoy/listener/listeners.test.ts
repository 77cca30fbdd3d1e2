import { describe, expect, it } from 'vitest';
import type { EnvoyConnection, EnvoyFacts } from '../../../../../src/model/envoy.ts';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import {
  chain,
  cluster,
  httpManager,
  listener,
  listenerFilter,
  smallProxy,
  tcpProxy,
  type SmallProxy,
} from '../small-proxy.ts';
import { direct, expectComplete, http, proxyOf, redirected, stepsOf, summary } from '../snapshot.ts';

const CLUSTERS = [
  cluster('c'),
  cluster('d', 2),
  { name: 'passthrough', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' },
];
const GET = http('GET', 'h', '/');

function ask(
  facts: EnvoyFacts,
  connection: EnvoyConnection,
): { ends: string[]; listeners: string[]; chains: string[] } {
  const outcomes = evaluateEnvoy(facts, connection);
  expectComplete(outcomes);
  const first = outcomes[0]!;
  return { ends: outcomes.map(summary), listeners: stepsOf(first, 'listener'), chains: stepsOf(first, 'filter-chain') };
}

describe('the socket that takes a connection', () => {
  const facts = smallProxy({
    clusters: CLUSTERS,
    listeners: [
      listener('0.0.0.0', 80),
      listener('10.1.1.1', 80, {
        additional_addresses: [{ address: { socket_address: { address: '10.1.1.2', port_value: 81 } } }],
      }),
      listener('::', 90, { address: { socket_address: { address: '::', port_value: 90, ipv4_compat: true } } }),
      listener('::', 91),
      listener('0.0.0.0', 92, { bind_to_port: false }),
      listener('0.0.0.0', 93, { address: { socket_address: { address: '0.0.0.0', port_value: 93, protocol: 'UDP' } } }),
    ],
  });

  it.each([
    ['the very address', '10.1.1.1', 80, '10.1.1.1_80'],
    ['the wildcard', '10.1.1.9', 80, '0.0.0.0_80'],
    ['an additional address', '10.1.1.2', 81, '10.1.1.1_80'],
    ['IPv4 on a socket of both families', '10.1.1.9', 90, '::_90'],
    ['IPv6 on it', 'fd00::1', 90, '::_90'],
    ['IPv6 alone', 'fd00::1', 91, '::_91'],
  ])('%s', (_, address, port, expected) => {
    expect(ask(facts, direct('10.9.9.9', address, port, GET)).listeners).toEqual([expected]);
  });

  it.each([
    ['IPv4 on a socket of IPv6', 91],
    ['a listener that does not bind', 92],
    ['a listener for UDP', 93],
    ['no listener', 94],
  ])('is none for %s', (_, port) => {
    expect(ask(facts, direct('10.9.9.9', '10.1.1.9', port, GET)).ends).toEqual(['1 close - -']);
  });

  it('is not known to be none when the dump is not complete', () => {
    const partial = proxyOf([{ '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster', name: 'c' }]);
    expect(ask(partial, direct('10.9.9.9', '10.1.1.9', 94, GET)).ends).toEqual([
      '1 undetermined: no listener takes 10.1.1.9 port 94 in this part of a config_dump',
    ]);
  });

  it('is not one that is warming or was refused', () => {
    const dynamic = (name: string, more: object): object => ({ name, ...more });
    const refused = proxyOf([
      { '@type': 'type.googleapis.com/envoy.admin.v3.BootstrapConfigDump', bootstrap: { node: {} } },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
        dynamic_listeners: [
          dynamic('warm', { warming_state: { listener: listener('0.0.0.0', 80) } }),
          dynamic('bad', { error_state: { failed_configuration: listener('0.0.0.0', 80), details: 'no such filter' } }),
        ],
      },
    ]);
    const [outcome] = evaluateEnvoy(refused, direct('10.9.9.9', '10.1.1.9', 80, GET));
    expect(summary(outcome!)).toBe('1 close - -');
    expect(outcome!.steps.flatMap(({ reasons }) => reasons)).toEqual(
      expect.arrayContaining(['it is warming', 'it is rejected', 'its last update was rejected: no such filter']),
    );
  });

  it('does not evaluate UDP', () => {
    const connection = direct('10.9.9.9', '10.1.1.9', 93, null);
    expect(ask(facts, { ...connection, request: { ...connection.request, protocol: 'udp' } }).ends).toEqual([
      '1 undetermined: UDP is not evaluated in a proxy; a listener for UDP stands there',
    ]);
  });

  it('says nothing without a config_dump', () => {
    const nothing: EnvoyFacts = { config: null, clusters: null, listeners: null, serverInfo: null };
    expect(ask(nothing, direct('10.9.9.9', '10.1.1.9', 80, GET)).ends).toEqual([
      "1 undetermined: the proxy's config_dump was not read",
    ]);
  });
});

describe('hand-over by original destination', () => {
  const facts = smallProxy({
    clusters: CLUSTERS,
    listeners: [
      listener('0.0.0.0', 15001, { use_original_dst: true, filter_chains: [chain([tcpProxy('passthrough')])] }),
      listener('0.0.0.0', 9080, { bind_to_port: false }),
      listener('10.96.0.1', 9080, { bind_to_port: false, filter_chains: [chain([tcpProxy('d')])] }),
      listener('0.0.0.0', 15090),
    ],
  });

  it.each([
    [
      'the very address',
      '10.96.0.1',
      9080,
      ['0.0.0.0_15001', '10.96.0.1_9080'],
      ['0.5 d 10.0.0.1:80', '0.5 d 10.0.0.2:80'],
    ],
    ['the wildcard of its port', '10.96.0.2', 9080, ['0.0.0.0_15001', '0.0.0.0_9080'], ['1 c 10.0.0.1:80']],
    ['a listener that binds as well', '10.96.0.2', 15090, ['0.0.0.0_15001', '0.0.0.0_15090'], ['1 c 10.0.0.1:80']],
    ['nobody: it stays', '10.96.0.2', 4711, ['0.0.0.0_15001'], ['1 passthrough 10.96.0.2:4711']],
    ['nobody of its family', 'fd00::2', 9080, ['0.0.0.0_15001'], ['1 passthrough fd00::2:9080']],
  ])('goes to %s', (_, to, port, listeners, ends) => {
    const answer = ask(facts, { ...redirected(15001, '10.1.1.1', to, port, GET), localAddress: '127.0.0.1' });
    expect(answer.listeners).toEqual(listeners);
    expect(answer.ends).toEqual(ends);
  });

  it('does not know an original destination that was not redirected', () => {
    expect(ask(facts, direct('10.1.1.1', '10.1.1.1', 15001, GET)).ends[0]).toMatch(
      /^1 undetermined: the connection was not redirected/,
    );
  });
});

describe('listener filters', () => {
  const chains = [
    chain([tcpProxy('c')], { name: 'tls', filter_chain_match: { transport_protocol: 'tls' } }),
    chain([tcpProxy('c')], { name: 'http', filter_chain_match: { application_protocols: ['http/1.1'] } }),
    chain([tcpProxy('c')], { name: 'rest' }),
  ];
  const inspected = (...filters: readonly object[]): EnvoyFacts =>
    smallProxy({
      clusters: CLUSTERS,
      listeners: [listener('0.0.0.0', 80, { filter_chains: chains, listener_filters: filters })],
    });
  const TLS = listenerFilter('tls_inspector.v3.TlsInspector');
  const HTTP = listenerFilter('http_inspector.v3.HttpInspector');
  const hello = { sni: 'A.example', alpn: ['h2'], clientIdentity: null };

  it.each([
    ['plaintext HTTP, inspected', [TLS, HTTP], GET, null, 'http'],
    ['plaintext HTTP, not inspected', [], GET, null, 'rest'],
    ['TLS, inspected', [TLS, HTTP], GET, hello, 'tls'],
    ['TLS, not inspected', [HTTP], GET, hello, 'rest'],
    [
      'HTTP, inspection disabled for the port',
      [{ ...HTTP, filter_disabled: { destination_port_range: { start: 80, end: 81 } } }],
      GET,
      null,
      'rest',
    ],
    [
      'HTTP, inspection disabled for another port',
      [{ ...HTTP, filter_disabled: { not_match: { destination_port_range: { start: 80, end: 81 } } } }],
      GET,
      null,
      'http',
    ],
  ])('%s', (_, filters, request, tls, expected) => {
    const connection = direct('10.1.1.1', '10.1.1.2', 80, request);
    expect(ask(inspected(...filters), { ...connection, request: { ...connection.request, tls } }).chains).toEqual([
      expected,
    ]);
  });

  it('leaves open what depends on bytes that are not known', () => {
    expect(ask(inspected(TLS, HTTP), direct('10.1.1.1', '10.1.1.2', 80, null)).ends[0]).toMatch(
      /^1 undetermined: the filter chain depends on what the client sends first/,
    );
    expect(ask(inspected(), direct('10.1.1.1', '10.1.1.2', 80, null)).chains).toEqual(['rest']);
  });

  it('leaves open what a PROXY protocol header says where no filter takes it', () => {
    const at = (address: string): { address: string; port: number } => ({ address, port: 443 });
    const proxyHeader = { source: at('203.0.113.7'), destination: at('198.51.100.1') };
    const reason = 'the client sends a PROXY protocol header, which no listener filter has taken';
    for (const type of ['tls_inspector.v3.TlsInspector', 'original_src.v3.OriginalSrc']) {
      const connection = { ...direct('10.1.1.1', '10.1.1.2', 80, GET), proxyHeader };
      expect(ask(inspected(listenerFilter(type)), connection).ends).toEqual([`1 undetermined: ${reason}`]);
    }
  });

  it('closes a connection without the PROXY protocol header that it awaits', () => {
    const connection = { ...direct('10.1.1.1', '10.1.1.2', 80, GET), proxyHeader: null };
    const facts = inspected(listenerFilter('proxy_protocol.v3.ProxyProtocol'));
    expect(ask(facts, connection).ends).toEqual(['1 close - -']);
  });

  it.each([
    ['proxy_protocol.v3.ProxyProtocol', 'whether the client sends a PROXY protocol header is not known'],
    ['mystery.v3.Mystery', 'listener filter mystery.v3.Mystery is not understood'],
  ])('leaves open what %s does', (type, reason) => {
    expect(ask(inspected(listenerFilter(type)), direct('10.1.1.1', '10.1.1.2', 80, GET)).ends).toEqual([
      `1 undetermined: ${reason}`,
    ]);
  });
});

describe('TLS that a filter chain ends', () => {
  const socket = (more: object): object => ({
    transport_socket: {
      name: 'tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
        ...more,
      },
    },
  });
  const facts = (more: object, secrets: Pick<SmallProxy, 'secrets'> = {}): EnvoyFacts =>
    smallProxy({
      clusters: CLUSTERS,
      listeners: [listener('0.0.0.0', 80, { filter_chains: [chain([httpManager([])], socket(more))] })],
      ...secrets,
    });
  const connect = (identity: string | null | undefined, tls = true): EnvoyConnection => {
    const connection = direct('10.1.1.1', '10.1.1.2', 80, GET);
    return {
      ...connection,
      request: { ...connection.request, tls: tls ? { sni: null, alpn: [], clientIdentity: identity } : null },
    };
  };

  it.each([
    ['plaintext', {}, connect(null, false), '1 close - -'],
    ['TLS', {}, connect(null), '1 404 NR route_not_found'],
    ['a certificate that is required and missing', { require_client_certificate: true }, connect(null), '1 close - -'],
    [
      'a certificate that is required',
      { require_client_certificate: true },
      connect('spiffe://a/b'),
      '1 404 NR route_not_found',
    ],
  ])('%s', (_, more, connection, expected) => {
    expect(ask(facts(more), connection).ends).toEqual([expected]);
  });

  const sds = (...names: readonly string[]): object => ({
    common_tls_context: {
      tls_certificate_sds_secret_configs: names.map((name) => ({ name, sds_config: { ads: {} } })),
    },
  });
  it.each([
    ['delivered', sds('shop'), { active: ['shop'], warming: [] }, '1 404 NR route_not_found'],
    ['waited for', sds('shop'), { active: [], warming: ['shop'] }, '1 close - -'],
    ['not there', sds('shop'), { active: ['other'], warming: [] }, '1 close - -'],
    ['one of two', sds('rsa', 'ecdsa'), { active: ['rsa'], warming: ['ecdsa'] }, '1 404 NR route_not_found'],
    [
      'there, and not what clients are verified against',
      {
        common_tls_context: {
          tls_certificate_sds_secret_configs: [{ name: 'shop' }],
          combined_validation_context: { validation_context_sds_secret_config: { name: 'shop-cacert' } },
        },
      },
      { active: ['shop'], warming: ['shop-cacert'] },
      '1 close - -',
    ],
  ])('a secret that is %s', (_, more, secrets, expected) => {
    expect(ask(facts(more, { secrets }), connect('spiffe://a/b')).ends).toEqual([expected]);
  });

  it('leaves it open where the dump has no section of secrets', () => {
    const ends = ['1 undetermined: the secret shop is not in this part of a config_dump'];
    expect(ask(facts(sds('shop')), connect(null)).ends).toEqual(ends);
  });

  it.each<[string, object, string]>([
    ['a plaintext HTTP filter', {}, '1 close DPE http1.codec_error'],
    ['one that speaks HTTP/2 alone', { codec_type: 'HTTP2' }, '1 close DPE -'],
  ])('closes when TLS reaches %s', (_, more, expected) => {
    const filters = [chain([httpManager([], more)])];
    const plain = smallProxy({ listeners: [listener('0.0.0.0', 80, { filter_chains: filters })] });
    expect(ask(plain, connect(null)).ends).toEqual([expected]);
  });
});
