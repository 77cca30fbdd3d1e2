/**
 * Two sidecars that speak mutual TLS, or try to: each case is a client proxy and a server proxy of the real Envoy, with certificates
 * inline or from SDS. What the client proxy logs, and the identity that the server proxy knows, must be what we say from its config_dump.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toldClient } from '../../evaluate/proxies/envoy/told-client.ts';
import type { EnvoyFacts, EnvoyOutcome, EnvoyUpstream } from '../../../src/model/envoy.ts';
import { answersOf } from './answers-of.ts';
import { Authority } from './certificates.ts';
import type { KeyPair } from './certificates.ts';
import { EnvoyProcess } from './envoy-process.ts';
import { freePort } from './ports.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { readFacts } from './session.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';
const ACCOUNT = 'spiffe://cluster.local/ns/default/sa/';
const root = mkdtempSync(path.join(tmpdir(), 'kubectl-reach-mtls-'));

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
/** What clients ask for. */
const HOST = 'svc.example';

/** DNS names of certificates of the mesh's authority. */
const NAMES = {
  named: [HOST.toUpperCase()],
  wild: ['*.Example'],
  deep: ['*.svc.example'],
  part: ['s*C.example'],
  longer: ['svcs*.example', 's*svc.example'],
  twice: ['s**.example', '*.*'],
  encoded: ['xn--*.example'],
  single: ['*'],
} as const;

type Name = 'server' | 'client';
type Issuer = 'mesh' | 'other' | 'intermediate' | 'expired' | keyof typeof NAMES;

let mesh: Authority;
let other: Authority;
const pairs = new Map<string, KeyPair>();

/** Both roots bear the same name, as those of two meshes do. */
beforeAll(() => {
  mesh = Authority.root(root, 'mesh', 'cluster.local');
  other = Authority.root(root, 'other', 'cluster.local');
  const named = Object.keys(NAMES).map((name) => [name, mesh] as const);
  const issuers = {
    mesh,
    other,
    intermediate: mesh.below('intermediate'),
    expired: mesh,
    ...Object.fromEntries(named),
  };
  for (const name of ['server', 'client'] as const) {
    for (const [issuer, authority] of Object.entries(issuers)) {
      const days = issuer === 'expired' ? [0] : [];
      const hosts = issuer in NAMES ? NAMES[issuer as keyof typeof NAMES] : [];
      const names = [`URI:${ACCOUNT}${name}`, ...hosts.map((host) => `DNS:${host}`)];
      pairs.set(`${issuer} ${name}`, authority.issue(`${issuer}-${name}`, names.join(','), ...days));
    }
  }
}, 120_000);

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What one side of a case is configured with. */
interface Side {
  /** null: it presents no certificate. */
  readonly issuer?: Issuer | null;
  /** null: it verifies nothing. */
  readonly trusts?: 'mesh' | 'other' | null;
  /** Accounts that it accepts; null: any. */
  readonly accepts?: readonly string[] | null;
  /** Instead: matchers of DNS names. */
  readonly acceptsHosts?: readonly object[];
  readonly highest?: 'TLSv1_2' | 'TLSv1_3';
  readonly alpn?: readonly string[];
  readonly required?: boolean;
  /** `missing`: SDS has nothing to give. */
  readonly sds?: 'there' | 'missing';
}

interface Case {
  /** null: plaintext. */
  readonly client: Side | null;
  readonly server: Side;
  /** Of a PeerAuthentication; or the server has one chain, for an ALPN name or a server name. */
  readonly mode: 'STRICT' | 'PERMISSIVE' | 'DISABLE' | 'ALPN' | 'SNI';
  readonly autoSni?: boolean;
  /** The certificate of the server must bear the host of the request. */
  readonly autoSan?: boolean;
  /** Name of the endpoint, which auto_host_sni makes the server name. */
  readonly hostname?: string;
  readonly autoHostSni?: boolean;
  /** Instead of one that is not the host; null: none. */
  readonly sni?: string | null;
  /** auto_sni_san_validation: the certificate of the server must bear the server name. */
  readonly sniSan?: boolean;
  /** `tlsMode: istio` in the endpoint's metadata; undefined: the cluster has one transport socket. */
  readonly labelled?: boolean;
  /** Account that an RBAC filter of the server lets in. */
  readonly allows?: string;
}

