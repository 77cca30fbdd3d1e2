/** A message of any fields (google.protobuf.Struct). */
export class Struct {
  readonly fields: Readonly<Record<string, unknown>>;

  /** @param fields as parsed from JSON; a Struct counts as the object that it holds */
  constructor(fields: Readonly<Record<string, unknown>>) {
    this.fields = fields;
  }
}
