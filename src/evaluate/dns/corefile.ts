/** One directive of a Corefile: a plugin with its arguments and, in braces, its options. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly options: readonly Directive[];
  /** 1-based line in the Corefile. */
  readonly line: number;
}

/** One server block: for which zones at which port it answers. */
export interface ServerBlock {
  /** Zones without closing dot; `''` is the root. */
  readonly zones: readonly string[];
  readonly directives: readonly Directive[];
}

interface Word {
  readonly text: string;
  readonly line: number;
}

const MAX_DEPTH = 20;

/**
 * Reads a Corefile (the Caddyfile syntax: lexer and parser of coredns/caddy, caddyfile). Snippets are put in where they are
 * imported. Server blocks that plain DNS does not reach (tls://, https://, grpc:// …) are left out.
 *
 * @param imported text of the files that an `import` names; undefined when nobody knows them
 * @returns undefined when braces do not match
 */
export function parseCorefile(
  text: string,
  imported: (pattern: string) => string | undefined,
): { readonly servers: readonly ServerBlock[]; readonly missing: readonly string[] } | undefined {
  const missing: string[] = [];
  const blocks = readDirectives(lines(text), 0);
  if (blocks === undefined) return undefined;
  const snippets = new Map(
    blocks.filter((block) => /^\(.+\)$/.test(block.name)).map((block) => [block.name.slice(1, -1), block.options]),
  );
  const expand = (list: readonly Directive[], depth: number): Directive[] =>
    list.flatMap((one) => {
      if (one.name !== 'import') return [{ ...one, options: expand(one.options, depth) }];
      const pattern = one.args[0] ?? '';
      const snippet = snippets.get(pattern);
      if (snippet !== undefined && depth < MAX_DEPTH) return expand(snippet, depth + 1);
      const file = snippet === undefined ? imported(pattern) : undefined;
      const read = file === undefined || depth >= MAX_DEPTH ? undefined : readDirectives(lines(file), 0);
      if (read === undefined) missing.push(pattern);
      return read === undefined ? [] : expand(read, depth + 1);
    });
  const servers = expand(blocks, 0).flatMap((block) => {
    if (/^\(.+\)$/.test(block.name)) return [];
    const zones = [block.name, ...block.args].flatMap((key) => zoneOf(key.replace(/,$/, '')) ?? []);
    return zones.length === 0 ? [] : [{ zones, directives: block.options }];
  });
  return { servers, missing };
}

/** The zone of a server block's key: `cluster.local:53`, `dns://.`, `.`; undefined for another transport. */
function zoneOf(key: string): string | undefined {
  const scheme = /^([a-z0-9]+):\/\//.exec(key);
  if (scheme !== null && scheme[1] !== 'dns') return undefined;
  const bare = key.slice(scheme?.[0].length ?? 0).replace(/:\d+$/, '');
  return bare.toLowerCase().replace(/\.$/, '');
}

/** Words by line. Comments begin at a word's start; double quotes keep white space. */
function lines(text: string): Word[][] {
  return text.split('\n').map((line, index) => {
    const found = [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)];
    const comment = found.findIndex((word) => word[2]?.startsWith('#') === true);
    const kept = comment < 0 ? found : found.slice(0, comment);
    return kept.map((word) => ({ text: word[1] ?? word[2] ?? '', line: index + 1 }));
  });
}

/** Directives of a block, each on a line of its own; `{` at a line's end opens its options, `}` closes them. */
function readDirectives(all: readonly (readonly Word[])[], start: number): Directive[] | undefined {
  const stack: Directive[][] = [[]];
  for (const words of all.slice(start)) {
    const [first] = words;
    if (first === undefined) continue;
    if (first.text === '}') {
      if (stack.length === 1) return undefined;
      stack.pop();
      continue;
    }
    const opens = words.at(-1)?.text === '{';
    const rest = (opens ? words.slice(0, -1) : words).map((word) => word.text);
    const options: Directive[] = [];
    // braces around a whole line (`template IN A { … }` on one line) are not Caddyfile syntax
    stack.at(-1)?.push({ name: rest[0] ?? '', args: rest.slice(1), options, line: first.line });
    if (opens) stack.push(options);
    if (stack.length > MAX_DEPTH) return undefined;
  }
  return stack.length === 1 ? stack[0] : undefined;
}
