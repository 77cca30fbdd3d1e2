/**
 * What becomes of a request when its tokens are accepted. In: the request, and what was accepted. Out: the request as filters behind see
 * it, the dynamic metadata that is set, and whether its route must be looked for anew. It must not judge tokens.
 */
import type { Unknown } from '../../../../../model/branching.ts';
import type { Cursor } from '../../../../../model/json.ts';
import { isMessage } from '../../../../../model/protobuf-message.ts';
import { isPlainHeader, withHeaders, withPath } from '../../http/changed-request.ts';
import { headerValues } from '../../http/header-values.ts';
import { withoutParameter } from '../../http/path.ts';
import type { RequestView } from '../../http/request-view.ts';
import { JWT_METADATA } from '../../rbac/dynamic-metadata.ts';
import { field, isTrue, unknown, unknownField } from '../../proto-json.ts';
import { Struct } from '../../struct.ts';
import { isUnknown } from '../../truth.ts';
import type { SetMetadata } from '../../walk.ts';
import type { AcceptedToken, Fields } from './token.ts';

/** What shows which provider it is, and none of its keys, which may be secrets. */
export function shownOf(provider: Cursor): readonly Cursor[] {
  const issuer = field(provider, 'issuer');
  return issuer.exists ? [issuer] : [];
}

/** Headers in which a provider hands claims on, in lower case. */
export function headersSetBy(provider: Cursor): readonly string[] {
  const whole = field(provider, 'forward_payload_header').string() ?? '';
  const claims = field(provider, 'claim_to_headers').items();
  return [whole, ...claims.map((entry) => field(entry, 'header_name').string() ?? '')]
    .filter((name) => name !== '')
    .map((name) => name.toLowerCase());
}

/**
 * The request as a provider looks at it: what it will hand claims on in is taken away, whatever becomes of the token
 * (ProviderVerifierImpl::verify, source/extensions/filters/http/jwt_authn/verifier.cc).
 */
export function sanitised(request: RequestView, providers: readonly Cursor[]): RequestView | Unknown {
  const names = providers.flatMap(headersSetBy);
  const special = names.find((name) => !isPlainHeader(name));
  if (special !== undefined)
    return unknown(`the proxy hands claims on in the header ${special}`, ...providers.flatMap(shownOf));
  return withHeaders(request, new Map(names.map((name) => [name, []])));
}

/** The request when a token of it is accepted (AuthenticatorImpl::handleGoodJwt, source/extensions/filters/http/jwt_authn/authenticator.cc). */
export function withAccepted(request: RequestView, { provider, token, place }: AcceptedToken): RequestView | Unknown {
  const changed = new Map<string, readonly string[] | Unknown>();
  const add = (header: string, value: string | Unknown): void => {
    const name = header.toLowerCase();
    // What another token has set stays beside it.
    const before = changed.get(name) ?? headerValues(request.headers, name);
    changed.set(name, isUnknown(before) ? before : isUnknown(value) ? value : [...before, value]);
  };
  const whole = field(provider, 'forward_payload_header').string() ?? '';
  const padded = isTrue(provider, 'pad_forward_payload_header');
  if (whole !== '')
    add(whole, padded ? token.payload.padEnd(Math.ceil(token.payload.length / 4) * 4, '=') : token.payload);
  for (const entry of field(provider, 'claim_to_headers').items()) {
    const value = headerOfClaim(token.claims, entry);
    if (value !== null) add(field(entry, 'header_name').string() ?? '', value);
  }
  if (isTrue(provider, 'forward')) return withHeaders(request, changed);
  switch (place.kind) {
    case 'cookie':
      return withHeaders(request, changed);
    case 'parameter':
      return withoutToken(withHeaders(request, changed), provider, place.name);
    case 'header':
      return isPlainHeader(place.name)
        ? withHeaders(request, changed.set(place.name, []))
        : unknown(`the proxy takes the header ${place.name} away`, ...shownOf(provider));
  }
}

/** The first minor version of which it was seen that tokens are taken out of the path; much older ones leave them there. */
const TAKES_OUT = 38;

/** The token is taken out of the path (JwtParamLocation::removeJwt, source/extensions/filters/http/jwt_authn/extractor.cc). */
function withoutToken(request: RequestView, provider: Cursor, parameter: string): RequestView | Unknown {
  if (request.envoyMinor === undefined || request.envoyMinor < TAKES_OUT)
    return unknown('whether the proxy takes the token out of the path depends on its version', ...shownOf(provider));
  const path = withoutParameter(request.path, parameter);
  return /[^\x21-\x7e]/.test(path)
    ? unknown('the proxy takes the token out of the path, and resolves escapes in it', ...shownOf(provider))
    : withPath(request, path);
}

/** Whether the route is looked for again: where a claim went into a header, or may have, or claims into metadata (handleGoodJwt). */
export function clearsRouteCache({ provider, token }: AcceptedToken): boolean {
  if (!isTrue(provider, 'clear_route_cache')) return false;
  const inMetadata = (field(provider, 'payload_in_metadata').string() ?? '') !== '';
  const claims = field(provider, 'claim_to_headers').items();
  return inMetadata || claims.some((entry) => headerOfClaim(token.claims, entry) !== null);
}

/** null: there is no such claim, or an empty one. */
function headerOfClaim(claims: Fields, entry: Cursor): string | Unknown | null {
  const beyond = unknownField(entry, new Set(['header_name', 'claim_name']));
  if (beyond !== undefined) return beyond;
  const name = field(entry, 'claim_name').string() ?? '';
  const value = Object.hasOwn(claims, name) ? claims[name] : name.includes('.') ? nested(claims, name) : undefined;
  if (typeof value === 'string') return value === '' ? null : value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && value >= 0
      ? String(value)
      : unknown('how the claim is printed is not known', entry);
  return value === undefined || value === null
    ? null
    : unknown('how a claim of several values is handed on is not known', entry);
}

function nested(claims: Fields, name: string): unknown {
  let value: unknown = claims;
  for (const part of name.split('.')) value = isMessage(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  return value;
}

/** What filters behind may ask of a token. */
export function metadataOf({ provider, token }: AcceptedToken): readonly SetMetadata[] {
  const note = (name: string, fields: Fields): SetMetadata[] => {
    const key = field(provider, name).string() ?? '';
    return key === '' ? [] : [{ filter: JWT_METADATA, key, value: new Struct(fields) }];
  };
  return [
    ...note('header_in_metadata', token.header),
    ...note('payload_in_metadata', normalised(provider, token.claims)),
  ];
}

/** Claims that list several words in one text become lists (JwtProvider.normalize_payload_in_metadata). */
function normalised(provider: Cursor, claims: Fields): Fields {
  const names = field(field(provider, 'normalize_payload_in_metadata'), 'space_delimited_claims').strings();
  const lists = names.flatMap((name) => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    return typeof value === 'string' ? [[name, value.split(' ').filter((word) => word !== '')] as const] : [];
  });
  return { ...claims, ...Object.fromEntries(lists) };
}
