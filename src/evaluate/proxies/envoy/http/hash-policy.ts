import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { xxHash64 } from '../cluster/xxhash64.ts';
import { substituteRegex } from '../match/regex.ts';
import { cookieValue } from './cookie.ts';
import { field, isTrue, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import type { HttpContext } from './http-context.ts';
import { queryParameters } from './path.ts';
import type { Rewrites } from './rewrite.ts';

const KNOWN = new Set(['header', 'cookie', 'connection_properties', 'query_parameter', 'terminal']);
const WORD = 0xffff_ffff_ffff_ffffn;

/**
 * The hash by which a ring or a Maglev table picks a host, of the request as it is sent on (HashPolicyImpl::generateHash,
 * source/common/http/hash_policy.cc). null: no policy gives one, and the host is drawn at random.
 */
export function requestHash(context: HttpContext, action: Cursor, rewrites: Rewrites): bigint | null | Unknown {
  let hash: bigint | null = null;
  for (const policy of field(action, 'hash_policy').items()) {
    const value = unknownField(policy, KNOWN) ?? hashInput(context, policy, rewrites);
    if (isUnknown(value)) return value;
    if (value !== null) {
      const turned: bigint = hash === null ? 0n : ((hash << 1n) | (hash >> 63n)) & WORD;
      hash = turned ^ xxHash64(value);
    }
    if (hash !== null && isTrue(policy, 'terminal')) break;
  }
  return hash;
}

/** The text that a policy hashes; null: the request has none. */
function hashInput(context: HttpContext, policy: Cursor, rewrites: Rewrites): string | null | Unknown {
  const header = field(policy, 'header');
  if (header.exists) {
    const value = sentHeader(context, (field(header, 'header_name').string() ?? '').toLowerCase(), rewrites);
    const rewrite = field(header, 'regex_rewrite');
    return typeof value === 'string' && rewrite.exists ? substituteRegex(rewrite, value) : value;
  }
  const cookie = field(policy, 'cookie');
  if (cookie.exists) return sentCookie(context, cookie, rewrites);
  const parameter = field(policy, 'query_parameter');
  if (parameter.exists) return queryParameters(rewrites.path).get(field(parameter, 'name').string() ?? '') ?? null;
  const connection = field(policy, 'connection_properties');
  if (connection.exists) return isTrue(connection, 'source_ip') ? context.remoteAddress : null;
  return unknown('a hash policy is not understood', policy);
}

function sentHeader(context: HttpContext, name: string, rewrites: Rewrites): string | null | Unknown {
  // A CONNECT has none.
  if (name === ':path') return context.request.hasPath ? rewrites.path : null;
  if (name === ':authority' || name === 'host')
    return rewrites.authority ?? unknown('the host of the request follows the endpoint');
  if (name.startsWith(':')) return context.request.headers.get(name);
  const { headers, unseen } = rewrites.headers();
  if (unseen.includes(name)) return unknown(`the proxy sets the header ${name}`);
  const values = headers.filter(([other]) => other === name).map(([, value]) => value);
  const received = context.request.headers.get(name);
  if (isUnknown(received)) return received;
  const [value] = values;
  if (values.length > 1) return unknown(`the header ${name} is sent several times`);
  return value ?? (received === null ? null : unknown(`the proxy may remove the header ${name}`));
}

/** The first cookie of the name (Utility::parseCookieValue); one that is absent and has a `ttl` is made up of the connection's ports. */
function sentCookie(context: HttpContext, cookie: Cursor, rewrites: Rewrites): string | null | Unknown {
  const header = sentHeader(context, 'cookie', rewrites);
  if (isUnknown(header)) return header;
  const name = field(cookie, 'name').string() ?? '';
  const value = cookieValue(header ?? '', name) ?? '';
  if (value !== '') return value;
  return field(cookie, 'ttl').exists ? unknown('the proxy makes up a cookie for the hash', cookie) : null;
}
