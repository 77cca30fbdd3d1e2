import { execFileSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ConnectionFlags } from '../../../src/collect/live/connection-flags.ts';
import { requestTimeout } from '../../../src/collect/live/request-timeout.ts';
import { chooseTarget } from '../../../src/collect/live/target.ts';
import { InputError } from '../../../src/collect/input-error.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { NO_FLAGS } from './connecting.ts';

const cluster = (name: string, server: string, more: object = {}) => ({ name, cluster: { server, ...more } });
const user = (name: string, more: object) => ({ name, user: more });
const context = (name: string, more: object) => ({ name, context: more });
const config = (content: object): string => JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...content });

const FIRST = config({
  clusters: [
    cluster('red', 'https://red.first:6443'),
    cluster('blue', 'https://blue:6443', { 'proxy-url': 'http://p' }),
  ],
  users: [user('me', { token: 'first' })],
  contexts: [context('red', { cluster: 'red', user: 'me', namespace: 'shop' })],
});
const SECOND = config({
  clusters: [
    cluster('red', 'https://red.second:6443', { 'tls-server-name': 'second' }),
    cluster('green', 'https://green'),
  ],
  users: [user('me', { token: 'second', 'as-uid': '1' }), user('you', { tokenFile: 'token' })],
  contexts: [
    context('green', { cluster: 'green', user: 'you' }),
    context('mixed', { cluster: 'blue', user: 'you', namespace: 'other' }),
    context('red', { cluster: 'green', user: 'you' }),
    context('stranger', { cluster: 'green', user: 'nobody' }),
    context('lost', { cluster: 'nowhere', user: 'me' }),
  ],
  'current-context': 'red',
});

/** What a choice comes to, as `kubectl config view --minify` shows it too. */
interface Chosen {
  readonly server: string | undefined;
  readonly tlsServerName: string | undefined;
  readonly proxyUrl: string | undefined;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly namespace: string | undefined;
}

function ours(flags: Partial<ConnectionFlags>, environment: Record<string, string>): Chosen {
  const { cluster: chosen, user: identity, namespace } = chooseTarget({ ...NO_FLAGS, ...flags }, environment);
  return {
    server: chosen.server ?? undefined,
    tlsServerName: chosen.tlsServerName ?? undefined,
    proxyUrl: chosen.proxyUrl ?? undefined,
    token: identity.token ?? undefined,
    tokenFile: identity.tokenFile ?? undefined,
    namespace: namespace ?? undefined,
  };
}

