/**
 * Reads the documents of an Envoy's admin interface.
 *
 * In: an admin interface and the file of the snapshot that is wanted. Out: the document as Envoy printed it, or the gap. Told apart:
 * a proxy that is still starting, text in place of JSON, a document that Envoy itself cannot print, a server that is no Envoy.
 */
import type { Gap } from '../../../model/artefact.ts';
import type { Collected } from '../collector.ts';
import { quoted, StreamError } from '../stream/stream-error.ts';
import type { HttpAnswer } from '../stream/pod-http.ts';
import type { EnvoyAdmin } from './envoy-admin.ts';
import { jsonAnswer } from '../json-answer.ts';

/** Paths on the admin interface (envoy/source/server/admin/admin.cc), by the file of a snapshot. */
export const ENVOY_PATHS: Readonly<Record<string, string>> = {
  'config_dump.json': '/config_dump',
  'clusters.json': '/clusters?format=json',
  'listeners.json': '/listeners?format=json',
  'server_info.json': '/server_info',
  'stats.json': '/stats?format=json',
};

/** What each document begins with (envoy/admin/v3/*.proto); one without any entry is `{}`. */
const BEGINNINGS: Readonly<Record<string, RegExp>> = {
  'config_dump.json': /^\{\s*"configs"/,
  'clusters.json': /^\{\s*(?:\}|"cluster_statuses")/,
  'listeners.json': /^\{\s*(?:\}|"listener_statuses")/,
  'server_info.json': /^\{\s*"(?:version|state)"/,
  'stats.json': /^\{\s*"stats"/,
};

/**
 * Lists of a config_dump that can be had one by one (`?resource=`). Those of clusters and secrets that are still warming are left
 * out: on their own they look like active ones.
 */
const PARTS = [
  'static_listeners',
  'dynamic_listeners',
  'static_clusters',
  'dynamic_active_clusters',
  'static_route_configs',
  'dynamic_route_configs',
  'inline_scoped_route_configs',
  'dynamic_scoped_route_configs',
  'ecds_filters',
];
const ENDPOINT_PARTS = ['static_endpoint_configs', 'dynamic_endpoint_configs'];
/**
 * What Envoy answers, with status 200, when a message holds a type that this build of Envoy does not know
 * (envoy/source/common/protobuf/utility.cc, getJsonStringFromMessageOrError).
 */
const NOT_CONVERTED = 'Failed to convert protobuf message to JSON string';
/** States in which no listener takes connections yet (envoy/admin/v3/server_info.proto). */
const STARTING: ReadonlySet<string> = new Set(['PRE_INITIALIZING', 'INITIALIZING']);

/** The documents of one proxy; each is asked for once. */
export class EnvoyDocuments {
  readonly #admin: EnvoyAdmin;
  readonly #endpoints: boolean;
  readonly #starting: boolean;
  readonly #answers = new Map<string, Promise<HttpAnswer>>();

  /**
   * @param options endpoints: whether a config_dump is to hold those that EDS delivered, which make up most of a large one; starting:
   *   whether it is wanted of a proxy that is still starting
   */
  constructor(admin: EnvoyAdmin, { endpoints, starting }: { readonly endpoints: boolean; readonly starting: boolean }) {
    this.#admin = admin;
    this.#endpoints = endpoints;
    this.#starting = starting;
  }

  /**
   * Reads one document. Unless the options say otherwise, a configuration is only taken from a proxy that has started: one that has not
   * holds listeners that do not listen yet.
   * @param name the artefact's name
   * @param file one of ENVOY_PATHS
   * @throws StreamError when the proxy cannot be asked
   */
  async read(name: string, file: string, signal: AbortSignal): Promise<Collected> {
    const state = this.#starting || file === 'stats.json' ? null : await this.#state(signal);
    if (state !== null && STARTING.has(state) && file !== 'server_info.json') {
      const problem = `the proxy is still starting (state ${state}), so that it does not serve what its configuration says`;
      return gap(name, 'missing', problem, "run it again when it is ready; if it stays so, see the proxy's log");
    }
    const path = ENVOY_PATHS[file] ?? '';
    const wanted = file === 'config_dump.json' && this.#endpoints ? `${path}?include_eds` : path;
    const answer = await this.#get(wanted, signal);
    const text = answer.body.subarray(0, 512).toString('utf8').trimStart();
    if (answer.status === 200 && BEGINNINGS[file]?.test(text) === true) return collected(answer.body);
    if (text.startsWith(NOT_CONVERTED)) {
      const parts = file === 'config_dump.json' ? await this.#byParts(signal) : null;
      const problem = `Envoy cannot print it: ${quoted(text)}`;
      return parts ?? gap(name, 'not-understood', problem, 'see which extension the proxy does not know');
    }
    const said = text === '' ? 'nothing' : quoted(text);
    const problem =
      answer.status === 200
        ? `${this.#admin.place} answers ${path} with ${text.startsWith('{') ? 'JSON of another server' : 'text in place of JSON'}: ${said}`
        : `${this.#admin.place} answers ${path} with status ${answer.status}: ${said}`;
    return gap(name, 'unreadable', problem, "check that it is the port of an Envoy's admin interface");
  }

  /** `LIVE`, `INITIALIZING` …; null: it does not say. */
  async #state(signal: AbortSignal): Promise<string | null> {
    const { status, body } = await this.#get('/server_info', signal);
    if (status !== 200) return null;
    try {
      return jsonAnswer(body).at('state').string() ?? null;
    } catch {
      return null;
    }
  }

  /** The lists that Envoy can print, as it prints them on their own. Readers know from their shape that the dump is not whole. */
  async #byParts(signal: AbortSignal): Promise<Collected | null> {
    const configs: unknown[] = [];
    for (const part of [...PARTS, ...(this.#endpoints ? ENDPOINT_PARTS : [])]) {
      const eds = ENDPOINT_PARTS.includes(part) ? '&include_eds' : '';
      const { status, body } = await this.#get(`/config_dump?resource=${part}${eds}`, signal);
      if (status === 200) configs.push(...elementsOf(body));
    }
    if (configs.length === 0) return null;
    const bootstrap = await this.#get('/config_dump?mask=bootstrap', signal);
    if (bootstrap.status === 200) configs.unshift(...elementsOf(bootstrap.body));
    return collected(Buffer.from(JSON.stringify({ configs }, null, 1)));
  }

  async #get(path: string, signal: AbortSignal): Promise<HttpAnswer> {
    const known = this.#answers.get(path);
    if (known !== undefined) return await known;
    const asking = this.#admin.get(path, signal);
    this.#answers.set(path, asking);
    return await asking;
  }
}

function elementsOf(body: Buffer): readonly unknown[] {
  try {
    const configs = jsonAnswer(body).at('configs');
    return configs.items().map(({ value }) => value);
  } catch {
    return [];
  }
}

function collected(bytes: Buffer): Collected {
  return { bytes, capturedAt: new Date().toISOString() };
}

function gap(artefact: string, kind: Gap['kind'], problem: string, remedy: string): Collected {
  return { gap: { kind, artefact, problem, remedy } };
}

/** Whether an error says that there is no admin interface at a port. */
export function isPortClosed(error: unknown): boolean {
  return error instanceof StreamError && error.failure === 'port-closed';
}
