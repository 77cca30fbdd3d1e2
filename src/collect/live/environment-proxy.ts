import { contains, isLoopback, parseAddress, parsePrefix } from '../../model/address.ts';
import type { Environment } from './kubeconfig.ts';

/**
 * The proxy that the environment names for a server, as Go's programs read it (golang.org/x/net/http/httpproxy): HTTPS_PROXY or
 * HTTP_PROXY, upper case first, unless NO_PROXY or a loopback address says otherwise.
 * @returns null: ask the server directly
 */
export function environmentProxy(server: URL, environment: Environment): string | null {
  const secure = server.protocol === 'https:';
  // In a CGI program HTTP_PROXY may come from a header of the request.
  if (!secure && environment['REQUEST_METHOD'] !== undefined) return null;
  const proxy = anyCase(environment, secure ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (proxy === '' || bypasses(server, anyCase(environment, 'NO_PROXY'))) return null;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

function anyCase(environment: Environment, name: string): string {
  return environment[name] || environment[name.toLowerCase()] || '';
}

function bypasses(server: URL, noProxy: string): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  const address = parseAddress(host);
  if (host === 'localhost' || (address !== undefined && isLoopback(address))) return true;
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry === '*' || (entry !== '' && matches(entry, host, port)));
}

/** `example.com` is the host and all below it, `.example.com` those below it alone; a port behind narrows both. */
function matches(entry: string, host: string, port: string): boolean {
  const address = parseAddress(host);
  const prefix = parsePrefix(entry);
  if (prefix !== undefined) return address !== undefined && contains(prefix, address);
  const [, name = '', wanted] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [];
  if (name === '' || (wanted !== undefined && wanted !== port)) return false;
  const bare = name.replace(/^\[|\]$/g, '').replace(/^\*(?=\.)/, '');
  if (address !== undefined) return parseAddress(bare)?.text === address.text;
  return bare.startsWith('.') ? host.endsWith(bare) : host === bare || host.endsWith(`.${bare}`);
}
