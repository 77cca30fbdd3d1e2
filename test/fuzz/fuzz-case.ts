/**
 * Makes wrong snapshots, and holds the answers that they get against the laws.
 *
 * In: a sample and the number of a case; the same number makes the same case. Out: what is wrong with the answer.
 */
import { toUtf8 } from '../../src/collect/encoding.ts';
import { explain } from '../../src/explain/explain.ts';
import { QuestionError, type QuestionInput } from '../../src/explain/question/question-input.ts';
import { resolveQuestion } from '../../src/explain/question/resolve-question.ts';
import { walk } from '../../src/explain/walk/walk.ts';
import { createWorld } from '../../src/explain/world/world.ts';
import { renderAnswer, type AnswerFormat } from '../../src/index.ts';
import type { Artefact, ArtefactSource } from '../../src/model/artefact.ts';
import { probabilitySums } from '../../src/model/branching.ts';
import type { Basis, Explanation, Step } from '../../src/model/explanation.ts';
import type { Facts } from '../../src/model/facts.ts';
import { createWorkspace } from '../../src/workspace.ts';
import { Random } from '../conformance/envoy/random.ts';
import { sampleSource, type SampleName } from '../sample-facts.ts';
import { schemaErrors } from '../schema/explain-schema.ts';
import { cited, Witness } from './evidence.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';
import { questionsOf } from './questions.ts';

/** Milliseconds that no answer may take, on a busy machine. */
const TIME_LIMIT = 8000;
// oxlint-disable-next-line no-control-regex -- finding control characters is the point
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const FORMATS: readonly AnswerFormat[] = ['wide', 'json', 'yaml', 'mermaid'];

/** A sample with the answers that it gives as it is. */
export class Subject {
  readonly source: ArtefactSource;
  readonly questions: readonly QuestionInput[];
  readonly #answers = new Map<QuestionInput, Explanation | null>();
  readonly #facts: Facts;

  constructor(source: ArtefactSource, questions: readonly QuestionInput[]) {
    this.source = source;
    this.questions = questions;
    this.#facts = createWorkspace(source);
  }

  static async of(sample: SampleName): Promise<Subject> {
    return new Subject(await sampleSource(sample), questionsOf(sample));
  }

