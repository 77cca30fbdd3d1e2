import type { Lab } from '../lab/lab.ts';
import type { ProbeResult } from '../lab/probe/probe.ts';

/** What a proxy wrote about one request or connection. */
export interface LogEntry {
  /** 0: of a connection. */
  readonly status: number;
  /** null: none. */
  readonly flag: string | null;
  readonly detail: string | null;
  /** User-Agent; null: none, or of a connection. */
  readonly agent: string | null;
  /** Address and port of the client. */
  readonly remote: string;
  /** Address and port that it asked for. */
  readonly local: string;
  /** Address and port of the host to which the proxy went on, and its own there; null: it did not. */
  readonly upstream: string | null;
  readonly upstreamLocal: string | null;
  readonly line: string;
}

/** A pod whose proxy writes an access log. */
export interface LoggingPod {
  readonly namespace: string;
  readonly pod: string;
}

/** Istio's own format (pilot/pkg/model/telemetry_logging.go, EnvoyTextLogFormat). */
const ENTRY =
  /^\[\S+\] "[^"]*" (?<status>\d+) (?<flag>\S+) (?<detail>\S+) .* "(?<agent>[^"]*)" "[^"]*" "[^"]*" "(?<upstream>[^"]*)" \S+ (?<upstreamLocal>\S+) (?<local>\S+) (?<remote>\S+) \S+ \S+$/;
/** Envoy flushes the file each ten seconds. */
const FLUSHED_SECONDS = 25;

/**
 * What a proxy wrote about requests that were sent, as soon as it has written about one of them.
 * @param agent User-Agent of the requests, for those whose connections change their source on the way
 * @throws when it writes about none of them
 */
export async function logEntries(
  lab: Lab,
  { namespace, pod }: LoggingPod,
  results: readonly ProbeResult[],
  agent: string,
): Promise<readonly LogEntry[]> {
  const sources = results.map(({ local, localPort }) => ` ${local}:${localPort} `);
  let found: readonly LogEntry[] = [];
  await lab.api.until(`an entry about ${agent} in the access log of ${namespace}/${pod}`, FLUSHED_SECONDS, async () => {
    const { stdout } = await lab.kubectl(['logs', '-n', namespace, pod, '-c', 'istio-proxy']);
    const lines = stdout.toString().split('\n');
    const named = lines.filter((line) => line.includes(`"${agent}"`));
    // A port may have been that of another request before: it tells only where no name does.
    const told = named.length > 0 ? named : lines.filter((line) => sources.some((source) => line.includes(source)));
    found = told.flatMap(entryOf);
    return found.length > 0;
  });
  return found;
}

/** What a proxy wrote from a time on (RFC 3339), as far as it is flushed. */
export async function logSince(lab: Lab, { namespace, pod }: LoggingPod, since: string): Promise<readonly LogEntry[]> {
  const { stdout } = await lab.kubectl(['logs', '-n', namespace, pod, '-c', 'istio-proxy', '--since-time', since]);
  return stdout.toString().split('\n').flatMap(entryOf);
}

function entryOf(line: string): LogEntry[] {
  const groups = ENTRY.exec(line)?.groups;
  if (groups === undefined) return [];
  const orNull = (text = '-'): string | null => (text === '-' ? null : text);
  return [
    {
      status: Number(groups['status']),
      flag: orNull(groups['flag']),
      detail: orNull(groups['detail']),
      agent: orNull(groups['agent']),
      remote: groups['remote'] ?? '',
      local: groups['local'] ?? '',
      upstream: orNull(groups['upstream']),
      upstreamLocal: orNull(groups['upstreamLocal']),
      line,
    },
  ];
}
