import { readFileSync } from 'node:fs';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';

const SCHEMA = JSON.parse(
  readFileSync(new URL('../../docs/schema/service.schema.json', import.meta.url), 'utf8'),
) as AnySchemaObject;
const validate = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, allErrors: true }).compile(
  SCHEMA,
);

/** What the published schema says against a report of `service`; empty when it is one. */
export function serviceSchemaErrors(report: unknown): readonly string[] {
  if (validate(report)) return [];
  return (validate.errors ?? []).map(
    (error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
  );
}
