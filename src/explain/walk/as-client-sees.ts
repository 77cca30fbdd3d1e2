/**
 * What the client sees of an end that lies behind proxies: each of them in turn may give it up for the time that it takes, or ask again; an
 * answer then travels back through them, and a connection that fails or is closed is what they make of it, until one answers.
 *
 * In: the end, and the proxies that wait for it. Out: what comes out at the client's side. The rules of a proxy are in
 * evaluate/proxies/envoy/upstream-failure.ts.
 */
import type { Unknown } from '../../model/branching.ts';
import type { Disposition } from '../../model/explanation.ts';
import { capital } from '../../model/wording.ts';
import {
  allInTime,
  givenUp,
  isEstablished,
  triedAnswer,
  upstreamFailure,
  type Attempt,
  type UpstreamFailure,
  type UpstreamLoss,
} from '../../evaluate/proxies/envoy/upstream-failure.ts';
import { isUnknown } from '../../evaluate/proxies/envoy/truth.ts';
import type { End, ProxyFrame } from './state.ts';

/** Ends of a connection that a proxy in front of it turns into an error of its own. */
const CONNECTION_FAILURES: ReadonlySet<Disposition> = new Set(['refused', 'dropped', 'unroutable', 'loop']);

/** Ends at somebody who may answer, once the request is there. */
const ARRIVALS: ReadonlySet<Disposition> = new Set(['delivered', 'leaves-snapshot']);

/** What the client sees of an end, and which proxies have used up their retries on it. */
export interface Seen {
  readonly end: End;
  readonly retried: readonly ProxyFrame[];
}

/** @param proxies that wait for the end, the first of them for all others */
export function asClientSees(proxies: readonly ProxyFrame[], how: End, retried: readonly ProxyFrame[] = []): Seen {
  const nearest = proxies.at(-1);
  const passed = nearest === undefined ? null : pass(nearest, how);
  if (nearest === undefined || passed === null) return { end: how, retried };
  const { end, attempts, seconds } = passed;
  const open = attempts > 1 ? unsureRetries(nearest, attempts, seconds) : null;
  if (open !== null) return { end: undeterminedEnd(nearest, end, open), retried };
  if (end.disposition === 'undetermined') return { end, retried };
  const delay = nearest.delay + attempts * seconds;
  return asClientSees(proxies.slice(0, -1), { ...end, delay }, attempts > 1 ? [...retried, nearest] : retried);
}

/** Why it is not known where retries lead; null: it is. */
function unsureRetries(proxy: ProxyFrame, attempts: number, seconds: number): Unknown | null {
  const { again } = proxy.choice;
  if (isUnknown(again)) return again;
  const inTime = allInTime(proxy, attempts, seconds);
  return isUnknown(inTime) ? inTime : null;
}

/** What a proxy makes of something behind it. */
interface Passed {
  readonly end: End;
  readonly attempts: number;
  /** How long each of them takes. */
  readonly seconds: number;
}

/** null: nothing that it makes anything of */
function pass(proxy: ProxyFrame, how: End): Passed | null {
  const loss = lossOf(how);
  if (loss === null && !isAnswer(how) && !ARRIVALS.has(how.disposition)) return null;
  if (proxy.refuses !== null && (loss === null || isEstablished(proxy, loss)))
    return { end: { ...proxy.refuses, backend: how.backend ?? null }, attempts: 1, seconds: 0 };
  const attempt = attemptOf(proxy, how, loss);
  const late = givenUp(proxy, attempt);
  const { seconds } = attempt;
  if (isUnknown(late)) return { end: undeterminedEnd(proxy, how, late), attempts: 1, seconds };
  if (late !== null) {
    const held = `It takes ${seconds} s.`;
    const { all, each } = proxy.limits === null || isUnknown(proxy.limits) ? NO_LIMITS : proxy.limits;
    const waited = (late.detail === 'response_timeout' ? all : each) ?? seconds;
    const end = failureEnd(proxy, { ...how, reason: `${how.reason} ${held}` }, late);
    return { end, attempts: late.attempts, seconds: waited };
  }
  if (loss !== null) return { ...lossPassed(proxy, how, loss), seconds };
  return isAnswer(how) ? { ...answerPassed(proxy, how), seconds } : { end: how, attempts: 1, seconds };
}

