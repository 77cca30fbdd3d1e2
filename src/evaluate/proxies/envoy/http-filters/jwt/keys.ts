import { Cursor } from '../../../../../model/json.ts';
import { holdsRedacted } from '../../../../../model/redaction.ts';
import type { VerifySignature } from '../../../../../model/signature.ts';
import { field } from '../../proto-json.ts';
import { WORDS, type Token } from './token.ts';

/** How the modulus of PublicOnlyJwks begins. */
const DISCARDED = '0xObjM0UvS_oaazjpEYlAbwctEJ4L8pH3OuTb7qth7gUwqet-EzQB4dgFdvSdMgrLnSncQGRjpEYz3F3viIbH';
const SENTENCE = 'Error-IstiodFailedToFetchJwksUri-';

/** Why no key of a provider verifies a token. */
export interface NoKey {
  readonly words: string;
  /** istiod could not fetch the provider's keys. */
  readonly unfetched: boolean;
}

/**
 * Whether a key of a provider has signed the token (jwt_verify_lib/verify.cc verifyJwtWithoutTimeChecking: a key of another `kid`, or of
 * another `alg`, is passed over).
 * @param verify absent: signatures are not verified
 * @returns null: perhaps one has
 */
export function judgeKeys(
  provider: Cursor,
  token: Token,
  verify: VerifySignature | undefined,
): 'signed' | NoKey | null {
  const keys = localKeys(provider);
  if (keys === null) return null;
  const matching = keys.filter((key) => {
    const [id = '', algorithm = ''] = [key.at('kid').string(), key.at('alg').string()];
    return (
      (token.keyId === '' || id === '' || id === token.keyId) && (algorithm === '' || algorithm === token.algorithm)
    );
  });
  const unfetched = keys.every(isStandIn);
  if (matching.length === 0) return { words: WORDS.noKey, unfetched };
  if (unfetched) return { words: WORDS.unverified, unfetched };
  let open = false;
  for (const key of matching) {
    const made = verify?.(key.value, token.algorithm, token.signed, token.signature) ?? null;
    if (made === true) return 'signed';
    if (made === 'length' && !open) return { words: WORDS.edwardsLength, unfetched };
    open ||= made !== false;
  }
  return open ? null : { words: WORDS.unverified, unfetched };
}

/** Keys that stand in the configuration itself; null: they stand elsewhere, or cannot be read. */
function localKeys(provider: Cursor): readonly Cursor[] | null {
  const text = field(field(provider, 'local_jwks'), 'inline_string').string();
  if (text === undefined || holdsRedacted(text)) return null;
  try {
    const keys = new Cursor('', '', JSON.parse(text)).at('keys').items();
    return keys.length > 0 ? keys : null;
  } catch {
    return null;
  }
}

/**
 * istiod gives a proxy a key of which nobody has the private half where it cannot fetch those of jwksUri, so that every token is refused
 * (BuildLocalJwks of pilot/pkg/model/jwks_resolver.go): PublicOnlyJwks, and before it one whose modulus was a sentence (CreateFakeJwks).
 */
function isStandIn(key: Cursor): boolean {
  const n = key.at('n').string();
  if (key.at('kty').string() !== 'RSA' || n === undefined) return false;
  return n.startsWith(DISCARDED) || Buffer.from(n, 'base64url').toString('latin1').startsWith(SENTENCE);
}
