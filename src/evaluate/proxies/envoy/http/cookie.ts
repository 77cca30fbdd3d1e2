/**
 * The first cookie of a name in a Cookie header, without quotes around it (Utility::parseCookieValue, source/common/http/utility.cc).
 * @returns null: it has none
 */
export function cookieValue(header: string, name: string): string | null {
  const found = header
    .split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`));
  return found?.slice(name.length + 1).replace(/^"(.*)"$/, '$1') ?? null;
}
