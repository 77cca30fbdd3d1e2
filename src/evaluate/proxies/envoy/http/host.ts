/** The authority as HCM and route tables take it apart (source/common/http/header_utility.cc). */

/** Where the port's colon stands; -1 without a port. A colon inside brackets belongs to an IPv6 address (getPortStart). */
function portStart(authority: string): number {
  const colon = authority.lastIndexOf(':');
  return colon < 0 || authority.lastIndexOf(']') > colon ? -1 : colon;
}

export function withoutPort(authority: string): string {
  const colon = portStart(authority);
  return colon < 0 ? authority : authority.slice(0, colon);
}

/**
 * Strips the port (stripPortFromHost): any port, or only the listener's own. What is no number stays.
 * @param only the port that may go; undefined: any
 */
export function stripPort(authority: string, only?: number): string {
  const colon = portStart(authority);
  const port = colon < 0 ? '' : authority.slice(colon + 1);
  if (!/^\d{1,10}$/.test(port) || Number(port) > 0xffffffff) return authority;
  return only === undefined || Number(port) === only ? authority.slice(0, colon) : authority;
}

/** Removes one dot at the end of the host, before a port if there is one (stripTrailingHostDot). */
export function stripTrailingDot(authority: string): string {
  const dot = authority.lastIndexOf('.');
  if (dot < 0) return authority;
  if (dot === authority.length - 1) return authority.slice(0, -1);
  return authority[dot + 1] === ':' ? authority.slice(0, dot) + authority.slice(dot + 1) : authority;
}
