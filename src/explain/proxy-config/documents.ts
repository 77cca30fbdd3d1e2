import type { Gap } from '../../model/artefact.ts';
import { QuestionError } from '../question/question-input.ts';

const CAPTURE = {
  'config-dump': ['/config_dump', 'config_dump?include_eds=true'],
  clusters: ['/clusters?format=json', 'clusters?format=json'],
} as const;

export type DocumentKind = keyof typeof CAPTURE;

/** The error for a proxy's document that cannot be read: what was found, and what to do. */
export function unreadableDocument(gap: Gap): QuestionError {
  const place = gap.pointer === undefined || gap.pointer === '' ? gap.artefact : `${gap.artefact}, at ${gap.pointer}`;
  const remedy =
    gap.remedy ?? 'capture it again from the proxy, with curl -s localhost:15000/config_dump?include_eds=true';
  return new QuestionError(`${place}: ${gap.problem}`, [`To go on: ${remedy}.`]);
}

/** An answer that was given. */
export interface GivenDocument {
  readonly artefact: { readonly name: string };
  readonly kind: DocumentKind;
  /** It is `{}`, which /clusters of a proxy without clusters is. */
  readonly empty?: boolean;
}

/**
 * The error for an answer that is not at hand.
 * @param others what was given instead
 */
export function missingDocument(wanted: DocumentKind, others: readonly GivenDocument[]): QuestionError {
  const [endpoint, request] = CAPTURE[wanted];
  const found = others
    .map(({ artefact: { name }, kind, empty = false }) => {
      const answer = `the answer of ${CAPTURE[kind][0]}`;
      return empty ? `${name} is an empty object, ${answer} of a proxy without clusters` : `${name} is ${answer}`;
    })
    .join(', and ');
  const also = wanted === 'clusters' ? ' The endpoints in a config_dump are shown by `pc eds`.' : '';
  return new QuestionError(`this needs the proxy's ${endpoint}${found === '' ? '' : `: ${found}`}`, [
    `Capture it with: kubectl exec POD -c istio-proxy -- curl -s "localhost:15000/${request}".${also}`,
  ]);
}

/** The error for two files that are the same kind of answer. */
export function twoDocuments(kind: DocumentKind, one: string, other: string): QuestionError {
  return new QuestionError(`${one} and ${other} are both an answer of ${CAPTURE[kind][0]}`, [
    'Give the files of one proxy.',
  ]);
}
