/** Secrets at every place where a cluster may hold one, put into a copy of a sample. Each is a text that stands nowhere else. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The secrets, by where they were put. */
export const CANARIES = {
  environment: 'kR7-env-4f1c9eQz',
  plainEnvironment: 'kR8xPlainEnv20b7Wq',
  escapedEnvironment: 'kR9-escaped-77aeLm',
  argument: 'kRa-argument-0d3fTt',
  nextArgument: 'kRb-nextarg-8812Vv',
  shell: 'kRc-shell-c0ffeeXx',
  lastApplied: 'kRd-lastapplied-19e2',
  annotation: 'kRe-annotation-5b6cUu',
  probeHeader: 'kRf-probe-header-3391',
  configMap: 'kRg-configmap-7d8eRr',
  kubeconfig: 'kRh-kubeconfig-e1f2Pp',
  meshHeader: 'kRi-mesh-header-44d1',
  secret: 'kRj-secret-object-9c3b',
  addedHeader: 'kRk-added-header-a1b2',
  matchedHeader: 'kRl-matched-header-6f7a',
  cookie: 'kRm-cookie-51d9Nn',
  jwt: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJrUm4tand0In0.c2lnbmF0dXJlLWtSbg',
  query: 'kRo-query-token-2e4c',
  lua: 'kRp-lua-code-b3a4Mm',
  filterHeader: 'kRq-envoyfilter-d5e6',
  nestedText: 'kRr-nested-json-71f8',
  jwks: 'kRs-jwks-secret-0a9b',
  webhookUrl: 'kRt-webhook-user-3c2d',
  certificateBundle: 'kRu-ca-bundle-4e5fKk',
  inlineKey: 'kRv-inline-key-86a7Hh',
  privateKey: 'kRwPrivateKeyBase64Body',
  body: 'kRx-direct-response-f9',
  proxyMetadata: 'kRy-proxy-metadata-1a2b',
  apiKey: 'kRz-api-key-filter-3c4d',
  bootstrapYaml: 'kS0-bootstrap-yaml-5e6f',
  comment: 'kS1-iptables-comment-7a8b',
  junkLine: 'kS2-junk-line-9c0d',
  kernelKey: 'kS3-fastopen-1e2f3a4b',
  truncated: 'kS4-truncated-json-5c6d',
  unknownFile: 'kS5-unknown-file-7e8f',
  matcherTree: 'kS6-matcher-tree-9a0b',
  twice: 'kS7-duplicate-key-1c2d',
  basic: 'a1M4LWJhc2ljLWF1dGg6cGFzcw',
  userInfo: 'kS9-user-info-3e4f5a6b',
  wasm: 'kSa-wasm-config-7c8d',
  volume: 'kSb-volume-attribute-9e0f',
} as const;

interface Json {
  [key: string]: unknown;
}

const POD = 'pods/bookinfo/productpage-v1-abc';
const CORE = 'resources/core/v1';
const ISTIO = 'resources/networking.istio.io/v1';

