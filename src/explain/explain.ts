/**
 * Answers a question. In: facts and a question as a person types it. Out: a format-neutral Explanation in which every sentence
 * is already written. It must not do I/O and must not know a terminal.
 */
import { runChecks } from '../check/run-checks.ts';
import type { Branch, Explanation, Finding, Party, ReplicaAnswer, Verdict } from '../model/explanation.ts';
import type { Facts } from '../model/facts.ts';
import type { Question } from '../model/question.ts';
import type { Trace } from '../model/trace.ts';
import { coverageOf } from './coverage.ts';
import type { QuestionInput } from './question/question-input.ts';
import { resolveQuestion } from './question/resolve-question.ts';
import { replicaFinding, replicaKey } from './replicas.ts';
import { summaryOf } from './summary.ts';
import { verdictOf } from './verdict.ts';
import { walk } from './walk/walk.ts';
import { createWorld, type World } from './world/world.ts';

/** Version of the JSON that `-o json` prints; the schema of the same version stands in docs/schema. */
const SCHEMA_VERSION = '1.0';

interface OneAnswer {
  readonly question: Question;
  readonly trace: Trace;
  readonly verdict: Verdict;
  readonly summary: string;
  readonly findings: readonly Finding[];
}

/**
 * Walks the question and explains what was met.
 * @throws QuestionError when the question cannot be asked (unknown names, missing port …)
 */
export function explain(facts: Facts, input: QuestionInput): Explanation {
  const world = createWorld(facts);
  const { questions, workload } = resolveQuestion(world, input);
  const answers = questions.map((question) => answer(world, question));
  const main = typical(answers);
  const replicas = workload === null ? [] : replicaAnswers(answers, main);
  const findings = [...main.findings, ...replicaFinding(workload, replicas)];
  // A branch is printed without its conditions: they stand there in words.
  const branches = main.trace.branches.map(({ conditions, ...branch }): Branch => branch);
  return {
    schemaVersion: SCHEMA_VERSION,
    request: {
      from: sourceParty(main.question),
      to: targetParty(main.question),
      protocol: main.question.protocol,
      http: main.question.request.http,
      notes: main.question.notes,
    },
    verdict: main.verdict,
    summary: main.summary,
    coverage: coverageOf(branches, findings, facts.gaps()),
    findings,
    replicas,
    branches,
  };
}

function answer(world: World, question: Question): OneAnswer {
  const trace = walk(world, question);
  const verdict = verdictOf(trace.branches);
  const findings = runChecks({ facts: world.facts, cluster: world.home(question).facts, trace });
  return { question, trace, verdict, summary: summaryOf(question, verdict, trace.branches), findings };
}

/** The answer that most replicas share; of several equally frequent ones the first. */
function typical(answers: readonly OneAnswer[]): OneAnswer {
  const keys = answers.map((one) => replicaKey(one.verdict, one.trace.branches));
  const shared = (key: string): number => keys.filter((other) => other === key).length;
  const most = Math.max(...keys.map(shared));
  const first = answers.find((_, index) => shared(keys[index] ?? '') === most);
  if (first === undefined) throw new Error('a question has at least one client');
  return first;
}

function replicaAnswers(answers: readonly OneAnswer[], main: OneAnswer): readonly ReplicaAnswer[] {
  const key = replicaKey(main.verdict, main.trace.branches);
  return answers.map((one) => ({
    pod:
      sourceParty(one.question).name === null
        ? ''
        : `${sourceParty(one.question).namespace}/${sourceParty(one.question).name}`,
    verdict: one.verdict,
    differs: replicaKey(one.verdict, one.trace.branches) !== key,
    summary: one.summary,
  }));
}

function sourceParty({ source, fromText }: Question): Party {
  const base = { text: fromText, cluster: source.cluster, namespace: null, name: null, ip: null, port: null };
  switch (source.kind) {
    case 'pod': {
      const { namespace, name, ips } = source.pod;
      return { ...base, kind: 'pod', namespace, name, ip: ips[0] ?? null };
    }
    case 'node':
      return { ...base, kind: 'node', name: source.node };
    case 'outside':
      return { ...base, kind: 'outside', ip: source.ip };
  }
}

function targetParty({ target, source }: Question): Party {
  const literal = /^[\d.]+$|:/.test(target.host);
  const base = { text: target.text, cluster: source.cluster, ip: literal ? target.host : null, port: target.port };
  if (target.service !== null) {
    return { ...base, kind: 'service', namespace: target.service.namespace, name: target.service.name };
  }
  if (target.pod !== null) return { ...base, kind: 'pod', namespace: target.pod.namespace, name: target.pod.name };
  return { ...base, kind: literal ? 'address' : 'name', namespace: null, name: literal ? null : target.host };
}
