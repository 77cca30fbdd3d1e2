const CAMEL = new Map<string, string>();

/** The spelling of a protobuf field as JSON has it: `health_status` → `healthStatus` (proto3 JSON mapping, json_name). */
export function camelCase(field: string): string {
  let camel = CAMEL.get(field);
  if (camel === undefined) {
    camel = field.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    CAMEL.set(field, camel);
  }
  return camel;
}
