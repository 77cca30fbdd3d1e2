import { Cursor } from '../../model/json.ts';

/** The JSON of an answer. @throws SyntaxError when it is none */
export function jsonAnswer(bytes: Buffer): Cursor {
  return new Cursor('', '', JSON.parse(bytes.toString('utf8')));
}
