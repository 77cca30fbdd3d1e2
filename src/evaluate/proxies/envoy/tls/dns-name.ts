import { lowerAscii } from '../match/string-match.ts';

/** Beginning of a label that stands for letters beyond ASCII (RFC 5890, 2.3.2.5). */
const ENCODED = 'xn--';

/**
 * Whether a DNS name of a certificate is a host's, in any case of letters. A `*` in its first label, where no other stands, is any part of the
 * host's first label, and both have more labels than that; in an encoded label it stands for nothing.
 * Source: source/common/tls/utility.cc Utility::dnsNameMatch, Utility::labelWildcardMatch; RFC 6125, 6.4.3.
 */
export function dnsNameMatches(host: string, name: string): boolean {
  const asked = lowerAscii(host);
  const borne = lowerAscii(name);
  if (asked === borne) return true;
  const [label, parent] = firstLabel(asked);
  const [pattern, domain] = firstLabel(borne);
  if (parent === null || parent !== domain || pattern.startsWith(ENCODED) || domain.includes('*')) return false;
  const [before = '', after, ...more] = pattern.split('*');
  if (after === undefined || more.length > 0) return false;
  return (
    pattern === '*' ||
    (label.length >= before.length + after.length && label.startsWith(before) && label.endsWith(after))
  );
}

/** The first label, and what stands behind its dot; null: there is none. */
function firstLabel(name: string): readonly [string, string | null] {
  const dot = name.indexOf('.');
  return dot < 0 ? [name, null] : [name.slice(0, dot), name.slice(dot + 1)];
}
