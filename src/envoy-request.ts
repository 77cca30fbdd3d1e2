/**
 * What `kubectl reach envoy-request`, and anybody who asks about one Envoy alone, may call: apart from src/index.ts, because it needs
 * a small part of all that the walk needs. In: paths and descriptions of requests. Out: answers and their text. It knows neither
 * flags nor the process.
 */
import type { EnvoyRequestAnswer } from './explain/envoy-request/envoy-request.ts';
import { renderEnvoyRequest } from './render/envoy-request.ts';
import { renderJson } from './render/json.ts';

export { answerRequests, openEnvoyProxy, type EnvoyProxy } from './envoy-proxy.ts';
export { asFlag, readHeaders } from './explain/envoy-request/request-line.ts';
export { renderGaps } from './render/gaps.ts';

/** Text of what an Envoy does with one request. */
export async function renderEnvoyRequestAnswer(
  answer: EnvoyRequestAnswer,
  format: 'text' | 'json' | 'yaml',
  color: boolean,
): Promise<string> {
  if (format === 'text') return renderEnvoyRequest(answer, color);
  if (format === 'json') return renderJson(answer);
  // Loaded here: it costs more than an answer.
  const { renderYaml } = await import('./render/yaml.ts');
  return renderYaml(answer);
}

const HTTP_ERRORS = 400;

/**
 * What the answer for one request means to a caller: undetermined where some branch is; reachable where every one goes to an
 * upstream or is answered by the proxy with a status below 400.
 */
export function envoyRequestStatus({ outcomes }: EnvoyRequestAnswer): 'ok' | 'unreachable' | 'undetermined' {
  if (outcomes.some(({ undetermined }) => undetermined !== null)) return 'undetermined';
  const passes = outcomes.every(({ status, endpoints }) =>
    status === null ? endpoints.length > 0 : status < HTTP_ERRORS,
  );
  return passes ? 'ok' : 'unreachable';
}