const VERSIONED: Readonly<Record<string, Case>> = {
  'mutual TLS to STRICT': { client: {}, server: {}, mode: 'STRICT' },
  'mutual TLS to PERMISSIVE': { client: {}, server: {}, mode: 'PERMISSIVE' },
  'mutual TLS to DISABLE': { client: {}, server: {}, mode: 'DISABLE' },
  'a client that another authority issued': { client: { issuer: 'other' }, server: {}, mode: 'STRICT' },
  'a client whose certificate has expired': { client: { issuer: 'expired' }, server: {}, mode: 'STRICT' },
  'a client by way of an intermediate authority': { client: { issuer: 'intermediate' }, server: {}, mode: 'STRICT' },
  'a client without a certificate': { client: { issuer: null }, server: {}, mode: 'STRICT' },
  'a client without one where none is required': {
    client: { issuer: null },
    server: { required: false },
    mode: 'STRICT',
  },
  'a client of an account that is not accepted': { client: {}, server: { accepts: ['friend'] }, mode: 'STRICT' },
  'a server that another authority issued': { client: {}, server: { issuer: 'other' }, mode: 'STRICT' },
  'a client that trusts another authority': { client: { trusts: 'other' }, server: {}, mode: 'STRICT' },
  'a client that verifies nothing': { client: { trusts: null, accepts: null }, server: {}, mode: 'STRICT' },
  'a client that trusts nobody and demands the host': {
    client: { trusts: null, accepts: null },
    server: { issuer: 'named' },
    mode: 'STRICT',
    autoSan: true,
  },
  'a server whose certificate has expired': { client: {}, server: { issuer: 'expired' }, mode: 'STRICT' },
  'a server of another account': { client: { accepts: ['friend'] }, server: {}, mode: 'STRICT' },
  'a server by way of an intermediate authority': { client: {}, server: { issuer: 'intermediate' }, mode: 'STRICT' },
  'TLS of another protocol to PERMISSIVE': { client: { alpn: ['http/1.1'] }, server: {}, mode: 'PERMISSIVE' },
  'TLS without a protocol to PERMISSIVE': { client: { alpn: [] }, server: {}, mode: 'PERMISSIVE' },
  'the protocol that HTTP offers by itself': { client: { alpn: [] }, server: {}, mode: 'ALPN' },
  'a server name that is not asked for': { client: {}, server: {}, mode: 'SNI' },
  'the host for a server name': { client: {}, server: {}, mode: 'SNI', autoSni: true },
  'a certificate that bears the host': { client: {}, server: { issuer: 'named' }, mode: 'STRICT', autoSan: true },
  'a certificate that does not bear the host': { client: {}, server: {}, mode: 'STRICT', autoSan: true },
  'a certificate that bears the host and another account': {
    client: { accepts: ['friend'] },
    server: { issuer: 'named' },
    mode: 'STRICT',
    autoSan: true,
  },
  'certificates by SDS': { client: { sds: 'there' }, server: { sds: 'there' }, mode: 'STRICT' },
  'by SDS, of another authority': {
    client: { sds: 'there', issuer: 'other' },
    server: { sds: 'there' },
    mode: 'STRICT',
  },
  'a client to whom SDS gives nothing': { client: { sds: 'missing' }, server: {}, mode: 'STRICT' },
  'a server to which SDS gives nothing': { client: {}, server: { sds: 'missing' }, mode: 'STRICT' },
  'a policy that lets the client in': { client: {}, server: {}, mode: 'STRICT', allows: 'client' },
  'a policy that lets another one in': { client: {}, server: {}, mode: 'STRICT', allows: 'friend' },
};

/** Hosts that a client demands of the server's certificate, by matchers, against the names of each. */
const HOSTS: readonly (readonly [Issuer, string, string])[] = [
  ['named', 'exact', 'Svc.example'],
  ['wild', 'exact', HOST],
  ['wild', 'exact', 'a.svc.example'],
  ['wild', 'exact', '*.example'],
  ['wild', 'prefix', 'svc.'],
  ['wild', 'prefix', '*.E'],
  ['part', 'exact', 'sc.example'],
  ['part', 'exact', 's.example'],
  ['mesh', 'exact', HOST],
];