function theirs(args: readonly string[], environment: Record<string, string>): Chosen {
  const text = execFileSync('kubectl', ['config', 'view', '--minify', '--raw', '-o', 'json', ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const view = JSON.parse(text);
  const [one, identity, place] = [view.clusters?.[0]?.cluster, view.users?.[0]?.user, view.contexts?.[0]?.context];
  return {
    server: one?.server,
    tlsServerName: one?.['tls-server-name'],
    proxyUrl: one?.['proxy-url'],
    token: identity?.token,
    tokenFile: identity?.tokenFile,
    namespace: place?.namespace,
  };
}

const hasKubectl = (() => {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe('files', () => {
  const cases: readonly [string, Partial<ConnectionFlags>, readonly string[] | null, Chosen][] = [
    [
      'the first file wins, entry by entry, and current-context may come from the second',
      {},
      [],
      {
        server: 'https://red.first:6443',
        tlsServerName: undefined,
        proxyUrl: undefined,
        token: 'first',
        tokenFile: undefined,
        namespace: 'shop',
      },
    ],
    [
      'a context whose parts stand in different files',
      { context: 'mixed' },
      ['--context=mixed'],
      {
        server: 'https://blue:6443',
        tlsServerName: undefined,
        proxyUrl: 'http://p',
        token: undefined,
        tokenFile: '<second>/token',
        namespace: 'other',
      },
    ],
    [
      'a context without a namespace',
      { context: 'green' },
      ['--context=green'],
      {
        server: 'https://green',
        tlsServerName: undefined,
        proxyUrl: undefined,
        token: undefined,
        tokenFile: '<second>/token',
        namespace: undefined,
      },
    ],
    [
      'a context whose user is nowhere (kubectl does not show it, and asks as nobody)',
      { context: 'stranger' },
      null,
      {
        server: 'https://green',
        tlsServerName: undefined,
        proxyUrl: undefined,
        token: undefined,
        tokenFile: undefined,
        namespace: undefined,
      },
    ],
  ];

  it.each(cases)('%s', (_, flags, args, expected) => {
    const [one, two] = [temporaryFolder({ config: FIRST }), temporaryFolder({ other: SECOND })];
    const environment = {
      HOME: '/nonexistent',
      KUBECONFIG: [join(one, 'config'), join(one, 'missing'), '', join(two, 'other')].join(delimiter),
    };
    const wanted = { ...expected, tokenFile: expected.tokenFile?.replace('<second>', two) };
    expect(ours(flags, environment)).toEqual(wanted);
    // It shows paths as the file has them.
    const shown = { ...expected, tokenFile: expected.tokenFile?.replace('<second>/', '') };
    const view = hasKubectl && args !== null ? theirs(args, environment) : shown;
    expect(view, 'kubectl config view').toEqual(shown);
  });

  it('~/.kube/config without KUBECONFIG, and --kubeconfig before both', () => {
    const home = temporaryFolder({ '.kube/config': SECOND, other: FIRST });
    const environment = { HOME: home };
    expect(ours({}, environment).server).toBe('https://green');
    expect(ours({ kubeconfig: join(home, 'other'), cluster: 'red' }, { ...environment, KUBECONFIG: '/x' }).server).toBe(
      'https://red.first:6443',
    );
  });

  it('YAML with comments and anchors, and paths relative to the file', () => {
    const text = `
apiVersion: v1
kind: Config
# a comment
clusters:
- name: lab
  cluster: &lab
    server: https://lab:6443
    certificate-authority: pki/ca.crt
- {name: alias, cluster: *lab}
users:
- name: me
  user:
    client-certificate: ./me.crt
    client-key: /abs/me.key
    exec: {command: ./bin/login, apiVersion: client.authentication.k8s.io/v1, args: [a]}
- name: bare
  user:
    exec: {command: login}
contexts:
- {name: lab, context: {cluster: alias, user: me}}
- {name: bare, context: {cluster: lab, user: bare}}
current-context: lab
`;
    const folder = temporaryFolder({ 'sub/config': text });
    const flags = { ...NO_FLAGS, kubeconfig: join(folder, 'sub/config') };
    const { cluster: chosen, user: identity } = chooseTarget(flags, {});
    expect(chosen.certificateAuthority).toBe(join(folder, 'sub/pki/ca.crt'));
    expect(identity.clientCertificate).toBe(join(folder, 'sub/me.crt'));
    expect(identity.clientKey).toBe('/abs/me.key');
    expect(identity.exec?.command).toBe(join(folder, 'sub/bin/login'));
    expect(chooseTarget({ ...flags, context: 'bare' }, {}).user.exec?.command).toBe('login');
  });
});

describe('flags', () => {
  const folder = () => ({ KUBECONFIG: join(temporaryFolder({ config: FIRST }), 'config') });

  it('override the parts of a context', () => {
    const chosen = ours({ context: 'red', cluster: 'blue', namespace: 'mine', token: 'other' }, folder());
    expect(chosen).toMatchObject({ server: 'https://blue:6443', namespace: 'mine', token: 'other' });
  });

  it('a server takes the name that was expected of another', () => {
    const environment = { KUBECONFIG: join(temporaryFolder({ config: SECOND }), 'config') };
    expect(ours({ cluster: 'red', server: 'https://elsewhere' }, environment)).toMatchObject({
      server: 'https://elsewhere',
      tlsServerName: undefined,
    });
    expect(ours({ cluster: 'red', tlsServerName: 'own' }, environment)).toMatchObject({
      server: 'https://red.second:6443',
      tlsServerName: 'own',
    });
  });

  it('skipping verification and a CA exclude each other', () => {
    const text = config({ clusters: [cluster('a', 'https://a', { 'certificate-authority-data': 'AA==' })] });
    const environment = { KUBECONFIG: join(temporaryFolder({ config: text }), 'config') };
    const skipped = chooseTarget({ ...NO_FLAGS, cluster: 'a', insecureSkipTlsVerify: true }, environment).cluster;
    expect(skipped).toMatchObject({ insecureSkipTlsVerify: true, certificateAuthorityData: null });
    const own = chooseTarget({ ...NO_FLAGS, cluster: 'a', certificateAuthority: '/ca.crt' }, environment).cluster;
    expect(own).toMatchObject({
      insecureSkipTlsVerify: false,
      certificateAuthority: '/ca.crt',
      certificateAuthorityData: null,
    });
  });

  it.each([
    ['arn:aws:eks:eu-west-1:12:cluster/shop', null, 'arn_aws_eks_eu-west-1_12_cluster_shop'],
    ['gke_project_zone_name', null, 'gke_project_zone_name'],
    ['..', 'lab', 'lab'],
  ])('the cluster %s is called a folder', (name, clusterName, expected) => {
    const environment = {
      KUBECONFIG: join(temporaryFolder({ config: config({ clusters: [cluster(name, 'https://a')] }) }), 'config'),
    };
    expect(chooseTarget({ ...NO_FLAGS, cluster: name, clusterName }, environment).clusterName).toBe(expected);
  });

  it.each([
    ['https://a', false, 'https://a/'],
    ['a:6443', true, 'https://a:6443/'],
    ['localhost:8080', false, 'http://localhost:8080/'],
    ['http://[::1]:8001/k8s/', false, 'http://[::1]:8001/k8s/'],
  ])('the server %s', (server, insecureSkipTlsVerify, expected) => {
    expect(chooseTarget({ ...NO_FLAGS, server, insecureSkipTlsVerify }, { HOME: '/nonexistent' }).server.href).toBe(
      expected,
    );
  });

  it.each([
    [null, 30_000],
    ['0', null],
    ['0s', null],
    ['5', 5000],
    ['1m30s', 90_000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
  ])('--request-timeout %s', (text, expected) => {
    expect(requestTimeout(text)).toBe(expected);
  });

  it.each(['', 'x', '5 s', '-1', '1m x'])('--request-timeout "%s" is refused', (text) => {
    expect(() => requestTimeout(text)).toThrow(InputError);
  });

  it('names the flag that it is about', () => {
    expect(() => requestTimeout('x', '--timeout')).toThrow('--timeout wants a duration, not x');
  });
});

describe('inside a pod', () => {
  const pod = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443', HOME: '/nonexistent' };
  const account = 'var/run/secrets/kubernetes.io/serviceaccount';

  it('asks as its service account', () => {
    const root = temporaryFolder({
      [`${account}/token`]: 't',
      [`${account}/namespace`]: 'mine\n',
      [`${account}/ca.crt`]: 'x',
    });
    const target = chooseTarget(NO_FLAGS, pod, root);
    expect(target).toMatchObject({ clusterName: 'in-cluster', namespace: 'mine' });
    expect(target.server.href).toBe('https://[fd00::1]/');
    expect(target.user.tokenFile).toBe(`${root}/${account}/token`);
    expect(target.cluster.certificateAuthority).toContain('ca.crt');
  });

  it('unless a kubeconfig says otherwise', () => {
    const root = temporaryFolder({ [`${account}/token`]: 't', config: FIRST });
    const target = chooseTarget({ ...NO_FLAGS, kubeconfig: join(root, 'config'), context: 'red' }, pod, root);
    expect(target.clusterName).toBe('red');
  });
});

describe('what cannot be read', () => {
  it.each<[string, string, Partial<ConnectionFlags>, RegExp, RegExp]>([
    ['an unknown context', FIRST, { context: 'rde' }, /no context "rde"/, /Known: red/],
    ['an unknown cluster', FIRST, { cluster: 'x' }, /no cluster "x"/, /blue, red/],
    ['an unknown user', FIRST, { context: 'red', user: 'x' }, /no user "x"/, /me/],
    ['a context of an unknown cluster', SECOND, { context: 'lost' }, /no cluster "nowhere"/, /green, red/],
    [
      'a name that stands twice',
      config({ clusters: [cluster('a', 'x'), cluster('a', 'y')] }),
      {},
      /names the cluster "a" twice/,
      /./,
    ],
    ['no YAML', 'a: [', {}, /YAML is broken/, /./],
    ['no mapping', '- a', {}, /no YAML mapping/, /./],
    ['no cluster at all', config({}), {}, /no cluster is configured/, /--kubeconfig, or a snapshot with --snapshot/],
    ['no current context', FIRST, {}, /no cluster is configured/, /--context: red/],
    [
      'no server',
      config({ clusters: [{ name: 'a', cluster: {} }] }),
      { cluster: 'a' },
      /"a" of the kubeconfig has no server/,
      /--server/,
    ],
    ['no URL', config({ clusters: [cluster('a', 'ftp://x')] }), { cluster: 'a' }, /no http\(s\) URL/, /./],
  ])('%s', (_, text, flags, message, remedy) => {
    const kubeconfig = join(temporaryFolder({ config: text }), 'config');
    const attempt = () => chooseTarget({ ...NO_FLAGS, kubeconfig, ...flags }, {});
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ remedy: expect.stringMatching(remedy) }));
  });

  it('a file that was named and does not exist', () => {
    expect(() => chooseTarget({ ...NO_FLAGS, kubeconfig: '/nonexistent/config' }, {})).toThrow(/there is nothing at/);
  });

  it('and repeats nothing of a broken file, which holds credentials', () => {
    const kubeconfig = join(temporaryFolder({ config: 'users:\n- user: {token: secret-token\n  x: [\n' }), 'config');
    const attempt = () => chooseTarget({ ...NO_FLAGS, kubeconfig }, {});
    expect(attempt).toThrow(/YAML is broken/);
    expect(attempt).not.toThrow(/secret-token/);
  });
});