const NO_LIMITS = { all: null, each: null };

/** What is dropped is waited for until the proxy gives up connecting; all else takes as long as the proxies behind it hold the request. */
function attemptOf({ connectTimeout }: ProxyFrame, how: End, loss: UpstreamLoss | null): Attempt {
  const connecting = loss?.kind === 'connect' && how.detail === TIMEOUT;
  return { connecting, seconds: connecting ? (connectTimeout ?? 0) : (how.delay ?? 0) };
}

/** An answer of a proxy behind this one, which may be asked again for another one. */
function answerPassed(proxy: ProxyFrame, how: Answer): Omit<Passed, 'seconds'> {
  const tried = triedAnswer(proxy, how.status, how.grpcStatus ?? null);
  if (isUnknown(tried)) return { end: undeterminedEnd(proxy, how, tried), attempts: 1 };
  const { attempts, spent } = tried;
  if (spent === null) return { end: how, attempts };
  const why = attempts > 1 ? `passes on the last of ${attempts} such answers` : 'may not ask again and passes it on';
  return { end: { ...how, reason: `${how.reason} ${capital(nameOf(proxy))} ${why} (${spent}).` }, attempts };
}

type Answer = End & { readonly status: number };

function isAnswer(how: End): how is Answer {
  return (how.disposition === 'failed' || how.disposition === 'denied') && (how.status ?? null) !== null;
}

function lossPassed(proxy: ProxyFrame, how: End, loss: UpstreamLoss): Omit<Passed, 'seconds'> {
  const failure = upstreamFailure(proxy, loss);
  if (isUnknown(failure)) return { end: undeterminedEnd(proxy, how, failure), attempts: 1 };
  // A TCP proxy that loses an established connection closes the other one as well.
  if (failure.status === null && failure.flag === null)
    return { end: proxy.tls ? withoutHandshake(how) : how, attempts: 1 };
  return { end: failureEnd(proxy, how, failure), attempts: failure.attempts };
}

function failureEnd(proxy: ProxyFrame, how: End, { status, grpcStatus, detail, ...failure }: UpstreamFailure): End {
  const flag = [proxy.flag, failure.flag].filter((one) => one !== null).join(',');
  const shown = flag === '' ? '' : ` (${flag})`;
  const what = status === null ? `closes the client's connection${shown}` : `answers ${status}${shown}`;
  const tried = failure.attempts > 1 ? ` after ${failure.attempts} attempts` : '';
  return {
    disposition: how.disposition === 'denied' ? 'denied' : 'failed',
    status,
    grpcStatus,
    flag: flag === '' ? null : flag,
    detail,
    backend: how.backend ?? null,
    reason: `${how.reason} So ${nameOf(proxy)} ${what}${tried}.`,
  };
}

function nameOf({ pod }: ProxyFrame): string {
  return `the proxy of pod ${pod.namespace}/${pod.name}`;
}

/** What becomes of the request is not known, as the proxy may ask again or give it up. */
function undeterminedEnd(proxy: ProxyFrame, how: End, unknown: Unknown): End {
  const reason = `${how.reason} What ${nameOf(proxy)} makes of it is not known: ${unknown.reason}.`;
  return { disposition: 'undetermined', reason, backend: how.backend ?? null, unknown };
}

function withoutHandshake({ handshake: _, ...how }: End): End {
  return how;
}

/** What nobody answers at all. */
const TIMEOUT = 'timeout';

/** How the end looks to the proxy before it; null: it is an answer, or nobody's failure. */
function lossOf(how: End): UpstreamLoss | null {
  // A policy of the network lets no packet through.
  if (how.disposition === 'denied' && how.detail === TIMEOUT) return { kind: 'connect', detail: TIMEOUT };
  if (how.disposition === 'failed' || how.disposition === 'denied')
    return (how.status ?? null) === null
      ? { kind: 'closed', handshake: how.handshake ?? null, heard: how.heard }
      : null;
  if (!CONNECTION_FAILURES.has(how.disposition)) return null;
  // A circle through proxies is nobody's refusal: all of them wait for each other.
  if (how.disposition === 'loop' && how.detail !== 'ttl-exceeded') return null;
  return { kind: 'connect', detail: how.detail ?? null };
}
