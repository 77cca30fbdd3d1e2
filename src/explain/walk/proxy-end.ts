import { formatEndpoint } from '../../model/address.ts';
import type { EnvoyEnd, EnvoyOutcome, EnvoyUpstream } from '../../model/envoy.ts';
import type { PodFact } from '../../model/kubernetes.ts';
import type { End, ProxyFrame } from './state.ts';

type EndOf<K extends EnvoyEnd['kind']> = Extract<EnvoyEnd, { readonly kind: K }>;

/** The end of a branch at a proxy that answers or closes. @param reason one sentence */
export function proxyEnd(how: EndOf<'reply'> | EndOf<'close'>, reason: string): End {
  const disposition = how.denied ? 'denied' : 'failed';
  const { flag, detail } = how;
  if (how.kind === 'reply') {
    const { status, grpcStatus, delaySeconds: delay } = how;
    return { disposition, status, grpcStatus, flag, detail, delay, reason };
  }
  const { handshake, heard } = how;
  return {
    disposition,
    flag,
    detail,
    reason,
    ...(handshake === undefined ? {} : { handshake }),
    ...(heard === undefined ? {} : { heard }),
  };
}

/** A proxy that has sent a request or connection on. @param visit the same for all that it may do with it */
export function waitingProxy(pod: PodFact, outcome: EnvoyOutcome, how: EnvoyUpstream, visit: object): ProxyFrame {
  return {
    pod,
    http: outcome.steps.some((step) => step.kind === 'route'),
    tls: how.tls !== 'none',
    grpc: how.grpc,
    mapAnswer: (status, flags) => how.mapAnswer(status, flags),
    limits: how.limits,
    delay: how.delaySeconds,
    retries: how.retries,
    connectTimeout: how.connectTimeoutSeconds,
    flag: how.flag,
    refuses: null,
    choice: {
      visit,
      way: () => wayOf(outcome, how),
      host: formatEndpoint(how.address, how.port),
      again: how.retryHost,
    },
  };
}

/** The cluster, and the route that names it. */
function wayOf({ steps }: EnvoyOutcome, { cluster }: EnvoyUpstream): string {
  const routes = steps.filter(({ kind }) => kind === 'route').flatMap(({ evidence }) => evidence);
  return JSON.stringify([cluster, routes.map(({ artefact, pointer }) => [artefact, pointer])]);
}
