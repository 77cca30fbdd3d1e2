import type { InterceptedFlow } from '../../../src/evaluate/interception/interception.ts';
import { inCidr } from '../kube-proxy/packet-text.ts';

/*
 * A small reader of the rules that Istio writes into a pod, for tests alone; it shares no code with the evaluators, and throws on
 * any word that it does not know.
 */

/** Rules by `table chain`. */
export type Rules = ReadonlyMap<string, readonly string[][]>;

/** Reads iptables-save, or the input of iptables-restore with its insertions. */
export function readRules(lines: readonly string[]): Rules {
  const chains = new Map<string, string[][]>();
  let table = '';
  for (const line of lines) {
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((one) => one[1] ?? one[2] ?? '');
    if (line.startsWith('*')) table = line.slice(1).trim();
    const chain = `${table} ${words[1]}`;
    if (words[0] === '-A') chains.set(chain, [...(chains.get(chain) ?? []), words.slice(2)]);
    if (words[0] === '-I') {
      const rules = [...(chains.get(chain) ?? [])];
      rules.splice(Number(words[2]) - 1, 0, words.slice(3));
      chains.set(chain, rules);
    }
  }
  return chains;
}

/** The port that a new connection is redirected to; null: none. */
export function redirectedTo(rules: Rules, direction: 'outbound' | 'inbound', flow: InterceptedFlow): number | null {
  const hooks = direction === 'outbound' ? ['nat OUTPUT'] : ['mangle PREROUTING', 'nat PREROUTING'];
  for (const hook of hooks) {
    const end = walk(rules, hook, flow);
    if (typeof end === 'number') return end;
  }
  return null;
}

/** The port, `done` when the walk of this hook ended, or undefined when the chain ran through. */
function walk(rules: Rules, chain: string, flow: InterceptedFlow): number | 'done' | undefined {
  for (const rule of rules.get(chain) ?? []) {
    const target = matched(rule, flow);
    if (target === null) continue;
    const [name = '', ...rest] = target;
    if (name === 'RETURN')
      return chain.endsWith('PUT') && !chain.includes('ISTIO')
        ? 'done'
        : chain.endsWith('PREROUTING')
          ? 'done'
          : undefined;
    if (name === 'ACCEPT') return 'done';
    if (name === 'REDIRECT' || name === 'TPROXY')
      return Number(rest[rest.findIndex((one) => /^--(?:to-ports?|on-port)$/.test(one)) + 1]);
    if (['MARK', 'CONNMARK', 'CT'].includes(name)) continue;
    const end = walk(rules, `${chain.split(' ')[0]} ${name}`, flow);
    if (end !== undefined) return end;
  }
  return undefined;
}

/** What stands behind -j when everything before it matches; null otherwise. */
function matched(rule: readonly string[], flow: InterceptedFlow): string[] | null {
  for (let at = 0; at < rule.length; at += 1) {
    const not = rule[at] === '!';
    if (not) at += 1;
    const [word = '', value = ''] = rule.slice(at, at + 2);
    if (word === '-j') return rule.slice(at + 1);
    at += 1;
    if (word === '-m') continue;
    if (truth(word, value, flow) === not) return null;
  }
  throw new Error(`a rule without target: ${rule.join(' ')}`);
}

function truth(word: string, value: string, flow: InterceptedFlow): boolean {
  const number = (text: string): number => Number(text.split('/')[0]);
  switch (word) {
    case '-p':
      return flow.protocol === value;
    case '-s':
      return inCidr(flow.source, value);
    case '-d':
      return inCidr(flow.destination, value);
    case '-i':
      return flow.inInterface === value;
    case '-o':
      return flow.outInterface === value;
    case '--dport':
      return flow.destinationPort === Number(value);
    case '--dports':
      return value.split(',').map(Number).includes(flow.destinationPort);
    case '--uid-owner':
      return flow.uid === Number(value);
    case '--gid-owner':
      return flow.gid === Number(value);
    case '--mark':
      return (flow.mark & 0xfff) === number(value);
    case '--ctstate':
      return value.split(',').includes('NEW');
    default:
      throw new Error(`a word that the test does not know: ${word}`);
  }
}
