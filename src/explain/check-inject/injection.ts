/**
 * Whether Istio's webhooks would inject a proxy into a pod. In: MutatingWebhookConfigurations, and the labels of a pod and of its
 * namespace. Out: for each configuration whether it would, and why, in the words of `istioctl x check-inject`
 * (istioctl/pkg/checkinject/checkinject.go). It must not read anything itself.
 */
import type { ObjectFact } from '../../model/kubernetes.ts';
import type { Cursor } from '../../model/json.ts';

export interface WebhookAnswer {
  readonly webhook: string;
  /** `''`: it has none. */
  readonly revision: string;
  readonly injected: boolean;
  readonly reason: string;
}

export type Labels = Readonly<Record<string, string>>;

/** Answers of the configurations that are Istio's, by name. */
export function checkWebhooks(configurations: readonly ObjectFact[], pod: Labels, namespace: Labels): WebhookAnswer[] {
  return configurations
    .filter(({ cursor }) => webhooksOf(cursor).some((webhook) => webhook.at('name').string()?.endsWith('istio.io')))
    .map(({ name, labels, cursor }) => ({
      webhook: name,
      revision: labels['istio.io/rev'] ?? '',
      ...answerOf(webhooksOf(cursor), pod, namespace),
    }))
    .toSorted((a, b) => (a.webhook < b.webhook ? -1 : 1));
}

function webhooksOf(configuration: Cursor): Cursor[] {
  return configuration.at('webhooks').items();
}

type Answer = Pick<WebhookAnswer, 'injected' | 'reason'>;

function answerOf(webhooks: readonly Cursor[], pod: Labels, namespace: Labels): Answer {
  for (const webhook of webhooks) {
    const byNamespace = matchSelector(webhook.at('namespaceSelector'), namespace);
    const byPod = matchSelector(webhook.at('objectSelector'), pod);
    const answer =
      byNamespace.matches && byPod.matches
        ? matchedAnswer(byNamespace.label, byPod.label)
        : byNamespace.matches
          ? preventedByPod(webhook.at('objectSelector'), pod)
          : byPod.matches
            ? preventedByNamespace(namespace)
            : undefined;
    if (answer !== undefined) return answer;
  }
  return { injected: false, reason: noMatch(webhooks) };
}

/** A webhook that matches by no label at all says nothing, as with istioctl: those behind it are asked. */
function matchedAnswer(namespace: string, pod: string): Answer | undefined {
  if (namespace !== '' && pod !== '') {
    return { injected: true, reason: `Namespace label ${namespace} matches, and pod label ${pod} matches` };
  }
  if (namespace !== '') {
    const everywhere = namespace.includes('kubernetes.io/metadata.name')
      ? ' (Automatic injection is enabled in all namespaces).'
      : '';
    return { injected: true, reason: `Namespace label ${namespace} matches${everywhere}` };
  }
  return pod === '' ? undefined : { injected: true, reason: `Pod label ${pod} matches` };
}

function preventedByPod(selector: Cursor, pod: Labels): Answer | undefined {
  for (const expression of selector.at('matchExpressions').items()) {
    const { key, operator, values } = readExpression(expression);
    const value = pod[key];
    if (value === undefined) continue;
    if (operator === 'DoesNotExist' || (operator === 'NotIn' && values.includes(value))) {
      return { injected: false, reason: `Pod has ${key}=${value} label, preventing injection` };
    }
  }
  return undefined;
}

function preventedByNamespace(namespace: Labels): Answer | undefined {
  const value = namespace['istio-injection'];
  if (value === undefined || value === 'enabled') return undefined;
  return { injected: false, reason: `Namespace has istio-injection=${value} label, preventing injection` };
}

/** What istiod writes into a webhook of a revision that another one took the place of. */
const NEVER = 'istio.io/deactivated';

function noMatch(webhooks: readonly Cursor[]): string {
  const never = (selector: Cursor): boolean => selector.at('matchLabels', NEVER).string() === 'never-match';
  if (webhooks.some((one) => never(one.at('namespaceSelector')) && never(one.at('objectSelector')))) {
    return 'The injection webhook is deactivated, and will never match labels.';
  }
  const wanted = (name: string): string =>
    webhooks
      .flatMap((one) => one.at(name, 'matchExpressions').items().map(readExpression))
      .flatMap(({ key, operator, values }) => (operator === 'In' ? values.map((value) => `${key}=${value}`) : []))
      .join(', ');
  return `No matching namespace labels (${wanted('namespaceSelector')}) or pod labels (${wanted('objectSelector')})`;
}

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

function readExpression(expression: Cursor): Expression {
  return {
    key: expression.at('key').string() ?? '',
    operator: expression.at('operator').string() ?? '',
    values: expression.at('values').strings(),
  };
}

/** Whether a LabelSelector selects labels, and the label that an In or NotIn of it looked at; without a selector everything is. */
function matchSelector(selector: Cursor, labels: Labels): { readonly matches: boolean; readonly label: string } {
  const wanted = Object.entries(selector.at('matchLabels').stringMap());
  const expressions = selector.at('matchExpressions').items().map(readExpression);
  const matches =
    wanted.every(([key, value]) => labels[key] === value) && expressions.every((one) => holds(one, labels[one.key]));
  if (!matches) return { matches, label: '' };
  const shown = expressions.find(
    ({ key, operator }) => (operator === 'In' || operator === 'NotIn') && labels[key] !== undefined,
  );
  return { matches, label: shown === undefined ? '' : `${shown.key}=${labels[shown.key] ?? ''}` };
}

/** An operator that is none selects nothing (metav1.LabelSelectorAsSelector fails). */
function holds({ operator, values }: Expression, value: string | undefined): boolean {
  if (operator === 'In') return value !== undefined && values.includes(value);
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  if (operator === 'Exists') return value !== undefined;
  return operator === 'DoesNotExist' && value === undefined;
}