/** What server names are made of, and what they are for. Listeners of mode SNI want the host of the request. */
const SERVER_NAMES: Readonly<Record<string, Omit<Case, 'client' | 'server'> & Partial<Case>>> = {
  "an endpoint's name for a server name": { mode: 'SNI', autoHostSni: true, hostname: HOST },
  "an endpoint's name that is another": { mode: 'SNI', autoHostSni: true, hostname: 'a.example', sni: HOST },
  'an endpoint without a name': { mode: 'SNI', autoHostSni: true, sni: HOST },
  "the host before the endpoint's name": { mode: 'SNI', autoHostSni: true, hostname: 'a.example', autoSni: true },
  "an endpoint's name that nothing asks for": { mode: 'SNI', hostname: HOST },
  'a certificate that bears the server name': { mode: 'STRICT', sniSan: true, sni: HOST, server: { issuer: 'named' } },
  'a certificate that bears the server name and another account': {
    mode: 'STRICT',
    sniSan: true,
    sni: HOST,
    client: { accepts: ['friend'] },
    server: { issuer: 'wild' },
  },
  'a certificate that does not bear the server name': { mode: 'STRICT', sniSan: true, sni: HOST },
  'a server name that is only a URI': { mode: 'STRICT', sniSan: true, sni: `${ACCOUNT}server` },
  'a certificate and no server name': { mode: 'STRICT', sniSan: true, sni: null },
  'a certificate of another account and no server name': {
    mode: 'STRICT',
    sniSan: true,
    sni: null,
    client: { accepts: ['friend'] },
  },
  'a certificate that bears the host for a server name': {
    mode: 'STRICT',
    sniSan: true,
    autoSni: true,
    server: { issuer: 'named' },
  },
  'a certificate that bears the server name, and not the host for one': {
    mode: 'STRICT',
    sniSan: true,
    autoSni: true,
    sni: 'a.svc.example',
    server: { issuer: 'deep' },
  },
  'a certificate that must bear host and server name': {
    mode: 'STRICT',
    sniSan: true,
    sni: 'a.example',
    autoSan: true,
    server: { issuer: 'named' },
  },
  "a certificate that bears the endpoint's name": {
    mode: 'STRICT',
    sniSan: true,
    autoHostSni: true,
    hostname: 'b.svc.example',
    server: { issuer: 'deep' },
  },
};

const CASES: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    Object.entries(SERVER_NAMES).map(([name, one]): [string, Case] => [name, { client: {}, server: {}, ...one }]),
  ),
  ...Object.fromEntries(
    Object.entries(NAMES).map(([issuer, names]): [string, Case] => [
      `the host and a certificate for ${names.join(' and ').replaceAll('*', 'any')}`,
      { client: {}, server: { issuer: issuer as Issuer }, mode: 'STRICT', autoSan: true },
    ]),
  ),
  ...Object.fromEntries(
    HOSTS.map(([issuer, how, host]): [string, Case] => [
      `${how} ${host.replaceAll('*', 'any')}, of a certificate ${issuer}`,
      { client: { accepts: null, acceptsHosts: [{ [how]: host }] }, server: { issuer }, mode: 'STRICT' },
    ]),
  ),
  ...Object.fromEntries(
    (['TLSv1_2', 'TLSv1_3'] as const).flatMap((highest) =>
      Object.entries(VERSIONED).map(([name, one]): [string, Case] => [
        `${name}, ${highest}`,
        { ...one, client: one.client && { ...one.client, highest } },
      ]),
    ),
  ),
  'plaintext to STRICT': { client: null, server: {}, mode: 'STRICT' },
  'plaintext to PERMISSIVE': { client: null, server: {}, mode: 'PERMISSIVE' },
  'plaintext to DISABLE': { client: null, server: {}, mode: 'DISABLE' },
  'plaintext to PERMISSIVE with a policy': { client: null, server: {}, mode: 'PERMISSIVE', allows: 'client' },
  'an endpoint with the label tlsMode, STRICT': { client: {}, server: {}, mode: 'STRICT', labelled: true },
  'an endpoint without the label, STRICT': { client: {}, server: {}, mode: 'STRICT', labelled: false },
  'an endpoint without the label, DISABLE': { client: {}, server: {}, mode: 'DISABLE', labelled: false },
};

