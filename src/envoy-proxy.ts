/**
 * An Envoy of which a person has the config_dump, to be asked about requests. In: paths as given. Out: something that answers, and
 * what of the files was not understood. It evaluates nothing itself.
 */
import { collectLooseFile } from './collect/loose-file.ts';
import {
  EnvoyRequestAnswers,
  ToldRequests,
  type EnvoyRequestAnswer,
  type EnvoyRequestFailure,
} from './explain/envoy-request/envoy-request.ts';
import type { Spelling } from './explain/envoy-request/request-line.ts';
import { QuestionError } from './explain/question/question-input.ts';
import { gapRaw, type Gap } from './model/artefact.ts';
import type { EnvoyFacts } from './model/envoy.ts';
import { parseCertificates } from './parse/certificate/certificate.ts';
import { verifySignature } from './parse/certificate/json-web-key.ts';
import { parseEnvoyClusters } from './parse/envoy/admin.ts';
import { parseEnvoyConfigDump, type DumpReading } from './parse/envoy/config-dump.ts';
import { refillEnvoyRequestEnd, renderEnvoyRequestEnd, renderEnvoyRequestLine } from './render/envoy-request.ts';
import { renderJsonLine } from './render/json.ts';

/** Paths (`-` is standard input) of what the admin endpoints of a proxy gave. */
export interface EnvoyFiles {
  /** /config_dump, best with `?include_eds` */
  readonly configDump: string;
  /** /clusters?format=json; null: it was not captured */
  readonly clusters: string | null;
}

export interface EnvoyProxy {
  /** Answers one description of a request (see `readRequestLine` for its members). @param spell how a failure calls them */
  answer(description: unknown, spell?: Spelling): EnvoyRequestAnswer | EnvoyRequestFailure;
  /** The same of a line of JSON, answered with a line. */
  answerLine(line: string): AnsweredLine;
  /** What was not understood among the parts that were looked at so far. */
  gaps(): readonly Gap[];
}

/** One line of JSON for a line of JSON. */
export interface AnsweredLine {
  readonly text: string;
  /** It says why there is no answer. */
  readonly failed: boolean;
}

/**
 * For many questions: up to 400 MiB a dump fits into one text of JavaScript, and reading it whole is less work than part by part; from 2 MiB
 * on, looking for the parts is less work still where the lines tell where they are.
 */
const FOR_MANY: DumpReading = { wholeBytes: 400 * 1024 * 1024, linesBytes: 2 * 1024 * 1024 };

/**
 * Reads what was captured of a proxy.
 * @param questions how many are to come, which only changes what is read when
 * @throws InputError when a file cannot be read, QuestionError when it is no such answer
 */
export async function openEnvoyProxy(files: EnvoyFiles, questions: 'one' | 'many'): Promise<EnvoyProxy> {
  const dump = await collectLooseFile(files.configDump);
  const config = questions === 'many' ? parseEnvoyConfigDump(dump, FOR_MANY) : parseEnvoyConfigDump(dump);
  if (config.value.sections.size === 0) throw notReadable(files.configDump, 'a config_dump', config.gaps);
  const clusters = files.clusters === null ? null : parseEnvoyClusters(await collectLooseFile(files.clusters));
  if (files.clusters !== null && clusters?.gaps.some((gap) => gap.kind === 'unreadable') === true)
    throw notReadable(files.clusters, 'an answer of /clusters?format=json', clusters.gaps);
  const facts: EnvoyFacts = {
    config: config.value,
    clusters: clusters?.value ?? null,
    listeners: null,
    serverInfo: null,
    readCertificates: parseCertificates,
    verifySignature,
  };
  const answers = new EnvoyRequestAnswers(facts);
  const requests = new ToldRequests(facts, AS_LINE);
  return {
    answer: (description, spell) => answers.answer(description, spell),
    answerLine: (line) => answerLine(requests, line),
    gaps: () => [...config.gaps, ...(clusters?.gaps ?? [])],
  };
}

/** The end of a line. */
const AS_LINE = { tell: renderEnvoyRequestEnd, refill: refillEnvoyRequestEnd };

/** Answers may be much longer than questions: they are handed on in groups. */
const LINES_AT_ONCE = 500;

/**
 * Answers descriptions of requests, one JSON object a line, in order; blank lines are left out.
 * @param path `-` is standard input
 * @throws InputError when the file cannot be read
 */
export async function* answerRequests(proxy: EnvoyProxy, path: string): AsyncGenerator<readonly AnsweredLine[], void> {
  // Loaded here: a single request needs no streams.
  const { collectLineGroups } = await import('./collect/lines.ts');
  for await (const lines of collectLineGroups(path, LINES_AT_ONCE)) {
    yield lines.map(({ text, cut }) =>
      cut ? failedLine(gapRaw(text), 'this line is too long for a request') : proxy.answerLine(text),
    );
  }
}

function answerLine(requests: ToldRequests<string>, line: string): AnsweredLine {
  let description: unknown;
  try {
    description = JSON.parse(line);
  } catch {
    return failedLine(gapRaw(line.trim()), 'this line is no JSON');
  }
  const answer = requests.ask(description);
  if (typeof answer === 'string') return failedLine(description, answer);
  return { text: renderEnvoyRequestLine(line.trim(), answer.told), failed: false };
}

function failedLine(request: unknown, error: string): AnsweredLine {
  return { text: renderJsonLine({ request, error }), failed: true };
}

function notReadable(path: string, what: string, gaps: readonly Gap[]): QuestionError {
  const [first] = gaps;
  const why = first === undefined ? '' : `: ${first.problem}`;
  const remedy = first?.remedy ?? 'capture it again from the admin port of the proxy';
  return new QuestionError(`${path} is not ${what}${why}`, [`${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.`]);
}