/** Writes a copy of the bookinfo sample with all canaries into a folder. */
export function writeCanarySnapshot(folder: string): void {
  cpSync(fileURLToPath(new URL('../../test/fixtures/one-node-bookinfo', import.meta.url)), folder, { recursive: true });
  const path = (name: string): string => join(folder, 'clusters/lab', name);
  const text = (name: string, change: (before: string) => string): void =>
    writeFileSync(path(name), change(readFileSync(path(name), 'utf8')));
  const items = (name: string, change: (items: Json[]) => void): void =>
    text(name, (before) => {
      const list = JSON.parse(before) as { items: Json[] };
      change(list.items);
      return JSON.stringify(list);
    });
  const create = (name: string, value: unknown): void => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), typeof value === 'string' ? value : JSON.stringify(value));
  };
  const c = CANARIES;

  items(`${CORE}/pods.json`, (pods) => {
    const pod = pods[0] as { metadata: Json; spec: { containers: Json[]; volumes?: Json[] } };
    pod.metadata['annotations'] = {
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({
        spec: { containers: [{ env: [{ name: 'PASSWORD', value: c.lastApplied }] }] },
      }),
      'example.com/note': c.annotation,
    };
    Object.assign(pod.spec.containers[0] as Json, {
      env: [
        { name: 'DB_PASSWORD', value: c.environment },
        { value: c.plainEnvironment, name: 'FEATURE' },
        { name: 'ESCAPED', value: 'ESCAPED-HERE' },
        { name: 'REPOSITORY', value: `https://git:${c.userInfo}@example.com/` },
      ],
      command: ['sh', '-c', `curl -H 'X-Auth: ${c.shell}' example.com`],
      args: [`--password=${c.argument}`, '--token', c.nextArgument],
      livenessProbe: { httpGet: { httpHeaders: [{ name: 'X-Probe', value: c.probeHeader }] } },
    });
    pod.spec.volumes = [{ name: 'x', csi: { driver: 'd', volumeAttributes: { anything: c.volume } } }];
  });
  text(`${CORE}/pods.json`, (before) =>
    before
      .replace(
        'ESCAPED-HERE',
        c.escapedEnvironment.replace(/./g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`),
      )
      .replace('"name":"FEATURE"', `"name":"DB_PASS","value":"${c.twice}","name":"FEATURE"`),
  );
  items(`${CORE}/configmaps.json`, (maps) => {
    maps.push(
      { metadata: { name: 'app', namespace: 'bookinfo' }, data: { 'app.properties': `a=b\nkey: ${c.configMap}\n` } },
      {
        metadata: { name: 'kube-proxy', namespace: 'kube-system' },
        data: { 'config.conf': 'mode: iptables', 'kubeconfig.conf': `users:\n- user:\n    token: ${c.kubeconfig}\n` },
      },
      {
        metadata: { name: 'istio', namespace: 'istio-system' },
        data: {
          mesh: `extensionProviders:\n- name: otel\n  opentelemetry:\n    http:\n      headers:\n      - name: x-tenant\n        value: ${c.meshHeader}\nrootNamespace: istio-system\n`,
        },
      },
    );
  });
  create(`${CORE}/secrets.json`, {
    kind: 'SecretList',
    apiVersion: 'v1',
    items: [{ metadata: { name: 's' }, data: { password: Buffer.from(c.secret).toString('base64') } }],
  });
  items(`${ISTIO}/virtualservices.json`, (services) => {
    const [service] = services as { spec: { http: Json[] } }[];
    service?.spec.http.push({
      headers: { request: { set: { 'x-partner': c.addedHeader } } },
      match: [
        { headers: { authorization: { exact: `Bearer ${c.jwt}` }, 'x-api-key': { exact: c.matchedHeader } } },
        { headers: { cookie: { regex: `^(.*?;)?(session=${c.cookie})(;.*)?$` } } },
        // the same value where nothing tells that it is a secret
        { headers: { 'x-tenant': { exact: c.matchedHeader } } },
        { queryParams: { token: { exact: c.query } } },
      ],
      route: [{ destination: { host: 'reviews' } }],
    });
  });
  items('resources/networking.istio.io/v1alpha3/envoyfilters.json', (filters) => {
    filters.push({
      apiVersion: 'networking.istio.io/v1alpha3',
      kind: 'EnvoyFilter',
      metadata: { name: 'f', namespace: 'bookinfo' },
      spec: {
        configPatches: [
          { patch: { value: { typed_config: { default_source_code: { inline_string: `x = "${c.lua}"` } } } } },
          { patch: { value: { request_headers_to_add: [{ header: { value: c.filterHeader, key: 'x-a' } }] } } },
          { patch: { value: { note: JSON.stringify({ deep: JSON.stringify({ clientSecret: c.nestedText }) }) } } },
          {
            patch: {
              value: { typed_config: { vm_config: {}, configuration: { value: c.wasm } }, basic: `Basic ${c.basic}` },
            },
          },
        ],
      },
    });
  });
  items('resources/security.istio.io/v1/requestauthentications.json', (objects) => {
    objects.push({
      metadata: { name: 'r' },
      spec: { jwtRules: [{ issuer: 'i', jwks: `{"keys":[{"k":"${c.jwks}"}]}` }] },
    });
  });
  items('resources/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations.json', (objects) => {
    objects.push({
      metadata: { name: 'w' },
      webhooks: [
        {
          clientConfig: {
            url: `https://u:${c.webhookUrl}@h/x`,
            caBundle: Buffer.from(c.certificateBundle).toString('base64'),
          },
        },
      ],
    });
  });
  text(`${POD}/envoy/config_dump.json`, (before) => {
    const dump = JSON.parse(before) as { configs: Json[] };
    const [bootstrap] = dump.configs as { bootstrap: { node: { metadata: { PROXY_CONFIG: Json } } } }[];
    if (bootstrap !== undefined)
      bootstrap.bootstrap.node.metadata.PROXY_CONFIG['proxyMetadata'] = { ANY: c.proxyMetadata };
    dump.configs.push(
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.SecretsConfigDump',
        static_secrets: [
          {
            name: 'a',
            secret: {
              name: 'a',
              tls_certificate: { private_key: { inline_bytes: Buffer.from(c.inlineKey).toString('base64') } },
            },
          },
          { name: 'b', note: `-----BEGIN EC PRIVATE KEY-----\n${c.privateKey}\n-----END EC PRIVATE KEY-----\n` },
        ],
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump',
        dynamic_route_configs: [
          {
            route_config: {
              virtual_hosts: [
                {
                  routes: [
                    {
                      match: {
                        prefix: '/',
                        headers: [{ string_match: { prefix: c.matchedHeader }, name: 'x-api-key' }],
                      },
                      direct_response: { status: 200, body: { inline_string: c.body } },
                      request_headers_to_add: [{ header: { key: 'x-partner', value: c.addedHeader } }],
                    },
                  ],
                  matcher: {
                    matcher_tree: {
                      input: { typed_config: { header_name: 'x-session-token' } },
                      exact_match_map: { map: { [c.matcherTree]: { action: {} } } },
                    },
                  },
                },
              ],
            },
          },
        ],
      },
      { '@type': 'x', typed_config: { credentials: [{ key: c.apiKey, client: 'one' }] } },
    );
    return JSON.stringify(dump, null, 1);
  });
  text(`${POD}/envoy/server_info.json`, (before) =>
    before.replace('"config_yaml": ""', `"config_yaml": "admin: {x: ${c.bootstrapYaml}}"`),
  );
  text('nodes/node1/iptables-save.txt', (before) =>
    before.replace(
      'COMMIT',
      `-A INPUT -m comment --comment "token=${c.comment}" -j ACCEPT\n${c.junkLine} is no rule\nCOMMIT`,
    ),
  );
  text('nodes/node1/sysctl.txt', (before) => `${before}net.ipv4.tcp_fastopen_key = ${c.kernelKey}\n`);
  create(`${POD}/envoy/stats.json`, `{"stats":[{"name":"x","value":"${c.truncated}`);
  create(`${POD}/notes.txt`, c.unknownFile);
}