  /** The answer from the unchanged sample; null when the question cannot be asked of it. */
  answer(question: QuestionInput): Explanation | null {
    const known = this.#answers.get(question);
    if (known !== undefined) return known;
    const { explanation } = askFor(this.#facts, question);
    this.#answers.set(question, explanation);
    return explanation;
  }
}

interface Change {
  readonly artefact: string;
  readonly mutations: readonly Mutation[];
  /** null: the artefact is not there. */
  readonly bytes: Buffer | null;
}

export interface FuzzCase {
  readonly question: QuestionInput;
  readonly changes: readonly Change[];
  readonly random: Random;
}

/** The case of that number. */
export function makeCase(subject: Subject, number: number): FuzzCase {
  const random = new Random(number * 2_654_435_761);
  const question = random.pick(subject.questions);
  const names = subject.source.names();
  const used = subject.answer(question)?.coverage.artefacts ?? [];
  if (random.chance(0.02))
    return { question, changes: removed(random.chance(0.3) ? names : random.some(names, 1, names.length)), random };
  const changes = new Map<string, Change>();
  for (let times = random.pick([1, 1, 1, 2, 3]); times > 0; times--) {
    const artefact = random.pick(used.length > 0 && random.chance(0.8) ? used : names);
    changes.set(artefact, change(random, subject.source, artefact));
  }
  return { question, changes: [...changes.values()], random };
}

function removed(names: readonly string[]): readonly Change[] {
  const removal = MUTATIONS.filter((mutation) => mutation.name === 'removed');
  return names.map((artefact) => ({ artefact, mutations: removal, bytes: null }));
}

function change(random: Random, source: ArtefactSource, artefact: string): Change {
  let bytes: Buffer | null = source.artefact(artefact)?.bytes ?? Buffer.alloc(0);
  const mutations: Mutation[] = [];
  for (let times = random.pick([1, 1, 1, 2]); times > 0 && bytes !== null; times--) {
    const mutation = random.pick(MUTATIONS);
    const after = mutation.apply(random, bytes);
    if (after === undefined) continue;
    bytes = after;
    mutations.push(mutation);
  }
  return { artefact, mutations, bytes };
}

/** The sample with some artefacts changed, as collect would give them. */
function changedSource(source: ArtefactSource, changes: readonly Change[]): ArtefactSource {
  const made = new Map<string, Artefact | null>(
    changes.map(({ artefact, bytes }) => [
      artefact,
      bytes === null ? null : { name: artefact, capturedAt: null, bytes: toUtf8(bytes) },
    ]),
  );
  return {
    names: () => source.names().filter((name) => made.get(name) !== null),
    artefact: (name) => (made.has(name) ? (made.get(name) ?? undefined) : source.artefact(name)),
    gaps: () => source.gaps(),
  };
}

/** A case in words, for whoever has to find out why it failed. */
export function story({ question, changes }: FuzzCase): string {
  const what = changes
    .slice(0, 5)
    .map(({ artefact, mutations }) => `${artefact}: ${mutations.map((one) => one.name).join(', then ')}`);
  return `${question.from} → ${question.to} ${JSON.stringify(question.headers)} with ${what.join('; ')}`;
}

/** What is wrong with the answer to a case; empty when every law holds. */
export function violations(subject: Subject, one: FuzzCase): readonly string[] {
  const source = changedSource(subject.source, one.changes);
  const started = performance.now();
  const facts = createWorkspace(source);
  const { explanation, crash } = askFor(facts, one.question);
  const spent = performance.now() - started;
  const slow = spent > TIME_LIMIT ? [`took ${Math.round(spent)} ms`] : [];
  if (explanation === null) return [...slow, ...(crash === null ? [] : [`crashed: ${crash}`])];
  return [
    ...slow,
    ...schemaErrors(JSON.parse(JSON.stringify(explanation))),
    ...sumErrors(facts, one.question, explanation),
    ...renderErrors(explanation, one.random),
    ...(explanation.verdict === 'reachable' ? falseYes(subject, one, source, explanation) : []),
  ];
}

function askFor(
  facts: Facts,
  question: QuestionInput,
): { readonly explanation: Explanation | null; readonly crash: string | null } {
  try {
    return { explanation: explain(facts, question), crash: null };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { explanation: null, crash: error instanceof QuestionError ? null : text };
  }
}

/** Law 3, over the branches before their conditions are put into words. */
function sumErrors(facts: Facts, question: QuestionInput, { branches }: Explanation): readonly string[] {
  const total = branches.reduce((sum, branch) => sum + branch.probability, 0);
  if (branches.every((branch) => branch.condition === null) && Math.abs(total - 1) < 1e-9) return [];
  const world = createWorld(facts);
  const [first] = resolveQuestion(world, question).questions;
  const sums = first === undefined ? [] : probabilitySums(walk(world, first).branches);
  return sums.filter((sum) => Math.abs(sum - 1) > 1e-9).map((sum) => `branches add up to ${sum}`);
}

function renderErrors(explanation: Explanation, random: Random): readonly string[] {
  const layout = { color: false, columns: 30 + random.below(100), verbose: random.chance(0.3), step: null };
  return (['tree', random.pick(FORMATS)] as const).flatMap((format) => {
    try {
      const text = renderAnswer(explanation, format, layout) ?? '';
      const found = CONTROLS.exec(text)?.[0];
      return found === undefined ? [] : [`${format} holds the control character ${JSON.stringify(found)}`];
    } catch (error) {
      return [`${format} crashed: ${error instanceof Error ? error.stack : String(error)}`];
    }
  });
}

/** Why an answer must not be `reachable`: it cites what does not stand there, or rests on what nobody can read any more. */
function falseYes(
  subject: Subject,
  one: FuzzCase,
  source: ArtefactSource,
  explanation: Explanation,
): readonly string[] {
  const witness = new Witness(source);
  const unfounded = cited(explanation).filter((evidence) => !witness.confirms(evidence));
  const bare = steps(explanation, 'programmed').filter(
    (step) => step.evidence.length === 0 && step.action !== 'assumed',
  );
  const before = subject.answer(one.question);
  const needed =
    before?.verdict === 'reachable'
      ? steps(before).flatMap((step) => step.evidence.map((proof) => proof.artefact))
      : [];
  const lost = one.changes.filter(
    ({ artefact, mutations, bytes }) =>
      needed.includes(artefact) && mutations.at(-1)?.destroys === true && !isDispensable(artefact, bytes, explanation),
  );
  return [
    ...unfounded
      .slice(0, 2)
      .map((evidence) => `reachable by what does not stand there: ${JSON.stringify(evidence).slice(0, 300)}`),
    ...bare.slice(0, 2).map((step) => `reachable by a step without proof: ${step.text}`),
    ...lost.map(({ artefact }) => `reachable without ${artefact}`),
  ];
}

function steps({ branches }: Explanation, basis?: Basis): readonly Step[] {
  const hops = branches.flatMap((branch) => branch.hops);
  return hops.filter((hop) => basis === undefined || hop.basis === basis).flatMap((hop) => hop.steps);
}

/** Artefacts that the same fact can be had without. */
function isDispensable(artefact: string, bytes: Buffer | null, explanation: Explanation): boolean {
  // The health of endpoints that no health check watches stands in the config_dump too.
  if (artefact.endsWith('/envoy/clusters.json')) return true;
  // Where nobody captured routing rules, the answer says that it takes those that the kernel starts with.
  const says = explanation.coverage.assumed.some((text) => text.startsWith('routing rules were not captured'));
  return bytes === null && /\/ip-rule6?\.json$/.test(artefact) && says;
}
