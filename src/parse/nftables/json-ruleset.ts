import type { Artefact, Parsed } from '../../model/artefact.ts';
import { GapLog } from '../../model/gap-log.ts';
import type { Cursor } from '../../model/json.ts';
import { readJson } from '../json-index/json-document.ts';
import { divideBaseChains, type BaseChain, type NftablesOverview } from './foreign-chains.ts';

/** Kinds of object that hang on no hook by themselves (libnftables-json(5)). */
const PASSIVE = new Set([
  'metainfo',
  'table',
  'set',
  'map',
  'element',
  'flowtable',
  'counter',
  'quota',
  'ct helper',
  'limit',
  'secmark',
  'ct timeout',
  'ct expectation',
  'synproxy',
  'tunnel',
]);

const HOOK = '"hook"';
const SPACE = 0x20;
const COLON = 0x3a;

/**
 * Reads the base chains of `nft -j list ruleset`. Only where chains hang and whether they hold rules is read, not the rules.
 * An object that is not understood is a gap: it could be a chain.
 */
export function parseNftJson(artefact: Artefact): Parsed<NftablesOverview> {
  const document = readJson(artefact);
  const gaps = new GapLog(artefact.name);
  gaps.addAll(document.gaps);
  const objects = document.root?.member('nftables');
  const chains: Cursor[] = [];
  const ruled = new Set<string>();
  let flowtables = 0;
  if (objects?.kind !== 'array') {
    if (document.gaps.length === 0)
      gaps.add('unreadable', 'no array nftables: this is no `nft -j list ruleset`', { pointer: '' });
  } else {
    for (const node of objects.elements()) {
      if (!node.whole) continue;
      const object = node.cursor();
      const chain = object.at('chain');
      const rule = object.at('rule');
      if (chain.isObject()) chains.push(chain);
      else if (rule.at('chain').string() !== undefined) ruled.add(identity(rule, 'chain'));
      else if (object.at('flowtable', 'hook').exists) flowtables += 1;
      else if (!object.entries().every(([key]) => PASSIVE.has(key)) || object.entries().length === 0) {
        gaps.add('not-understood', 'this object is not understood', {
          pointer: object.pointer,
          raw: object.evidence().raw,
        });
      }
    }
  }
  if (gaps.list().length === 0 && hooksIn(artefact.bytes) !== chains.filter(hangs).length + flowtables) {
    gaps.add('unreadable', 'a hook stands where no chain is', { pointer: '' });
  }
  const based = chains.flatMap((chain) => readBaseChain(chain, ruled, gaps));
  // Rules may be among what could not be read, so that no chain is known to be empty then.
  const whole = gaps.list().length === 0;
  return {
    value: divideBaseChains(whole ? based : based.map((chain) => ({ ...chain, empty: false }))),
    gaps: gaps.list(),
  };
}

function readBaseChain(chain: Cursor, ruled: ReadonlySet<string>, gaps: GapLog): BaseChain[] {
  const [family, table, name] = ['family', 'table', 'name'].map((key) => chain.at(key).string());
  if (family === undefined || table === undefined || name === undefined) {
    gaps.add('not-understood', 'a chain without family, table or name', { pointer: chain.pointer });
    return [];
  }
  // A chain without any of these hangs nowhere and is reached by jumps alone.
  if (!['hook', 'prio', 'type', 'policy'].some((key) => chain.at(key).exists)) return [];
  return [
    {
      family,
      table,
      chain: name,
      hook: chain.at('hook').string() ?? 'unknown',
      priority: chain.at('prio').number() ?? null,
      empty: !ruled.has(identity(chain, 'name')) && (chain.at('policy').string() ?? 'accept') === 'accept',
      evidence: chain.evidence(),
    },
  ];
}

function hangs(chain: Cursor): boolean {
  return chain.at('hook').exists;
}

/** How often a member `hook` stands in the text, whatever the text around it is: none may be overlooked. */
function hooksIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(HOOK); at >= 0; at = bytes.indexOf(HOOK, at + HOOK.length)) {
    let next = at + HOOK.length;
    while (next < bytes.length && (bytes[next] ?? 0) <= SPACE) next += 1;
    if (bytes[next] === COLON) count += 1;
  }
  return count;
}

/** A chain by what rules name it: family, table, and its own name under `key`. */
function identity(object: Cursor, key: 'chain' | 'name'): string {
  return JSON.stringify(['family', 'table', key].map((member) => object.at(member).string() ?? null));
}