/** CommonTlsContext of a side, as istiod writes it. */
function commonContext(folder: string, own: Name, side: Side): object {
  const { issuer = 'mesh', trusts = 'mesh', accepts = null, acceptsHosts, highest, alpn, sds } = side;
  const protocols =
    own === 'client' ? ['istio-http/1.1', 'istio', 'http/1.1'] : ['istio-h2', 'istio-http/1.1', 'h2', 'http/1.1'];
  const names =
    acceptsHosts?.map((matcher) => ({ san_type: 'DNS', matcher })) ??
    accepts?.map((account) => ({ san_type: 'URI', matcher: { exact: ACCOUNT + account } }));
  const match = names === undefined ? {} : { match_typed_subject_alt_names: names };
  const pair = issuer === null ? undefined : pairs.get(`${issuer} ${own}`);
  const certificate = pair && {
    certificate_chain: { inline_string: pair.certificate },
    private_key: { inline_string: pair.key },
  };
  const trusted =
    trusts === null ? {} : { trusted_ca: { inline_string: (trusts === 'mesh' ? mesh : other).certificate } };
  const shared = {
    alpn_protocols: alpn ?? protocols,
    tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: highest ?? 'TLSv1_3' },
  };
  if (sds === undefined) {
    const chain = certificate === undefined ? {} : { tls_certificates: [certificate] };
    return { ...shared, ...chain, validation_context: { ...trusted, ...match } };
  }
  const secret = `${TYPE}.transport_sockets.tls.v3.Secret`;
  const file = (name: string, more: object): object => {
    const at = path.join(folder, `${name}.json`);
    // One Envoy runs all cases, and a dump tells secrets apart by their names alone.
    const unique = `${name} ${folder}`;
    const resources = sds === 'missing' ? [] : [{ '@type': secret, name: unique, ...more }];
    writeFileSync(at, JSON.stringify({ version_info: '1', resources }));
    return {
      name: unique,
      sds_config: { resource_api_version: 'V3', path_config_source: { path: at }, initial_fetch_timeout: '0.1s' },
    };
  };
  return {
    ...shared,
    tls_certificate_sds_secret_configs: [file('default', { tls_certificate: certificate })],
    combined_validation_context: {
      default_validation_context: match,
      validation_context_sds_secret_config: file('ROOTCA', { validation_context: trusted }),
    },
  };
}

const log = (folder: string, name: string): object[] => [
  {
    name: 'file',
    typed_config: {
      '@type': `${TYPE}.access_loggers.file.v3.FileAccessLog`,
      path: path.join(folder, `${name}.log`),
      log_format: {
        json_format: {
          code: '%RESPONSE_CODE%',
          flags: '%RESPONSE_FLAGS%',
          details: '%RESPONSE_CODE_DETAILS%',
          peer: '%DOWNSTREAM_PEER_URI_SAN%',
        },
      },
    },
  },
];

