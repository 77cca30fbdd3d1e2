import { stringify } from 'yaml';
import { escapeControls } from './escape-controls.ts';

/** The value as YAML 1.2. Control characters in strings are written as escapes by the library; the rest is made harmless here. */
export function renderYaml(value: unknown): string {
  return escapeControls(stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }));
}
