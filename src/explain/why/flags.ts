import { closeNames } from '../question/close-names.ts';
import { QuestionError } from '../question/question-input.ts';

/** A response flag of an access log: its code, its long name (RESPONSE_FLAGS_LONG), and what it says. */
export interface ResponseFlag {
  readonly code: string;
  readonly name: string;
  /** One clause. */
  readonly meaning: string;
}

const flag = (code: string, name: string, meaning: string): ResponseFlag => ({ code, name, meaning });

/** Every flag of Envoy (source/common/stream_info/utility.h, ResponseFlagUtils::CORE_RESPONSE_FLAGS), in its order. */
export const RESPONSE_FLAGS: readonly ResponseFlag[] = [
  flag('LH', 'FailedLocalHealthCheck', 'the proxy answers its own health check with a failure'),
  flag('UH', 'NoHealthyUpstream', 'the cluster has no host that a request may go to'),
  flag('UT', 'UpstreamRequestTimeout', 'the upstream did not answer in time'),
  flag('LR', 'LocalReset', 'the proxy reset the stream'),
  flag('UR', 'UpstreamRemoteReset', 'the upstream reset the stream'),
  flag('UF', 'UpstreamConnectionFailure', 'the connection to the upstream could not be made'),
  flag('UC', 'UpstreamConnectionTermination', 'the upstream closed an established connection'),
  flag('UO', 'UpstreamOverflow', 'a circuit breaker of the cluster is open'),
  flag('NR', 'NoRouteFound', 'no route, or no filter chain, takes the request'),
  flag('DI', 'DelayInjected', 'a fault delayed the request'),
  flag('FI', 'FaultInjected', 'a fault answered the request'),
  flag('RL', 'RateLimited', 'a rate limit refused the request'),
  flag('UAEX', 'UnauthorizedExternalService', 'an external authorization service refused the request, or failed'),
  flag('RLSE', 'RateLimitServiceError', 'the rate limit service failed'),
  flag('DC', 'DownstreamConnectionTermination', 'the client closed the connection'),
  flag('URX', 'UpstreamRetryLimitExceeded', 'all retries or connection attempts were used up'),
  flag('SI', 'StreamIdleTimeout', 'nothing was sent on the stream for too long'),
  flag('IH', 'InvalidEnvoyRequestHeaders', 'an x-envoy header of the request is none that strict checking allows'),
  flag('DPE', 'DownstreamProtocolError', 'what the client sent is not the protocol that the listener reads'),
  flag('UMSDR', 'UpstreamMaxStreamDurationReached', 'the request took longer than a stream may'),
  flag('RFCF', 'ResponseFromCacheFilter', 'a cache of the proxy answered the request'),
  flag('NFCF', 'NoFilterConfigFound', 'the configuration of a filter was not delivered in time'),
  flag('DT', 'DurationTimeout', 'the connection lasted longer than it may'),
  flag('UPE', 'UpstreamProtocolError', 'what the upstream sent is not the protocol that the cluster speaks'),
  flag('NC', 'NoClusterFound', 'the proxy does not have the cluster that the route names'),
  flag('OM', 'OverloadManagerTerminated', 'the overload manager refused the request'),
  flag('DF', 'DnsResolutionFailed', 'the name of the upstream could not be resolved'),
  flag('DO', 'DropOverLoad', 'a part of the requests to the cluster is dropped'),
  flag('UDO', 'UnconditionalDropOverload', 'all requests to the cluster are dropped'),
  flag('DR', 'DownstreamRemoteReset', 'the client reset the stream'),
];

/**
 * Reads flags as an access log has them: `UF,URX`, codes or long names, in any case.
 * @throws QuestionError with every flag there is when one of them is none
 */
export function readFlags(text: string): readonly ResponseFlag[] {
  const words = text.split(/[,\s]+/).filter((word) => word !== '');
  const found = words.map((word) => {
    const wanted = word.toLowerCase();
    const known = RESPONSE_FLAGS.find(
      ({ code, name }) => code.toLowerCase() === wanted || name.toLowerCase() === wanted,
    );
    if (known !== undefined) return known;
    const close = closeNames(
      word,
      RESPONSE_FLAGS.flatMap(({ code, name }) => [code, name]),
    );
    throw new QuestionError(`${JSON.stringify(word)} is no response flag of Envoy`, [
      ...(close.length === 0 ? [] : [`Like it: ${close.join(', ')}.`]),
      ...RESPONSE_FLAGS.map(({ code, name, meaning }) => `${code.padEnd(5)} ${name}: ${meaning}`),
    ]);
  });
  if (found.length === 0) throw new QuestionError('no response flag is named', ['Give one or several: UF or UF,URX.']);
  return [...new Set(found)];
}
