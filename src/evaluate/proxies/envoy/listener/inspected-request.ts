import { TOKEN } from '../../../../model/request.ts';
import type { HttpRequest } from '../../../../model/request.ts';
import { HTTP1_METHODS, isUnreadableTarget } from '../http/codec-refusal.ts';

/** What http_inspector sees in a request: an application protocol, nothing, or that depends on the version of Envoy. */
export type InspectedAs = 'http/1.1' | 'h2c' | 'nothing' | 'unclear';

// eslint-disable-next-line no-control-regex
const UNREADABLE_PATH = /[^\x21-\x7e]/;

/**
 * How http_inspector reads the first line (source/extensions/filters/listener/http_inspector/http_inspector.cc). Of methods beyond the usual
 * ones it takes any token from Envoy 1.39 on, and none before.
 */
export function inspectedAs({ version, method, path, authority }: HttpRequest): InspectedAs {
  if (version === 'h2') return 'h2c';
  if (method === 'CONNECT') return isUnreadableTarget(authority) ? 'nothing' : 'http/1.1';
  if (!path.startsWith('/')) return 'unclear';
  const usual = HTTP1_METHODS.has(method) && method !== 'MSEARCH';
  if (UNREADABLE_PATH.test(path) || !(usual || TOKEN.test(method))) return 'nothing';
  return usual ? 'http/1.1' : 'unclear';
}
