import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './ports.ts';

const READY_WITHIN_MS = 20_000;
const LAST_WORDS = 4000;

/** A running Envoy with its admin interface on loopback. */
export class EnvoyProcess {
  readonly #process: ChildProcess;
  readonly #adminPort: number;
  /** What it has written to its standard error. */
  #words = '';

  private constructor(process: ChildProcess, adminPort: number) {
    this.#process = process;
    this.#adminPort = adminPort;
    process.stderr?.on('data', (chunk: Buffer) => (this.#words += chunk.toString()));
  }

  /**
   * Starts Envoy with static resources and waits until it is live.
   * @throws Error with Envoy's own words when it refuses the configuration
   */
  static async start(binary: string, folder: string, bootstrap: object): Promise<EnvoyProcess> {
    const adminPort = await freePort();
    const admin = { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } };
    const file = path.join(folder, 'bootstrap.json');
    writeFileSync(file, JSON.stringify({ admin, ...bootstrap }));
    const options = [
      '--disable-hot-restart',
      '--concurrency',
      '1',
      '--log-level',
      'error',
      '--file-flush-interval-msec',
      '10',
    ];
    const child = spawn(binary, ['-c', file, ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
    const envoy = new EnvoyProcess(child, adminPort);
    for (let waited = 0; waited < READY_WITHIN_MS; waited += 50) {
      if (envoy.#hasEnded) throw new Error(`Envoy refused the configuration: ${envoy.#words}`);
      if ((await envoy.admin('/ready').catch(() => '')).startsWith('LIVE')) return envoy;
      await sleep(50);
    }
    await envoy.stop();
    throw new Error(`Envoy was not live within ${READY_WITHIN_MS} ms: ${envoy.#words}`);
  }

  /** The answer of an admin endpoint. */
  admin(endpoint: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = get({ host: '127.0.0.1', port: this.#adminPort, path: endpoint }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).toString()));
      });
      request.on('error', reject);
    });
  }

  /** Why it has ended by itself, with its last words; null: it runs. */
  get crash(): string | null {
    if (!this.#hasEnded) return null;
    return `${this.#process.signalCode ?? `exit status ${this.#process.exitCode}`}: ${this.#words.slice(-LAST_WORDS)}`;
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}

/** One line of an access log: what Envoy says it did with a connection or request. */
export interface LogEntry {
  /** `hcm`, `tcp` or `listener`. */
  readonly log: string;
  /** Address and port of the client. */
  readonly peer: string;
  /** Address and port that it asked for. */
  readonly local: string;
  readonly code: number;
  readonly flags: string;
  /** How often its upstream was asked; null: not at all. */
  readonly attempts: number | null;
  readonly details: string | null;
  readonly termination: string | null;
  readonly chain: string | null;
  readonly route: string | null;
  readonly cluster: string | null;
  readonly host: string | null;
  /** Why the handshake with the client failed. */
  readonly transport: string | null;
}

/** The access log configuration that writes LogEntry lines. */
export function accessLog(folder: string, log: LogEntry['log']): object[] {
  const format = {
    log,
    peer: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
    local: '%DOWNSTREAM_LOCAL_ADDRESS%',
    code: '%RESPONSE_CODE%',
    flags: '%RESPONSE_FLAGS%',
    attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
    details: '%RESPONSE_CODE_DETAILS%',
    termination: '%CONNECTION_TERMINATION_DETAILS%',
    chain: '%FILTER_CHAIN_NAME%',
    route: '%ROUTE_NAME%',
    cluster: '%UPSTREAM_CLUSTER_RAW%',
    host: '%UPSTREAM_HOST%',
    transport: '%DOWNSTREAM_TRANSPORT_FAILURE_REASON%',
  };
  const type = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog';
  return [
    { name: 'file', typed_config: { '@type': type, path: logFile(folder), log_format: { json_format: format } } },
  ];
}

function logFile(folder: string): string {
  return path.join(folder, 'access.log');
}

/** Reads the log, by `client>server`, until every wanted connection has an entry, or for a second and a half. */
export async function readLog(folder: string, wanted: ReadonlySet<string>): Promise<Map<string, LogEntry[]>> {
  for (let waited = 0; waited <= 1500; waited += 50) {
    const entries = readEntries(folder);
    if ([...wanted].every((key) => entries.get(key)?.some((entry) => entry.log === 'listener'))) break;
    await sleep(50);
  }
  // The entry of a filter may be written after that of its listener.
  await sleep(50);
  return readEntries(folder);
}

function readEntries(folder: string): Map<string, LogEntry[]> {
  const entries = new Map<string, LogEntry[]>();
  const lines = existsSync(logFile(folder)) ? readFileSync(logFile(folder), 'utf8').split('\n') : [];
  for (const line of lines) {
    if (!line.endsWith('}')) continue;
    const entry = JSON.parse(line) as LogEntry;
    const key = `${entry.peer}>${entry.local}`;
    const before = entries.get(key);
    if (before === undefined) entries.set(key, [entry]);
    else before.push(entry);
  }
  return entries;
}
