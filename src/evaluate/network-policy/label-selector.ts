import type { Cursor } from '../../model/json.ts';
import { all, type Truth } from './three-valued.ts';

/**
 * Whether a LabelSelector matches labels (apimachinery pkg/apis/meta/v1, LabelSelectorAsSelector): matchLabels and
 * matchExpressions together; an empty selector matches everything. An operator or shape that is not known gives null.
 */
export function matchSelector(selector: Cursor, labels: Readonly<Record<string, string>>): Truth {
  if (!selector.isObject()) return null;
  const equal = selector.at('matchLabels');
  if (equal.exists && !equal.isObject()) return null;
  const expressions = selector.at('matchExpressions');
  if (expressions.exists && !Array.isArray(expressions.value)) return null;
  return all([
    ...equal
      .entries()
      .map(([key, value]) => (value.string() === undefined ? null : own(labels, key) === value.string())),
    ...expressions.items().map((one) => matchExpression(one, labels)),
  ]);
}

function matchExpression(expression: Cursor, labels: Readonly<Record<string, string>>): Truth {
  const key = expression.at('key').string();
  if (key === undefined) return null;
  const label = own(labels, key);
  const values = expression.at('values').strings();
  switch (expression.at('operator').string()) {
    case 'In':
      return label !== undefined && values.includes(label);
    case 'NotIn':
      return label === undefined || !values.includes(label);
    case 'Exists':
      return label !== undefined;
    case 'DoesNotExist':
      return label === undefined;
    default:
      return null;
  }
}

function own(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