function manager(folder: string, name: string, route: object, filters: readonly object[] = []): object {
  return {
    name: 'hcm',
    typed_config: {
      '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'h',
      access_log: log(folder, name),
      route_config: {
        name: 'r',
        virtual_hosts: [{ name: 'v', domains: ['*'], routes: [{ match: { prefix: '/' }, ...route }] }],
      },
      http_filters: [
        ...filters,
        { name: 'router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } },
      ],
    },
  };
}

function policy(account: string): object {
  const principal = { authenticated: { principal_name: { exact: ACCOUNT + account } } };
  const rules = { action: 'ALLOW', policies: { let: { permissions: [{ any: true }], principals: [principal] } } };
  return { name: 'rbac', typed_config: { '@type': `${TYPE}.filters.http.rbac.v3.RBAC`, rules } };
}

/** Filter chains of a port as PeerAuthentication makes them (pilot/pkg/networking/core/listener_inbound.go). */
function chains(folder: string, { mode, server, allows }: Case): object[] {
  const answer = { direct_response: { status: 200, body: { inline_string: 'ok' } } };
  const filters = [manager(folder, 'server', answer, allows === undefined ? [] : [policy(allows)])];
  const plain = { name: 'plain', filter_chain_match: { transport_protocol: 'raw_buffer' }, filters };
  if (mode === 'DISABLE') return [{ ...plain, filter_chain_match: {} }];
  const context = {
    '@type': `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`,
    require_client_certificate: server.required ?? true,
    common_tls_context: commonContext(folder, 'server', server),
  };
  const transport_socket = { name: 'tls', typed_config: context };
  const criteria: Partial<Record<Case['mode'], object>> = {
    PERMISSIVE: { application_protocols: ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'] },
    ALPN: { application_protocols: ['http/1.1'] },
    SNI: { server_names: [HOST] },
  };
  const protocols = criteria[mode] ?? {};
  const tls = {
    name: 'tls',
    filter_chain_match: { transport_protocol: 'tls', ...protocols },
    transport_socket,
    filters,
  };
  return mode === 'PERMISSIVE' ? [tls, plain] : [tls];
}

function cluster(folder: string, name: string, port: number, one: Case): object {
  const { client, labelled, autoSni, autoSan, autoHostSni, sniSan, hostname, sni } = one;
  const context = client && {
    '@type': `${TYPE}.transport_sockets.tls.v3.UpstreamTlsContext`,
    ...(sni === null ? {} : { sni: sni ?? 'outbound_.80_._.server.default.svc.cluster.local' }),
    ...(autoHostSni === true ? { auto_host_sni: true } : {}),
    ...(sniSan === true ? { auto_sni_san_validation: true } : {}),
    // BoringSSL by itself verifies nothing again in a session that is resumed, as one of the TCP proxy beside it would be.
    ...(client.trusts === null ? { max_session_keys: 0 } : {}),
    common_tls_context: commonContext(folder, 'client', { accepts: ['server'], ...client }),
  };
  const secured = { name: 'tls', typed_config: context };
  const options = {
    '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
    explicit_http_config: { http_protocol_options: {} },
    upstream_http_protocol_options: { auto_sni: autoSni === true, auto_san_validation: autoSan === true },
  };
  const matches = [
    { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transport_socket: secured },
    {
      name: 'tlsMode-disabled',
      match: {},
      transport_socket: { name: 'raw', typed_config: { '@type': `${TYPE}.transport_sockets.raw_buffer.v3.RawBuffer` } },
    },
  ];
  const metadata =
    labelled === true
      ? { metadata: { filter_metadata: { 'envoy.transport_socket_match': { tlsMode: 'istio' } } } }
      : {};
  const endpoint = {
    endpoint: {
      address: { socket_address: { address: '127.0.0.1', port_value: port } },
      ...(hostname === undefined ? {} : { hostname }),
    },
    ...metadata,
  };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '10s',
    ...(autoSni === true || autoSan === true ? { typed_extension_protocol_options: { [HTTP_OPTIONS]: options } } : {}),
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
    ...(client === null
      ? {}
      : labelled === undefined
        ? { transport_socket: secured }
        : { transport_socket_matches: matches }),
  };
}

interface Seen {
  readonly code: number;
  readonly flags: string;
  readonly details: string | null;
  readonly peer: string | null;
}

function lastEntry(folder: string, name: string): Seen | null {
  const lines = readFileSync(path.join(folder, `${name}.log`), 'utf8')
    .trim()
    .split('\n');
  return lines.at(-1) === '' ? null : (JSON.parse(lines.at(-1)!) as Seen);
}

/** Ports of a case: of its client over HTTP, with retries and without, of its client over TCP, of its server. */
interface Ports {
  readonly http: number;
  readonly retrying: number;
  readonly tcp: number;
  readonly server: number;
}

const CLIENTS = ['http', 'retrying', 'tcp'] as const;
type Client = (typeof CLIENTS)[number];

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  const ports = new Map<string, Ports>();
  const seen = new Map<string, Seen | null>();
  let facts: EnvoyFacts;

  beforeAll(async () => {
    const folder = path.join(root, version);
    const listeners: object[] = [];
    const clusters: object[] = [];
    for (const [name, one] of Object.entries(CASES)) {
      const own = {
        http: await freePort(),
        retrying: await freePort(),
        tcp: await freePort(),
        server: await freePort(),
      };
      ports.set(name, own);
      const place = folderOf(folder, name);
      mkdirSync(place, { recursive: true });
      mkdirSync(path.join(place, 'peer'));
      const address = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });
      const inspector = {
        name: 'tls',
        typed_config: { '@type': `${TYPE}.filters.listener.tls_inspector.v3.TlsInspector` },
      };
      const serverChains = chains(path.join(place, 'peer'), one);
      listeners.push({
        name: `${name} server`,
        address: address(own.server),
        listener_filters: [inspector],
        filter_chains: serverChains,
      });
      clusters.push(cluster(place, name, own.server, one));
      const retries = { retry_policy: { retry_on: 'connect-failure,refused-stream,unavailable', num_retries: 2 } };
      const filters: Record<Client, object> = {
        http: manager(place, 'http', { route: { cluster: name } }),
        retrying: manager(place, 'retrying', { route: { cluster: name, ...retries } }),
        tcp: {
          name: 'tcp',
          typed_config: {
            '@type': `${TYPE}.filters.network.tcp_proxy.v3.TcpProxy`,
            stat_prefix: 't',
            cluster: name,
            access_log: log(place, 'tcp'),
          },
        },
      };
      for (const kind of CLIENTS)
        listeners.push({
          name: `${name} ${kind}`,
          address: address(own[kind]),
          filter_chains: [{ filters: [filters[kind]] }],
        });
    }
    const envoy = await EnvoyProcess.start(installEnvoy(version), folder, {
      node: { id: 'test', cluster: 'test' },
      static_resources: { listeners, clusters },
    });
    try {
      // Certificates that expire at once have expired by now.
      await sleep(1000);
      // One case after the other: a busy machine must not make a handshake time out.
      for (const own of ports.values()) await Promise.all(CLIENTS.map((kind) => ask(own[kind])));
      for (let waited = 0; waited < 3000 && !logsComplete(folder, ports.keys()); waited += 100) await sleep(100);
      facts = { ...(await readFacts(envoy, true, new Date().toISOString())) };
    } finally {
      await envoy.stop();
    }
    for (const name of ports.keys()) {
      const place = folderOf(folder, name);
      for (const kind of CLIENTS) seen.set(`${name} ${kind}`, lastEntry(place, kind));
    }
  }, 120_000);

  it.each(Object.keys(CASES).flatMap((name) => CLIENTS.map((kind) => [name, kind] as const)))(
    '%s, %s',
    (name, kind) => {
      const own = ports.get(name)!;
      const happened = seen.get(`${name} ${kind}`);
      expect(happened).not.toBeNull();
      const said = predict(facts, own[kind], kind !== 'tcp');
      expect(said).toBeDefined();
      expect(told(happened!, said!, kind)).toEqual(said);
    },
  );
});

