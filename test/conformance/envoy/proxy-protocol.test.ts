/** The PROXY protocol, held against the real Envoy: which addresses count where, and what becomes of connections without its header. */
import { describe, expect, it } from 'vitest';
import type { EnvoyOutcome, ProxyHeader } from '../../../src/model/envoy.ts';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { plainListener, plainProbe } from './plain-listener.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);

const TYPE = 'type.googleapis.com/envoy.extensions.filters';
const CLIENT = '203.0.113.7';
const header = (source: string, destination: string, port = 443): ProxyHeader => ({
  source: { address: source, port: 4321 },
  destination: { address: destination, port },
});
const listenerFilter = (name: string, type: string, more: object = {}): object => ({
  name,
  typed_config: { '@type': `${TYPE}.listener.${type}`, ...more },
});
const proxyProtocol = (more: object = {}): object =>
  listenerFilter('proxy_protocol', 'proxy_protocol.v3.ProxyProtocol', more);
const OPTIONAL = proxyProtocol({ allow_requests_without_proxy_protocol: true });
const refusing = (version: string, more: object = {}): object =>
  proxyProtocol({ disallowed_versions: [version], ...more });
const TLS_INSPECTOR = listenerFilter('tls', 'tls_inspector.v3.TlsInspector');
const HTTP_INSPECTOR = listenerFilter('http', 'http_inspector.v3.HttpInspector');
const denying = (principal: object): object => ({
  name: 'rbac',
  typed_config: {
    '@type': `${TYPE}.http.rbac.v3.RBAC`,
    rules: { action: 'DENY', policies: { p: { permissions: [{ any: true }], principals: [principal] } } },
  },
});
const range = (address: string): object => ({ address_prefix: address, prefix_len: 32 });
const only = (match: object): object => ({ filter_chain_match: match });

/** What is said of a header that no filter takes, which is an error to whatever reads on. */
const LEFT_OVER = 'undetermined: the client sends a PROXY protocol header, which no listener filter has taken';
const UNREADABLE = 'reply 400 DPE http1.codec_error';

interface Case {
  readonly listenerFilters?: readonly object[];
  readonly filters?: readonly object[];
  /** Fields of the one filter chain. */
  readonly chain?: object;
}

const CASES: readonly (readonly [string, Case])[] = [
  ['a header is required', {}],
  ['a header may be missing', { listenerFilters: [OPTIONAL] }],
  ['version 1 is refused', { listenerFilters: [refusing('V1')] }],
  ['version 2 is refused', { listenerFilters: [refusing('V2')] }],
  [
    'version 1 is refused, a header may be missing',
    { listenerFilters: [refusing('V1', { allow_requests_without_proxy_protocol: true })] },
  ],
  ['inspectors after it', { listenerFilters: [proxyProtocol(), TLS_INSPECTOR, HTTP_INSPECTOR] }],
  ['a chain by destination port', { chain: only({ destination_port: 443 }) }],
  ['a chain by destination', { chain: only({ prefix_ranges: [range('198.51.100.1')] }) }],
  ['a chain by source', { chain: only({ source_prefix_ranges: [range(CLIENT)] }) }],
  ['a chain by source port', { chain: only({ source_ports: [4321] }) }],
  ['a chain by direct source', { chain: only({ direct_source_prefix_ranges: [range(CLIENT)] }) }],
  ['a chain by the direct source of the peer', { chain: only({ direct_source_prefix_ranges: [range('127.0.0.1')] }) }],
  ['a chain by local sources', { chain: only({ source_type: 'SAME_IP_OR_LOOPBACK' }) }],
  ['a chain by external sources', { chain: only({ source_type: 'EXTERNAL' }) }],
  ['denied by remote_ip', { filters: [denying({ remote_ip: range(CLIENT) })] }],
  ['denied by source_ip', { filters: [denying({ source_ip: range(CLIENT) })] }],
  ['denied by direct_remote_ip', { filters: [denying({ direct_remote_ip: range(CLIENT) })] }],
  ['denied by direct_remote_ip of the peer', { filters: [denying({ direct_remote_ip: range('127.0.0.1') })] }],
];

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(CASES)(
    '%s',
    async (name, { listenerFilters = [proxyProtocol()], filters = [], chain = {} }) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const cluster = staticCluster('c', [grounds.upstreams.ports[0]]);
      const listener = plainListener(
        folder,
        port,
        [{ name: 'r', match: { prefix: '/' }, route: { cluster: 'c' } }],
        [...filters],
      ) as { filter_chains: object[] };
      const chained = listener.filter_chains.map((one) => ({ ...one, ...chain }));
      const config = {
        static_resources: {
          listeners: [{ ...listener, listener_filters: listenerFilters, filter_chains: chained }],
          clusters: [cluster],
        },
      };
      const headers = [
        undefined,
        header(CLIENT, '198.51.100.1'),
        header('203.0.113.8', '198.51.100.2', 80),
        header('127.0.0.1', '127.0.0.1', port),
        header(CLIENT, CLIENT),
        header('224.0.0.1', '198.51.100.1'),
        header(CLIENT, '255.255.255.255'),
        header('0.0.0.0', '198.51.100.1'),
        ...['198.51.100.1', '224.0.0.1'].map((asked): ProxyHeader => ({ version: 2, ...header(CLIENT, asked) })),
      ];
      const probes = headers.map((proxied) => plainProbe(port, proxied === undefined ? {} : { proxied }));
      const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
      const told = held.map(({ probe, ours }) => [probe.proxied, ours.map((outcome) => expectedOf(outcome).end)]);
      const open = (ours: readonly EnvoyOutcome[]): boolean => ours.every(({ end }) => end.kind === 'undetermined');
      // The log tells of such a connection under its own destination, whatever the header says.
      const left = held.filter(({ probe, ours }) => open(ours) && probe.proxied?.destination.port === port);
      expect(left.map(({ seen }) => seen.end)).toEqual(left.map(() => UNREADABLE));
      expect(told).toEqual(held.map(({ probe, seen, ours }) => [probe.proxied, [open(ours) ? LEFT_OVER : seen.end]]));
    },
    120_000,
  );
});
