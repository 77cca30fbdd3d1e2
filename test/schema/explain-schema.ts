import { readFileSync } from 'node:fs';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';

/** docs/schema/explain.schema.json */
export const EXPLAIN_SCHEMA = JSON.parse(
  readFileSync(new URL('../../docs/schema/explain.schema.json', import.meta.url), 'utf8'),
) as AnySchemaObject;

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, allErrors: true });
const validate = ajv.compile(EXPLAIN_SCHEMA);

/** What the published schema says against a value; empty when it is one of its answers. */
export function schemaErrors(value: unknown): readonly string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    (error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
  );
}
