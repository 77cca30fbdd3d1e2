/** Names that tell that what they name is a secret. Nothing else is known of them: they are the habits of those who write software. */

/** A name without its separators and in lower case: `x-api-key`, `xApiKey` and `X_API_KEY` are one name. */
export function bareName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '');
}

const SECRET_WORD =
  /passw(?:or)?d|passwd|passphrase|passcode|secret|credential|apikey|accesskey|privatekey|signingkey|encryptionkey|authkey|sharedkey|sessionkey|licen[cs]ekey|masterkey|accountkey|bearer|hmac|sessionid|connectionstring|dsn$|token$|tokens$|^token|pwd$|^pin$|htpasswd|kubeconfig$|dockerconfig/;

/** Fields whose names sound like a secret and hold the name of one, or a setting. */
const NO_SECRET =
  /(?:name|names|ref|reference|path|file|filename|uri|url|type|key|kind|namespace|version|expiration|expirationseconds|lifetime|ttl|format|policy|mode|enabled|config|configs|sds|selector|template|audience|issuer|header|headers|prefix|algorithm)$/;

/** Whether a field, variable, flag or parameter of this name holds a secret itself. */
export function isSecretName(name: string): boolean {
  const bare = bareName(name);
  if (!SECRET_WORD.test(bare)) return false;
  if (/(?:api|access|private|signing|encryption|auth|shared|session|licen[cs]e|master|account)key$/.test(bare))
    return true;
  return !NO_SECRET.test(bare);
}

const CREDENTIAL_HEADER =
  /^(?:proxy)?authorization$|cookie|apikey|token|secret|passw(?:or)?d|passwd|credential|session|signature|csrf|xsrf|jwt|accesskey|authkey|(?:^|x)auth(?!or)|auth$|clientcert|xfcc|assertion|bearer|hmac|ticket|nonce|subscriptionkey|functionskey|key$/;

/** Whether a header, cookie or query parameter of this name carries a credential. */
export function isCredentialHeader(name: string): boolean {
  if (name === '' || name.startsWith(':')) return false;
  return CREDENTIAL_HEADER.test(bareName(name));
}
