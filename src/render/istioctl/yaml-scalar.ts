/**
 * Scalars as go.yaml.in/yaml/v2 writes them, which istioctl uses through sigs.k8s.io/yaml: a string stands plain unless it would be
 * read as something else (resolve.go), with quotes or as a block where its characters ask for it (emitterc.go,
 * yaml_emitter_analyze_scalar and yaml_emitter_select_scalar_style). Lines break at blanks beyond the 80th column.
 */

const BEST_WIDTH = 80;

const WORDS = new Set(
  [
    ['y', 'Y', 'yes', 'Yes', 'YES', 'n', 'N', 'no', 'No', 'NO'],
    ['true', 'True', 'TRUE', 'false', 'False', 'FALSE', 'on', 'On', 'ON', 'off', 'Off', 'OFF'],
    ['', '~', 'null', 'Null', 'NULL', '.nan', '.NaN', '.NAN'],
    ['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF', '-.inf', '-.Inf', '-.INF'],
  ].flat(),
);
const DECIMAL = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const OTHER_BASES = /^[-+]?0([xX][0-9a-fA-F]+|[oO]?[0-7]+|[bB][01]+)$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const TIMESTAMP =
  /^\d{4}-(\d{1,2})-(\d{1,2})(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)| (\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?)?$/;

/** Whether a plain scalar of this text would be no string. */
function resolvesToOther(text: string): boolean {
  if (WORDS.has(text)) return true;
  if (!/^[-+.0-9]/.test(text)) return false;
  const digits = text.startsWith('.') ? text : text.replaceAll('_', '');
  return DECIMAL.test(digits) || OTHER_BASES.test(digits) || BASE_60.test(text) || isTimestamp(text);
}

function isTimestamp(text: string): boolean {
  const found = TIMESTAMP.exec(text);
  if (found === null) return false;
  const [month = 0, day = 0] = [found[1], found[2]].map(Number);
  const [hour = 0, minute = 0, second = 0] = [found[3] ?? found[6], found[4] ?? found[7], found[5] ?? found[8]].map(
    (part) => Number(part ?? 0),
  );
  const lastDay = new Date(Date.UTC(Number(text.slice(0, 4)), month, 0)).getUTCDate();
  return month >= 1 && month <= 12 && day >= 1 && day <= lastDay && hour < 24 && minute < 60 && second < 60;
}

/** Where a scalar begins, and where its further lines do. */
export interface ScalarPlace {
  readonly column: number;
  readonly indent: number;
  /** A key stays on one line. */
  readonly isKey: boolean;
}

/** A string as a scalar. */
export function yamlString(text: string, place: ScalarPlace): string {
  const shape = analyze(text);
  if (text.includes('\n')) return shape.block && !place.isKey ? literal(text, place.indent) : doubleQuoted(text, place);
  if (resolvesToOther(text)) return doubleQuoted(text, place);
  if (shape.plain) return folded(text, place, false);
  if (shape.singleQuoted) {
    return `'${folded(text.replaceAll("'", "''"), { ...place, column: place.column + 1 }, true)}'`;
  }
  return doubleQuoted(text, place);
}

/** Which styles the characters permit, outside of flow collections. */
function analyze(text: string): { plain: boolean; singleQuoted: boolean; block: boolean } {
  const special = Array.from(text).some((character) => !isPrintable(character));
  const breakSpace = text.includes('\n ');
  const spaceBreak = text.includes(' \n');
  const indicators =
    /^(---|\.\.\.|[#,[\]{}&*!|>'"%@`])/.test(text) ||
    /^[?-](\s|$)/.test(text) ||
    /:(\s|$)/.test(text) ||
    /\s#/.test(text);
  const edges = /^[ \n]|[ \n]$/.test(text);
  return {
    plain: !special && !indicators && !edges && !text.includes('\n'),
    singleQuoted: !special && !breakSpace && !spaceBreak,
    block: !special && !spaceBreak && !text.endsWith(' '),
  };
}

/** yamlprivateh.go, is_printable: of the characters beyond U+FFFF none is. */
function isPrintable(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x7f) return code === 0x0a || code >= 0x20;
  return code >= 0xa0 && code <= 0xfffd && code !== 0xfeff && !(code >= 0xd800 && code <= 0xdfff);
}

/** Breaks the line at single blanks beyond the best width; between quotes not at the first and last character. */
function folded(text: string, { column, indent, isKey }: ScalarPlace, quoted: boolean): string {
  if (isKey || column + text.length <= BEST_WIDTH) return text;
  let out = '';
  let at = column;
  let spaces = false;
  const all = Array.from(text);
  for (const [index, character] of all.entries()) {
    const inside = !quoted || (index > 0 && index < all.length - 1);
    if (character === ' ' && !spaces && at > BEST_WIDTH && inside && all[index + 1] !== ' ') {
      out += `\n${' '.repeat(indent)}`;
      at = indent;
    } else {
      out += character;
      at++;
    }
    spaces = character === ' ';
  }
  return out;
}

function literal(text: string, indent: number): string {
  const hint = /^[ \n]/.test(text) ? '2' : '';
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : '';
  const lines = text.replace(/\n$/, '').split('\n');
  const margin = ' '.repeat(indent);
  return `|${hint}${chomp}\n${lines.map((line) => (line === '' ? '' : margin + line)).join('\n')}`;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\0', '0'],
  ['\u0007', 'a'],
  ['\b', 'b'],
  ['\t', 't'],
  ['\n', 'n'],
  ['\v', 'v'],
  ['\f', 'f'],
  ['\r', 'r'],
  ['\u001b', 'e'],
  ['"', '"'],
  ['\\', '\\'],
  ['\u0085', 'N'],
  ['\u00a0', '_'],
  ['\u2028', 'L'],
  ['\u2029', 'P'],
]);

function doubleQuoted(text: string, { column, indent, isKey }: ScalarPlace): string {
  let out = '"';
  let at = column + 1;
  let spaces = false;
  const all = Array.from(text);
  for (const [index, character] of all.entries()) {
    const breaks = character === ' ' && !isKey && !spaces && at > BEST_WIDTH && index > 0 && index < all.length - 1;
    if (breaks) {
      out += `\n${' '.repeat(indent)}${all[index + 1] === ' ' ? '\\' : ''}`;
      at = indent + (all[index + 1] === ' ' ? 1 : 0);
    } else {
      const written = quotedCharacter(character);
      out += written;
      at += written.length;
    }
    spaces = character === ' ';
  }
  return `${out}"`;
}

function quotedCharacter(character: string): string {
  const needsEscape = !isPrintable(character) || /["\\\n\u2028\u2029]/.test(character);
  if (!needsEscape) return character;
  const short = ESCAPES.get(character);
  if (short !== undefined) return `\\${short}`;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** A number as Go prints what it read: an integer as it is, a float in its shortest form (strconv, format `g`). */
export function yamlNumber(text: string): string {
  if (/^-?\d+$/.test(text)) return text;
  const [mantissa = '', exponent = '0'] = Number(text).toExponential().split('e');
  const power = Number(exponent);
  return power >= -4 && power < 6 ? String(Number(text)) : scientific(mantissa, power);
}

function scientific(mantissa: string, power: number): string {
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
