/** What the beginning of an object tells of it, so that the rest need not be read before somebody asks. */
export interface Head {
  /** `chain`: one that hangs on no hook. */
  readonly kind: 'rule' | 'set' | 'map' | 'chain';
  readonly family: string;
  readonly table: string;
  /** Of a rule its chain, of others their own name. */
  readonly name: string;
  /** Sets that the rule changes. */
  readonly updates: readonly string[];
}

/** Objects with their members in the order of nft (src/json.c); names of printable ASCII alone. */
const RULE =
  /^\{\s*"rule"\s*:\s*\{\s*"family"\s*:\s*"(\w+)"\s*,\s*"table"\s*:\s*"([ !#-[\]-~]+)"\s*,\s*"chain"\s*:\s*"([ !#-[\]-~]+)"\s*,\s*"handle"/;
const CHAIN =
  /^\{\s*"chain"\s*:\s*\{\s*"family"\s*:\s*"(\w+)"\s*,\s*"table"\s*:\s*"([ !#-[\]-~]+)"\s*,\s*"name"\s*:\s*"([ !#-[\]-~]+)"\s*,\s*"handle"\s*:\s*\d+\s*\}\s*\}$/;
const SET =
  /^\{\s*"(set|map)"\s*:\s*\{\s*"family"\s*:\s*"(\w+)"\s*,\s*"name"\s*:\s*"([ !#-[\]-~]+)"\s*,\s*"table"\s*:\s*"([ !#-[\]-~]+)"\s*,/;
/** Members that would say it again, differently; an escape could write them in another way. */
const AGAIN = ['"rule"', '"table"', '"chain"'];
const CHANGES = /"(?:set|map)"\s*:\s*"@([^"\\]+)"/g;
/** Longer rules are read whole. */
export const MOST_BYTES = 4096;
const NONE: readonly string[] = [];

/**
 * @param text the first MOST_BYTES of the object, a character for each byte
 * @returns undefined when the object has to be read whole
 */
export function readHead(text: string | undefined): Head | undefined {
  switch (text?.charAt(2)) {
    case 'r':
      return readRule(text);
    case 'c': {
      const [matched, family = '', table = '', name = ''] = CHAIN.exec(text) ?? [];
      return matched === undefined ? undefined : { kind: 'chain', family, table, name, updates: NONE };
    }
    case 's':
    case 'm': {
      const [matched, kind, family = '', name = '', table = ''] = SET.exec(text) ?? [];
      if (matched === undefined) return undefined;
      return { kind: kind === 'map' ? 'map' : 'set', family, table, name, updates: NONE };
    }
    default:
      return undefined;
  }
}

function readRule(text: string): Head | undefined {
  const [matched, family = '', table = '', name = ''] = RULE.exec(text) ?? [];
  if (matched === undefined || text.length >= MOST_BYTES || text.includes('\\')) return undefined;
  if (AGAIN.some((key) => text.includes(key, matched.length))) return undefined;
  const updates = text.includes('"@') ? [...text.matchAll(CHANGES)].map(([, set = '']) => set) : NONE;
  return { kind: 'rule', family, table, name, updates };
}
