import { generateKeyPairSync } from 'node:crypto';
import { routeMatch } from './generate-match.ts';
import type { Random } from './random.ts';

/** A public key of which nobody has the other half. */
const KEY = {
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid: 'key',
  alg: 'ES256',
};

const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';

/** Random HTTP filters beside RBAC, CORS and faults, each under the name that overrides use. */
export function furtherFilters(random: Random): { name: string; typed_config: object }[] {
  return [
    { name: 'local-rate-limit', typed_config: localRateLimit(random) },
    { name: 'buffer', typed_config: buffer(random) },
    { name: 'jwt', typed_config: jwtAuthn(random) },
    { name: 'ext-authz', typed_config: extAuthz(random) },
    { name: 'rate-limit', typed_config: rateLimit(random) },
    { name: 'lua', typed_config: { '@type': `${HTTP}.lua.v3.Lua` } },
    { name: 'grpc-web', typed_config: { '@type': `${HTTP}.grpc_web.v3.GrpcWeb` } },
  ];
}

/** Overrides of those filters. */
export function furtherOverrides(random: Random): object {
  return {
    ...random.maybe(0.15, () => ({ 'local-rate-limit': localRateLimit(random) })),
    ...random.maybe(0.15, () => ({
      buffer: {
        '@type': `${HTTP}.buffer.v3.BufferPerRoute`,
        ...(random.chance(0.5) ? { disabled: true } : { buffer: { max_request_bytes: 1 + random.below(20) } }),
      },
    })),
    ...random.maybe(0.15, () => ({
      jwt: {
        '@type': `${HTTP}.jwt_authn.v3.PerRouteConfig`,
        ...(random.chance(0.5) ? { disabled: true } : { requirement_name: random.pick(['strict', 'loose']) }),
      },
    })),
    ...random.maybe(0.15, () => ({
      'ext-authz': { '@type': `${HTTP}.ext_authz.v3.ExtAuthzPerRoute`, disabled: true },
    })),
  };
}

function localRateLimit(random: Random): object {
  const fraction = (): object => ({
    default_value: { numerator: random.pick([0, 50, 100, 100]), denominator: 'HUNDRED' },
    runtime_key: 'no.such.key',
  });
  return {
    '@type': `${HTTP}.local_ratelimit.v3.LocalRateLimit`,
    stat_prefix: 'l',
    token_bucket: { max_tokens: random.pick([1, 3, 1000]), fill_interval: '1000s' },
    ...random.maybe(0.8, () => ({ filter_enabled: fraction() })),
    ...random.maybe(0.8, () => ({ filter_enforced: fraction() })),
    ...random.maybe(0.2, () => ({ status: { code: random.pick(['ServiceUnavailable', 'NotFound', 'OK']) } })),
  };
}

function buffer(random: Random): object {
  return { '@type': `${HTTP}.buffer.v3.Buffer`, max_request_bytes: random.pick([3, 11, 1000]) };
}

function jwtAuthn(random: Random): object {
  const keys = { local_jwks: { inline_string: JSON.stringify({ keys: [KEY] }) } };
  const one = { issuer: 'one', ...keys };
  const two = { issuer: 'two', ...keys, from_headers: [{ name: 'x-version' }], from_params: ['x'] };
  const requirement = (depth: number): object => {
    const parts = (): object => ({ requirements: [requirement(depth - 1), requirement(depth - 1)] });
    switch (random.below(depth > 0 ? 7 : 4)) {
      case 0:
        return { allow_missing: {} };
      case 1:
        return { allow_missing_or_failed: {} };
      case 2:
      case 3:
        return { provider_name: random.pick(['one', 'two']) };
      case 4:
        return { requires_all: parts() };
      default:
        return { requires_any: parts() };
    }
  };
  return {
    '@type': `${HTTP}.jwt_authn.v3.JwtAuthentication`,
    providers: { one, two },
    requirement_map: { strict: { provider_name: 'one' }, loose: { allow_missing: {} } },
    rules: Array.from({ length: random.below(3) }, () => {
      const { runtime_fraction: _, ...match } = routeMatch(random) as { runtime_fraction?: object };
      return {
        match,
        ...random.pick<object>([
          {},
          { requirement_name: 'strict' },
          { requires: requirement(2) },
          { requires: requirement(2) },
        ]),
      };
    }),
    ...random.maybe(0.3, () => ({ bypass_cors_preflight: true })),
    ...random.maybe(0.2, () => ({ strip_failure_response: true })),
  };
}

/** A service that never answers either. */
function rateLimit(random: Random): object {
  return {
    '@type': `${HTTP}.ratelimit.v3.RateLimit`,
    domain: 'd',
    rate_limit_service: { transport_api_version: 'V3', grpc_service: { envoy_grpc: { cluster_name: 'nowhere' } } },
    ...random.maybe(0.6, () => ({ failure_mode_deny: true })),
    ...random.maybe(0.3, () => ({ status_on_error: { code: random.pick(['ServiceUnavailable', 'Unauthorized']) } })),
  };
}

/** A service that never answers, since its cluster is empty. */
function extAuthz(random: Random): object {
  return {
    '@type': `${HTTP}.ext_authz.v3.ExtAuthz`,
    http_service: { server_uri: { uri: 'http://authz', cluster: 'nowhere', timeout: '0.5s' } },
    ...random.maybe(0.5, () => ({ failure_mode_allow: true })),
    ...random.maybe(0.3, () => ({ status_on_error: { code: random.pick(['ServiceUnavailable', 'Unauthorized']) } })),
    ...random.maybe(0.3, () => ({
      filter_enabled: { default_value: { numerator: random.pick([0, 100]) }, runtime_key: 'no.such.key' },
    })),
  };
}
