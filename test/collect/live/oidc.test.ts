/** Tokens of an OIDC issuer: a server of the test, over TLS, and what the API server is then asked with. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { parse } from 'yaml';
import { RequestRefused } from '../../../src/collect/live/refusal.ts';
import { unsignedToken } from '../../tokens.ts';
import { answerJson, startApiServer, tlsFile, type FakeApiServer, type Handler } from './api-server.ts';
import { connectTo, writeKubeconfig } from './connecting.ts';

const servers: FakeApiServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(handler: Handler): Promise<FakeApiServer> {
  const server = await startApiServer(handler, true);
  servers.push(server);
  return server;
}

/** A token that expires in so many seconds. */
function jwt(subject: string, seconds: number): string {
  const exp = Math.floor(Date.now() / 1000) + seconds;
  return unsignedToken({ sub: subject, exp });
}

const FRESH = jwt('fresh', 600);
const STALE = jwt('stale', -60);
const RENEWED = jwt('renewed', 600);

interface Outcome {
  /** What the API server was asked with; of a refusal what it says. */
  readonly asked: string;
  readonly remedy: string;
  /** Requests to the issuer: path, who asks, and the form. */
  readonly issuer: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  readonly kubeconfig: string;
}

/** Asks twice with a kubeconfig of this provider; `token` answers for the issuer's token endpoint. */
async function ask(config: Readonly<Record<string, string>>, token?: Handler, prepare?: (file: string) => void) {
  const api = await serve((_, response) => answerJson(response, {}));
  const issuer = await serve((seen, response, request) => {
    if (seen.path === '/realm/.well-known/openid-configuration') {
      answerJson(response, { token_endpoint: `${issuer.url}/realm/token` });
    } else token?.(seen, response, request);
  });
  const own = {
    'idp-issuer-url': `${issuer.url}/realm/`,
    'client-id': 'kube client',
    'client-secret': 's3cret',
    'idp-certificate-authority': tlsFile('ca.crt'),
    ...config,
  };
  const kubeconfig = writeKubeconfig({
    clusters: [{ name: 'lab', cluster: { server: api.url, 'certificate-authority': tlsFile('ca.crt') } }],
    users: [
      { name: 'other', user: { token: 'not-me' } },
      { name: 'me', user: { 'auth-provider': { name: 'oidc', config: own } } },
    ],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'me' } }],
    'current-context': 'lab',
  });
  prepare?.(kubeconfig);
  const connection = connectTo({ kubeconfig });
  const refusal = await connection
    .request('/version')
    .then(async () => connection.request('/version'))
    .then(
      () => null,
      (error: unknown) => error,
    );
  connection.close();
  if (refusal !== null && !(refusal instanceof RequestRefused)) throw new Error('no refusal', { cause: refusal });
  const after = parse(readFileSync(kubeconfig, 'utf8')) as {
    users: { user: { 'auth-provider'?: { config: Record<string, string> } } }[];
  };
  return {
    asked: refusal === null ? api.requests.map((seen) => seen.headers.authorization).join() : refusal.message,
    remedy: refusal?.remedy ?? '',
    issuer: issuer.requests.map((seen) => `${seen.path} ${seen.headers.authorization ?? '-'} ${seen.body}`),
    config: after.users[1]?.user['auth-provider']?.config ?? {},
    kubeconfig,
  } satisfies Outcome;
}

const twice = (token: string): string => `Bearer ${token},Bearer ${token}`;
const gives =
  (answer: object, status = 200): Handler =>
  (_, response) =>
    answerJson(response, answer, status);
const DISCOVERY = '/realm/.well-known/openid-configuration - ';
const BASIC = `Basic ${Buffer.from('kube%20client:s3cret').toString('base64')}`;
const FORM = 'grant_type=refresh_token&refresh_token=r1';

it('a token that is still valid is used, and nobody else asked', async () => {
  const outcome = await ask({ 'id-token': FRESH, 'refresh-token': 'r1' });
  expect(outcome).toMatchObject({ asked: twice(FRESH), issuer: [] });
});

