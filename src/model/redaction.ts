/** What stands in a snapshot for a value that was taken out of it, and what can still be said of such a value. */

const MARKER = 'REDACTED-';
/** A whole value: the marker and twelve hexadecimal digits; `%%` behind them when the value held a format of Envoy's. */
const WHOLE = /^REDACTED-[0-9a-f]{12}(?:%%)?$/;

/** A flag of what is listed with pseudonyms of addresses: nothing that is computed from an address itself holds of it. */
export const PSEUDONYMOUS_ADDRESSES = `${MARKER}addresses`;

/** The pseudonym of a value by the first digits of its keyed hash. */
export function redacted(digits: string): string {
  return MARKER + digits.slice(0, 12);
}

/** Whether a text is one pseudonym and nothing else. */
export function isPseudonym(text: string): boolean {
  return WHOLE.test(text);
}

/** Whether some part of a text was taken out. */
export function holdsRedacted(text: string): boolean {
  return text.includes(MARKER);
}
