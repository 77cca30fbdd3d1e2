/**
 * The response flags that an answer foretells, held against the access logs of all proxies of a mesh.
 *
 * A request over HTTP is found by its User-Agent: the proxy that answered it is the one whose entry does not say `via_upstream`. A
 * connection is followed from proxy to proxy by its addresses and ports: what counts is the first flag on its way, as its client is told
 * of no other. UR says no more than that the one behind closed with bytes unread, which is a matter of time: what that one wrote counts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Explanation } from '../../../src/model/explanation.ts';
import type { Lab } from '../../lab/lab.ts';
import type { ProbeResult } from '../../lab/probe/probe.ts';
import { MOVED } from './random-service-entries.ts';
import { logSince, type LogEntry, type LoggingPod } from '../../agreement/access-log.ts';

/** A request that was explained and sent. */
export interface Sent {
  /** User-Agent, of requests over HTTP. */
  readonly agent: string;
  /** Port that was asked. */
  readonly port: number;
  /** A node hides who asks: no log tells of its connections. */
  readonly hidden: boolean;
  readonly explanation: Explanation;
  readonly results: readonly ProbeResult[];
}

/** Envoy flushes the file each ten seconds, of each worker for itself. */
const FLUSHED_MS = 25_000;

/** A host as Envoy calls it for a mirror (source/common/router/shadow_writer_impl.cc). */
const SHADOW = /-shadow(?::\d+)?" "/;

/** What all proxies wrote from a time on, as soon as it tells of each request that one of them ends. */
export async function readLogs(
  lab: Lab,
  proxies: readonly LoggingPod[],
  since: string,
  sent: readonly Sent[],
): Promise<readonly LogEntry[]> {
  for (let waited = 0; ; waited += 1000) {
    const entries = (await Promise.all(proxies.map((proxy) => logSince(lab, proxy, since)))).flat();
    if (waited >= FLUSHED_MS || sent.every((one) => !isEnded(one, entries) || isTold(one, shown(entries, one))))
      return entries;
    await sleep(1000);
  }
}

/** Whether proxies wrote how it ended: UR alone is what one wrote whose other side has yet to write why, unless it has nothing to write. */
function isTold({ explanation }: Sent, seen: readonly Shown[]): boolean {
  return seen.some(({ end }) => end !== '0 UR') || (seen.length > 0 && endsOf(explanation).has('0 -'));
}

/** What an answer foretells, in the terms of a log. */
function endsOf({ branches }: Explanation): ReadonlySet<string> {
  return new Set(branches.map(({ status, flag }) => `${status ?? 0} ${flag ?? '-'}`));
}

/** Whether a proxy ends it in any case, with a status or a flag. */
function isEnded({ explanation, hidden, agent }: Sent, entries: readonly LogEntry[]): boolean {
  if (hidden && !entries.some((entry) => entry.agent === agent)) return false;
  return explanation.branches.every(({ status, flag }) => status !== null || flag !== null);
}

/** @returns in words, what proxies wrote that the answer does not foretell; empty: they agree */
export function flagDifferences(entries: readonly LogEntry[], sent: Sent): readonly string[] {
  const expected = endsOf(sent.explanation);
  const seen = shown(entries, sent);
  if (seen.length === 0) return isEnded(sent, entries) ? [`no proxy wrote about it${near(entries, sent)}`] : [];
  const other = seen.find(({ end }) => end !== null && !expected.has(end) && !(end === '0 UR' && expected.has('0 -')));
  return other === undefined ? [] : [`the log says ${other.end}: ${other.line}`];
}

/** What proxies wrote about the ports that asked, which is some other connection's or one that is not followed. */
function near(entries: readonly LogEntry[], { results }: Sent): string {
  const lines = results.flatMap(({ localPort }) => entries.filter(({ remote }) => remote.endsWith(`:${localPort}`)));
  return lines.map(({ line }) => `\n  near: ${line}`).join('');
}

/** What a proxy wrote about a request or connection. */
interface Shown {
  /** In the terms of a branch: `503 UF`, of a connection `0 UH`, `0 -` where it stood. null: somebody behind it answered. */
  readonly end: string | null;
  readonly line: string;
}

function shown(entries: readonly LogEntry[], { agent, port, results }: Sent): Shown[] {
  // What a mirror gets is nobody's answer.
  const named = entries.filter(({ agent: own, status, line }) => own === agent && status > 0 && !SHADOW.test(line));
  if (named.length > 0)
    return named.map(({ status, flag, detail, line }) => ({
      end: detail === 'via_upstream' ? null : `${status} ${flag ?? '-'}`,
      line,
    }));
  return results.flatMap((result) => {
    const way = wayOf(entries, result, port);
    const flagged = way.filter(({ flag }) => flag !== null);
    const told = flagged.find(({ flag }) => flag !== 'UR') ?? flagged[0] ?? way[0];
    return told === undefined ? [] : [{ end: `${told.status} ${told.flag ?? '-'}`, line: told.line }];
  });
}

/** The entries about a connection, from the client's proxy on. */
function wayOf(entries: readonly LogEntry[], { local, localPort, address }: ProbeResult, port: number): LogEntry[] {
  const way: LogEntry[] = [];
  const asked = `${address}:${port}`;
  let entry = between(entries, `${local}:${localPort}`, asked) ?? renumbered(entries, `${local}:`, asked);
  while (entry !== undefined && !way.includes(entry)) {
    way.push(entry);
    const { upstream, upstreamLocal } = entry;
    entry = upstream === null || upstreamLocal === null ? undefined : between(entries, upstreamLocal, upstream);
  }
  return way;
}

/**
 * The entry about a connection whose port the kernel changed: two connections from one port to several addresses, redirected to one, would
 * be the same (nf_nat_core.c, get_unique_tuple). All of this client to that address say the same.
 */
function renumbered(entries: readonly LogEntry[], client: string, asked: string): LogEntry | undefined {
  const own = entries.filter(
    ({ status, remote, local }) => status === 0 && local === asked && remote.startsWith(client),
  );
  return own.every(({ flag }) => flag === own[0]?.flag) ? own[0] : undefined;
}

/** Ports of the ingress gateway's Service, whose pods listen on others. */
const TARGET_PORTS: Readonly<Record<string, string>> = { 80: '8080', 443: '8443' };

/** The port behind that of a Service. */
function targetPort(port: string): string {
  return TARGET_PORTS[port] ?? String(Number(port) - MOVED);
}

/** The entry about a connection; kube-proxy may have changed the address that is asked for. */
function between(entries: readonly LogEntry[], remote: string, local: string): LogEntry | undefined {
  // Of a request that the codec refuses nobody knows the User-Agent.
  const own = entries.filter((entry) => entry.agent === null && entry.remote === remote);
  const port = portOf(local);
  const behind = (wanted: string): LogEntry | undefined => own.find((entry) => portOf(entry.local) === wanted);
  // A port that is used again tells of another connection, which asks for another port.
  return own.find((entry) => entry.local === local) ?? behind(port) ?? behind(targetPort(port));
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}