/**
 * What the log says, in the terms of the prediction. A TCP connection that was closed afterwards is called UR or nothing, depending
 * on who was first; and no detail is predicted of some handshakes.
 */
function told({ code, flags, details }: Seen, said: Said, kind: Client): Said {
  const inOrder = flags.split(',').toSorted().join(',');
  const flag = inOrder === '-' || (kind === 'tcp' && inOrder === 'UR') ? null : inOrder;
  return { status: kind === 'tcp' ? null : code, flag, detail: said.detail === null ? null : details };
}

function logsComplete(folder: string, names: Iterable<string>): boolean {
  return [...names].every((name) => CLIENTS.every((kind) => lastEntry(folderOf(folder, name), kind) !== null));
}

function folderOf(folder: string, name: string): string {
  return path.join(folder, name.replaceAll(/\W/g, '-'));
}

function ask(port: number): Promise<void> {
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, headers: { host: `${HOST}:80` }, agent: false, timeout: 4000 },
      (response) => {
        response.resume();
        response.on('end', resolve);
      },
    );
    request.on('error', () => resolve());
    request.on('timeout', () => request.destroy());
  });
}

interface Said {
  readonly status: number | null;
  readonly flag: string | null;
  readonly detail: string | null;
}

/** What the client proxy makes of what the server proxy does, from the dump. */
function predict(facts: EnvoyFacts, port: number, http: boolean): Said | undefined {
  const [said] = connect(facts, port, '127.0.0.1', undefined).map(({ end }): Said => {
    if (end.kind !== 'upstream') throw new Error(`the client proxy does not ask its upstream: ${JSON.stringify(end)}`);
    const [answer] = connect(facts, end.port, end.address, end.request);
    switch (answer?.end.kind) {
      case 'reply':
        return { status: http ? answer.end.status : null, flag: null, detail: http ? 'via_upstream' : null };
      case 'close':
        return sorted(toldClient(end, answer.end, http));
      default:
        throw new Error(`what the server does is not known: ${JSON.stringify(answer?.end)}`);
    }
  });
  return said;
}

function sorted({ status, flag, detail }: Said): Said {
  return { status, flag: flag === null ? null : flag.split(',').toSorted().join(','), detail };
}

function connect(
  facts: EnvoyFacts,
  port: number,
  address: string,
  request: EnvoyUpstream['request'] | undefined,
): EnvoyOutcome[] {
  const plain = {
    method: 'GET',
    path: '/',
    authority: `${HOST}:80`,
    headers: [],
    scheme: 'http',
    version: 'http/1.1',
  } as const;
  return answersOf(facts, { address, port, request: request ?? { protocol: 'tcp', http: plain, tls: null } });
}
