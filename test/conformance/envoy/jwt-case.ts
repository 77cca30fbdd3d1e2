/**
 * Cases of tokens that are sent to the real filter. In: providers, what is required, filters behind, and requests. Out: our answers beside
 * what Envoy did, with the path and the headers that reached the upstream.
 */
import { expect } from 'vitest';
import type { Grounds } from './grounds.ts';
import { installEnvoy } from './install-envoy.ts';
import { managedListener, plainListener, plainProbe } from './plain-listener.ts';
import { freePort } from './ports.ts';
import { holdAgainst, type Held } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { expectedOf } from './verdict.ts';

const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';

/** The fields of a provider that name its keys. */
export const keys = (all: readonly object[]): object => ({
  local_jwks: { inline_string: JSON.stringify({ keys: all }) },
});
export const named = (provider_name: string): object => ({ provider_name });
export const anyOf = (...requirements: object[]): object => ({ requires_any: { requirements } });
export const allOf = (...requirements: object[]): object => ({ requires_all: { requirements } });
export const MISSING = { allow_missing: {} };
export const FAILED = { allow_missing_or_failed: {} };

export const bearer = (token: string): readonly [string, string] => ['authorization', `Bearer ${token}`];

/** Denies what a policy selects, whose name then stands in the access log. */
export function denying(policies: Readonly<Record<string, object>>): object {
  const selected = Object.entries(policies).map(([name, principal]) => [
    name,
    { permissions: [{ any: true }], principals: [principal] },
  ]);
  const rules = { action: 'DENY', policies: Object.fromEntries(selected) };
  return { name: 'rbac', typed_config: { '@type': `${HTTP}.rbac.v3.RBAC`, rules } };
}

/** A principal of whose token a claim has a value. @param path from the key in dynamic metadata on */
export const claim = (path: readonly string[], value: object, more: object = {}): object => ({
  metadata: {
    filter: 'envoy.filters.http.jwt_authn',
    path: path.map((key) => ({ key })),
    value,
    ...more,
  },
});
export const text = (exact: string): object => ({ string_match: { exact } });
export const header = (name: string, match: object = { present_match: true }): object => ({
  header: { name, ...match },
});

export interface Case {
  readonly providers: object;
  readonly requires: object;
  /** Prefix of the paths for which it is required; absent: all. */
  readonly under?: string;
  readonly behind?: readonly object[];
  readonly routes?: readonly object[];
  /** Fields of the connection manager in place of routes. */
  readonly manager?: object;
  readonly requests: readonly { readonly headers?: readonly (readonly [string, string])[]; readonly path?: string }[];
}

const TO_CLUSTER = [{ match: { prefix: '/' }, route: { cluster: 'c' } }];

function jwt(providers: object, requires: object, prefix = '/'): object {
  const rules = [{ match: { prefix }, requires }];
  return { name: 'jwt', typed_config: { '@type': `${HTTP}.jwt_authn.v3.JwtAuthentication`, providers, rules } };
}

/** Headers of which the cases tell, those that a client or a filter of these cases may have set. */
const TOLD = /^(authorization|cookie|x-(?!forwarded-|envoy-|request-id$).*)$/;

/** What reached the upstream; several values of one header are joined. */
function sentOn(path: unknown, headers: readonly (readonly [string, unknown])[]): unknown {
  const told = new Map<string, string>();
  for (const [name, value] of headers)
    if (TOLD.test(name)) {
      const before = told.get(name);
      const own = String(value).replaceAll(', ', ',');
      told.set(name, before === undefined ? own : `${before},${own}`);
    }
  return { path, headers: Object.fromEntries(told) };
}

function received({ reply }: Held): unknown {
  try {
    const { path, headers } = JSON.parse(reply.body) as { path: string; headers: Record<string, unknown> };
    return sentOn(path, Object.entries(headers));
  } catch {
    return null;
  }
}

function foretold({ ours }: Held): unknown {
  const [only] = ours;
  if (only?.end.kind !== 'upstream' || only.end.request.http === null) return null;
  return sentOn(only.end.request.http.path, only.end.request.http.headers);
}

/** Sends the requests of a case. */
export async function holdCase(
  grounds: Grounds,
  version: string,
  name: string,
  { providers, requires, under, behind = [], routes = TO_CLUSTER, manager, requests }: Case,
): Promise<readonly Held[]> {
  const folder = grounds.folder(`${version}-${name.replaceAll(/\W+/g, '-')}`);
  const port = await freePort();
  const filters = [jwt(providers, requires, under), ...behind];
  const listener =
    manager === undefined
      ? plainListener(folder, port, routes, filters)
      : managedListener(folder, port, manager, filters);
  const clusters = ['c', 'd'].map((cluster) => staticCluster(cluster, [grounds.upstreams.ports[0]]));
  const probes = requests.map(({ headers = [], path = '/' }) => plainProbe(port, { headers, path }));
  const config = { static_resources: { listeners: [listener], clusters } };
  const now = new Date().toISOString();
  return holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates, now);
}

/**
 * Sends the requests of a case, and expects of each the answer that we give, or one that we leave open.
 * @returns why answers are left open, in the order of the requests
 */
export async function expectHeld(...tried: Parameters<typeof holdCase>): Promise<readonly string[]> {
  const held = await holdCase(...tried);
  const told = held.map((each) => [each.ours.map((outcome) => expectedOf(outcome).end).join(), foretold(each)]);
  const seen = held.map((each) => [each.seen.end, received(each)]);
  const open = told.map(([end]) => String(end)).map((end) => (end.startsWith('undetermined: ') ? end.slice(14) : null));
  expect(told.filter((_, at) => open[at] === null)).toEqual(seen.filter((_, at) => open[at] === null));
  return open.filter((reason) => reason !== null);
}
