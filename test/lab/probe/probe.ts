/** Where a request is sent from. */
export type Sender = { readonly pod: string; readonly namespace?: string } | { readonly node: string } | 'outside';

/** How the agent ended. */
interface AgentEnded {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the lab's agent where a sender is: in its network and, of a pod, with its names. `timeout` in milliseconds. */
export type RunAgent = (from: Sender, words: readonly string[], timeout: number, input?: string) => Promise<AgentEnded>;

/** A request that is sent for real. */
export interface Probe {
  readonly from: Sender;
  /** `http://web:80/status/503`, `https://shop.example.test`, `tcp://10.96.10.1:80`, `udp://[fd00:96::a]:53` */
  readonly to: string;
  /** Address that the host of `to` stands for; without it the sender resolves it. */
  readonly address?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a UDP datagram; `hang` is never answered. */
  readonly payload?: string;
  /** Which addresses of a name count; without it the first answer. */
  readonly family?: 4 | 6;
  /** Milliseconds; what takes longer counts as dropped. */
  readonly timeout?: number;
}

/** What became of a request, in the tool's own words. */
export interface ProbeResult {
  readonly disposition: 'delivered' | 'refused' | 'dropped' | 'denied' | 'failed' | 'unresolved' | 'unroutable';
  /** Name of the error: `ECONNREFUSED`, `timeout`, `NXDOMAIN` … */
  readonly error?: string;
  /** HTTP status, of the application or of a proxy. */
  readonly status?: number;
  /** Name of the pod (or `outside`) that answered. */
  readonly backend?: string;
  /** Address and port that the backend saw itself asked at. */
  readonly answeredAt?: string;
  /** Source address that the backend saw. */
  readonly source?: string;
  /** Address that was dialled: the first of the name's. */
  readonly address?: string;
  /** All addresses of the name. */
  readonly addresses?: readonly string[];
  /** The sender's own address. */
  readonly local?: string;
  readonly localPort?: number;
  /** `server` of an HTTP answer. */
  readonly server?: string;
  /** Body of an answer that the agent did not give. */
  readonly body?: string;
  /** Headers of the request as the backend saw them. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One line of `agent probe`. */
interface Outcome {
  readonly stage: 'resolve' | 'connect' | 'answer' | 'answered';
  readonly error?: string;
  readonly status?: number;
  readonly body?: string;
  readonly server?: string;
  readonly address?: string;
  readonly local?: string;
  readonly localPort?: number;
  readonly found?: string[];
  readonly seen?: {
    readonly name: string;
    readonly local: string;
    readonly localPort: number;
    readonly peer: string;
    readonly headers?: Record<string, string>;
  };
}

const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };
const TIMEOUT = 1500;

/** Sends a request `count` times, one after another. */
export async function sendProbes(runAgent: RunAgent, probe: Probe, count: number): Promise<ProbeResult[]> {
  const question = questionOf(probe, count);
  const limit = count * question.timeout + 10_000;
  const ended = await runAgent(probe.from, ['probe', JSON.stringify(question)], limit);
  if (ended.status !== 0) throw new Error(`the probe ${probe.to} could not be sent: ${ended.stderr}`);
  const lines = ended.stdout.split('\n').filter(Boolean);
  return lines.map((line) => resultOf(JSON.parse(line) as Outcome, question.protocol));
}

/** A request that goes with others of its sender. */
export interface CountedProbe {
  readonly probe: Omit<Probe, 'from'>;
  /** It is sent so many times, one after another. */
  readonly count: number;
}

/** Sends many requests of one sender by one process. @param atOnce so many of them at a time @returns the results of each, in their order */
export async function sendTogether(
  runAgent: RunAgent,
  from: Sender,
  probes: readonly CountedProbe[],
  atOnce: number,
): Promise<readonly (readonly ProbeResult[])[]> {
  const questions = probes.map(({ probe, count }) => questionOf(probe, count));
  const limit = questions.reduce((sum, { count, timeout }) => sum + count * timeout, 10_000);
  const input = questions.map((question) => `${JSON.stringify(question)}\n`).join('');
  const ended = await runAgent(from, ['probes', String(atOnce)], limit, input);
  if (ended.status !== 0) throw new Error(`the probes could not be sent: ${ended.stderr}`);
  const lines = ended.stdout.split('\n').filter(Boolean);
  return questions.map(({ protocol }, at) =>
    (JSON.parse(lines[at] ?? '[]') as Outcome[]).map((outcome) => resultOf(outcome, protocol)),
  );
}

/** A probe as the agent reads it. */
function questionOf(probe: Omit<Probe, 'from'>, count: number) {
  const url = new URL(probe.to);
  const protocol = url.protocol.slice(0, -1);
  return {
    protocol,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    address: probe.address ?? '',
    port: Number(url.port) || (PORTS[protocol] ?? 0),
    path: `${url.pathname || '/'}${url.search}`,
    method: probe.method ?? 'GET',
    headers: probe.headers ?? {},
    payload: probe.payload ?? '',
    family: probe.family === undefined ? '' : String(probe.family),
    timeout: probe.timeout ?? TIMEOUT,
    count,
  };
}

function resultOf(outcome: Outcome, protocol: string): ProbeResult {
  const { stage: _stage, found, seen, ...rest } = outcome;
  return {
    disposition: dispositionOf(outcome, protocol),
    ...rest,
    ...(found === undefined ? {} : { addresses: found }),
    ...(seen === undefined
      ? {}
      : {
          backend: seen.name,
          source: seen.peer,
          answeredAt: seen.local.includes(':')
            ? `[${seen.local}]:${seen.localPort}`
            : `${seen.local}:${seen.localPort}`,
          ...(seen.headers === undefined ? {} : { headers: seen.headers }),
        }),
  };
}

/** Errors of a connection that is being made, or of a datagram: the network gave them. */
const OF_NETWORK: Readonly<Record<string, ProbeResult['disposition']>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  EHOSTUNREACH: 'unroutable',
  ENETUNREACH: 'unroutable',
  // A rule in OUTPUT that drops makes sending fail.
  EPERM: 'dropped',
  ETIMEDOUT: 'dropped',
  timeout: 'dropped',
};

/**
 * Whether somebody on the way says no: Envoy's texts for a policy that denies (source/extensions/filters/http/rbac/rbac_filter.cc) and for a
 * token (jwt_verify_lib/status.cc), and none of an external authorization that it cannot ask.
 */
function isDenial(status: number | null | undefined, body: string | undefined): boolean {
  if (status === 401) return body?.startsWith('Jwt ') === true;
  return status === 403 && ['RBAC: access denied', 'Audiences in Jwt are not allowed', '', undefined].includes(body);
}

function dispositionOf({ stage, error, status, body, seen }: Outcome, protocol: string): ProbeResult['disposition'] {
  if (stage === 'resolve') return 'unresolved';
  if (stage === 'answered') {
    if (seen !== undefined) return 'delivered';
    return isDenial(status, body) ? 'denied' : 'failed';
  }
  // A TCP connection that stood and gave no answer did reach something.
  if (stage === 'answer' && protocol !== 'udp') return 'failed';
  const disposition = OF_NETWORK[error ?? ''];
  if (disposition === undefined) throw new Error(`an outcome without a word: ${stage} ${error}`);
  return disposition;
}
