import type { Retries } from '../../../src/model/envoy.ts';

/** Retries of everything that is lost, and of answers with one of some statuses. @param count attempts after the first */
export function retriesOf(count: number, ...statuses: readonly number[]): Retries {
  return {
    count,
    spent: 'URX',
    hostRedraws: 0,
    onConnectFailure: true,
    onReset: true,
    onAnswer: (status) => statuses.includes(status),
  };
}