it.each([
  ['expired', { 'id-token': STALE }],
  ['about to expire', { 'id-token': jwt('soon', 5) }],
  ['missing', {}],
])('a token that is %s is replaced once, and the kubeconfig stays as it is', async (_, tokens) => {
  const outcome = await ask({ ...tokens, 'refresh-token': 'r1' }, gives({ id_token: RENEWED }));
  expect(outcome).toMatchObject({
    asked: twice(RENEWED),
    issuer: [DISCOVERY, `/realm/token ${BASIC} ${FORM}`],
    config: { ...tokens, 'refresh-token': 'r1' },
  });
});

it('a refresh-token that the issuer replaced is kept, with all else that stands in the file', async () => {
  const outcome = await ask(
    { 'id-token': STALE, 'refresh-token': 'r1' },
    gives({ id_token: RENEWED, refresh_token: 'r2' }),
    (file) => writeFileSync(file, `# mine\n${readFileSync(file, 'utf8')}`),
  );
  expect(outcome.asked).toBe(twice(RENEWED));
  expect(outcome.config).toMatchObject({ 'id-token': RENEWED, 'refresh-token': 'r2', 'client-id': 'kube client' });
  expect(readFileSync(outcome.kubeconfig, 'utf8')).toMatch(/^# mine\n/);
  expect(existsSync(`${outcome.kubeconfig}.lock`)).toBe(false);
});

it('an issuer that wants the secret in the form', async () => {
  const outcome = await ask({ 'refresh-token': 'r1' }, ({ body, headers }, response) =>
    headers.authorization === undefined && body.includes('client_secret=s3cret')
      ? answerJson(response, { id_token: RENEWED })
      : answerJson(response, { error: 'invalid_client' }, 401),
  );
  expect(outcome.asked).toBe(twice(RENEWED));
  expect(outcome.issuer.at(-1)).toBe(`/realm/token - ${FORM}&client_id=kube+client&client_secret=s3cret`);
});

it.each<readonly [string, Readonly<Record<string, string>>, Handler, RegExp, RegExp]>([
  ['no refresh-token', { 'id-token': STALE }, gives({}), /has expired, and it has no refresh-token/, /log in again/],
  ['no JWT', { 'id-token': 'opaque', 'refresh-token': 'r1' }, gives({}), /no JWT with an expiry/, /log in again/],
  [
    'the refresh-token is no longer good',
    { 'refresh-token': 'r1' },
    gives({ error: 'invalid_grant', error_description: 'token r1 was revoked' }, 400),
    /issuer https:\/\/127\.0\.0\.1:\d+\/realm\/ gives no new token \(400: invalid_grant\)$/,
    /log in again/,
  ],
  ['no id_token', { 'refresh-token': 'r1' }, gives({ access_token: 'a' }), /gives no id_token/, /scope openid/],
  ['no issuer', { 'refresh-token': 'r1', 'idp-issuer-url': '' }, gives({}), /has no idp-issuer-url/, /add it/],
  [
    'an issuer that is somebody else',
    { 'refresh-token': 'r1', 'idp-certificate-authority': '' },
    gives({}),
    /cannot be asked for a new token \((?:UNABLE_TO|SELF_SIGNED|DEPTH)[A-Z_]+\)/,
    /idp-certificate-authority/,
  ],
  [
    'an issuer that is down',
    { 'refresh-token': 'r1', 'idp-issuer-url': 'https://127.0.0.1:1' },
    gives({}),
    /cannot be asked for a new token \(ECONNREFUSED\)/,
    /log in again/,
  ],
  ['no such page', { 'refresh-token': 'r1' }, gives({}, 404), /gives no new token \(404\)/, /log in again/],
])('a clear end: %s', async (_, config, token, problem, remedy) => {
  const outcome = await ask(config, token);
  expect(outcome.asked).toMatch(problem);
  expect(outcome.remedy).toMatch(remedy);
  expect(`${outcome.asked} ${outcome.remedy}`).not.toMatch(/r1|s3cret|opaque/);
});

it('a kubeconfig that cannot be written when a new refresh-token has to be', async () => {
  const outcome = await ask({ 'refresh-token': 'r1' }, gives({ id_token: RENEWED, refresh_token: 'r2' }), (file) =>
    writeFileSync(`${file}.lock`, ''),
  );
  expect(outcome.asked).toMatch(/gave a new refresh-token, which cannot be written to .+ \(EEXIST\)/);
  expect(outcome.remedy).toMatch(/log in again/);
});
