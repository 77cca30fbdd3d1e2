/**
 * Whether a pod gets a proxy, from the objects of a snapshot or cluster. In: where they are, a pod or labels. Out: the text for standard output, and
 * whether exactly one webhook injects. It knows neither flags nor the process.
 */
import { collectSnapshots } from './collect/snapshot.ts';
import { checkWebhooks, type Labels, type WebhookAnswer } from './explain/check-inject/injection.ts';
import { podsOfTarget } from './explain/proxy-config/target.ts';
import { QuestionError } from './explain/question/question-input.ts';
import type { ClusterView } from './explain/world/cluster-view.ts';
import { askInRounds, withCluster, type LiveAccess } from './live-question.ts';
import type { ArtefactSource } from './model/artefact.ts';
import { renderOwn } from './proxy-config/present.ts';
import { renderTable } from './render/istioctl/table.ts';
import { clusterViews } from './proxy-config/cluster-views.ts';

export interface InjectQuestion {
  readonly snapshots: readonly string[];
  /** `[TYPE/]NAME[.NAMESPACE]`; null: labels are given. */
  readonly target: string | null;
  readonly namespace: string | null;
  /** `app=web,version=v1` of a pod that is not there yet. */
  readonly labels: string | null;
  /** The cluster that is asked where no snapshot is named. */
  readonly live: LiveAccess;
}

/**
 * Answers.
 * @throws QuestionError when the pod, its namespace or the webhooks are not known; LiveError when the cluster cannot be asked
 */
export async function showInjection(
  question: InjectQuestion,
  format: 'short' | 'reach-json' | 'reach-yaml',
): Promise<{ readonly text: string; readonly injected: boolean }> {
  if ((question.target === null) === (question.labels === null)) {
    throw new QuestionError('check-inject requires one [TYPE/]NAME[.NAMESPACE], or --labels');
  }
  const answers = await webhookAnswers(question);
  const injecting = answers.filter(({ injected }) => injected).length;
  const injected = injecting === 1;
  if (format !== 'short') {
    return { text: await renderOwn({ schemaVersion: '1.0', kind: 'check-inject', items: answers }, format), injected };
  }
  return { text: injectionText(answers, injecting), injected };
}

async function webhookAnswers(question: InjectQuestion): Promise<readonly WebhookAnswer[]> {
  const ask = (source: ArtefactSource, namespace: string | null): readonly WebhookAnswer[] => {
    const views = clusterViews(source);
    return answersOf(views, { ...question, namespace: question.namespace ?? namespace });
  };
  if (question.snapshots.length > 0) return ask(await collectSnapshots(question.snapshots), null);
  return await withCluster(question.live, async (open) => {
    const { source, namespace } = open.cluster;
    return (await askInRounds(open, () => ask(source, namespace))).answer;
  });
}

function answersOf(views: readonly ClusterView[], question: InjectQuestion): readonly WebhookAnswer[] {
  const { view, namespace, labels } = subjectOf(views, question);
  const webhooks = view.objects?.mutatingWebhookConfigurations ?? [];
  if (view.objects?.captured('mutatingwebhookconfigurations') !== true) {
    throw new QuestionError('the webhooks were not listed', [
      'List mutatingwebhookconfigurations of admissionregistration.k8s.io.',
    ]);
  }
  return checkWebhooks(webhooks, labels, namespaceLabels(view, namespace));
}

function injectionText(answers: readonly WebhookAnswer[], injecting: number): string {
  if (answers.length === 0) return 'ERROR: no Istio injection hooks present.\n';
  const rows = answers.map(({ webhook, revision, injected, reason }) => [
    webhook,
    revision,
    injected ? '✔' : '✘',
    reason,
  ]);
  const table = renderTable({ columns: ['WEBHOOK', 'REVISION', 'INJECTED', 'REASON'], rows, padding: 2 });
  return injecting > 1 ? `${table}ERROR: multiple webhooks will inject, which can lead to errors\n` : table;
}

interface Subject {
  readonly view: ClusterView;
  readonly namespace: string;
  readonly labels: Labels;
}

function subjectOf(views: readonly ClusterView[], { target, namespace, labels }: InjectQuestion): Subject {
  if (target !== null) {
    const [found] = podsOfTarget(target, namespace, views);
    if (found === undefined)
      throw new QuestionError(`there is no pod ${target}`, ['Give its namespace with -n, or NAME.NAMESPACE.']);
    return { view: found.view, namespace: found.pod.namespace, labels: found.pod.labels };
  }
  const [view, another] = views;
  if (view === undefined || another !== undefined) {
    throw new QuestionError('labels alone need the snapshot of one cluster', ['Give one --snapshot.']);
  }
  return { view, namespace: namespace ?? 'default', labels: readLabels(labels ?? '') };
}

function readLabels(text: string): Labels {
  const pairs = text.split(',').map((pair) => {
    const [, key = '', value = ''] = /^\s*([^=\s]+)=([^=\s]*)\s*$/.exec(pair) ?? [];
    if (key === '')
      throw new QuestionError(`${JSON.stringify(pair)} is no label`, ['Labels are like: app=web,version=v1']);
    return [key, value] as const;
  });
  return Object.fromEntries(pairs);
}

function namespaceLabels({ objects }: ClusterView, name: string): Labels {
  const found = objects?.namespaces.find((one) => one.name === name);
  if (found === undefined) {
    throw new QuestionError(`there is no namespace ${name}`, ['Its labels decide, too.']);
  }
  return found.labels;
}
