import type { Probe } from './probe.ts';
import type { Random } from './random.ts';
import { ORIGINS } from './vocabulary.ts';

const TYPE = 'type.googleapis.com/envoy';

const ORIGIN_MATCHERS = [
  { exact: 'http://o.example' },
  { exact: 'HTTPS://P.EXAMPLE', ignore_case: true },
  { exact: 'null' },
  { exact: '*' },
  { prefix: 'https://' },
  { suffix: '.example' },
  { contains: 'o.ex' },
  { safe_regex: { regex: 'https?://[op]\\.example' } },
  { safe_regex: { regex: '.?' } },
] as const;

/** Overrides of the CORS filter at one level, as a rule of few members: what is missing comes from another level. */
export function corsOverride(random: Random): object {
  const filterConfig = (more: object): object => ({ '@type': `${TYPE}.config.route.v3.FilterConfig`, ...more });
  const own = { '@type': `${TYPE}.extensions.filters.http.cors.v3.CorsPolicy`, ...members(random) };
  const cors = random.chance(0.8)
    ? own
    : filterConfig(random.pick<object>([{ config: own }, { config: {} }, { disabled: true }]));
  return { cors };
}

/** The older field of routes and virtual hosts. */
export function olderCors(random: Random): object {
  return { cors: members(random) };
}

function members(random: Random): object {
  const fraction = (): object => ({
    default_value: { numerator: random.pick([0, 50, 100, 100]), denominator: 'HUNDRED' },
    runtime_key: 'no.such.key',
  });
  return {
    ...random.maybe(0.5, () => ({ allow_origin_string_match: random.some(ORIGIN_MATCHERS, 1, 2) })),
    ...random.maybe(0.3, () => ({ allow_methods: random.pick(['*', 'GET, PUT']) })),
    ...random.maybe(0.2, () => ({ allow_headers: random.pick(['*', 'x-version']) })),
    ...random.maybe(0.2, () => ({ expose_headers: 'x-draw' })),
    ...random.maybe(0.2, () => ({ max_age: '600' })),
    ...random.maybe(0.2, () => ({ allow_credentials: random.chance(0.5) })),
    ...random.maybe(0.2, () => ({ allow_private_network_access: random.chance(0.5) })),
    ...random.maybe(0.4, () => ({ forward_not_matching_preflights: random.chance(0.4) })),
    ...random.maybe(0.2, () => ({ filter_enabled: fraction() })),
    ...random.maybe(0.15, () => ({ shadow_enabled: fraction() })),
  };
}

/** What browsers add to a request: of an OPTIONS, that it is a preflight. */
export function crossOrigin(random: Random, method: string): readonly (readonly [string, string])[] {
  const origin = ['origin', random.pick(ORIGINS)] as const;
  const asked = ['access-control-request-method', random.chance(0.93) ? 'GET' : ''] as const;
  return method === 'OPTIONS' ? [origin, asked] : [origin];
}

/** The same request from a page of some origin, or the preflight of it; from another port, since a port is bound once. */
export function fromPage(random: Random, probe: Probe): Probe {
  const method = random.chance(0.6) ? 'OPTIONS' : probe.method;
  const added = crossOrigin(random, method);
  const kept = probe.headers.filter(([name]) => added.every(([other]) => other !== name));
  return { ...probe, sourcePort: 0, method, headers: [...kept, ...added] };
}
