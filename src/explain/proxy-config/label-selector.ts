import { QuestionError } from '../question/question-input.ts';

type Labels = Readonly<Record<string, string>>;

/** A requirement of a selector: `key`, `!key`, `key=value`, `key==value`, `key!=value`, `key in (a, b)`, `key notin (a, b)`. */
const REQUIREMENT =
  /^(?:(?<absent>!)?\s*(?<key>[\w./-]+)|(?<name>[\w./-]+)\s*(?:(?<equal>==?|!=)\s*(?<value>[\w.-]*)|\s(?<set>in|notin)\s*\((?<values>[\w., -]*)\)))$/;

/**
 * Reads a label selector as kubectl's -l takes it (k8s.io/apimachinery/pkg/labels, Parse). A label that is absent is not equal to
 * any value, so that `!=` and `notin` hold.
 * @throws QuestionError when it is none
 */
export function readSelector(text: string): (labels: Labels) => boolean {
  const tests = text.split(/,(?![^(]*\))/).map((part) => requirement(part.trim()));
  return (labels) => tests.every((test) => test(labels));
}

function requirement(text: string): (labels: Labels) => boolean {
  const { absent, key, name = '', equal, value = '', set, values = '' } = REQUIREMENT.exec(text)?.groups ?? {};
  if (key !== undefined) return (labels) => Object.hasOwn(labels, key) !== (absent === '!');
  if (equal !== undefined) return (labels) => (labels[name] === value) === (equal !== '!=');
  if (set === undefined) {
    throw new QuestionError(`${JSON.stringify(text)} is no label selector`, [
      'Selectors are like: app=reviews,version!=v1',
    ]);
  }
  const list = new Set(values.split(',').map((one) => one.trim()));
  return (labels) =>
    list.has(labels[name] ?? '') === (set === 'in') && (set === 'notin' || Object.hasOwn(labels, name));
}
