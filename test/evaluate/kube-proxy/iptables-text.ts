import { inCidr, isLocal, type TextOutcome, type TextPacket } from './packet-text.ts';

/*
 * A small reader of the rules that kube-proxy writes, for tests alone: it shares no code with the evaluators. It knows just the
 * matches that stand in those rules and throws on any other, so that nothing is taken to match unread.
 */
type Chains = Map<string, string[][]>;

interface State {
  readonly packet: TextPacket;
  readonly probability: number;
  readonly mark: boolean;
  readonly to: string | null;
  readonly ended: boolean;
}

/** Rules by `table chain`, each as its words. Counters are cut off. */
export function readRules(save: string): Chains {
  const chains: Chains = new Map();
  let table = '';
  for (const line of save.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim();
    if (line.startsWith(':')) chains.set(`${table} ${line.slice(1).split(' ')[0]}`, []);
    const rule = /^(?:\[\d+:\d+\] )?-A (\S+) (.*)$/.exec(line);
    if (rule !== null) chains.get(`${table} ${rule[1]}`)?.push(words(rule[2] ?? ''));
  }
  return chains;
}

/** Walks nat (prerouting or output) and filter (input, forward or output) as the kernel does. */
export function walkRules(chains: Chains, locals: readonly string[], packet: TextPacket): TextOutcome[] {
  const made = packet.inInterface === null;
  const start: State = { packet, probability: 1, mark: false, to: null, ended: false };
  const natted = walk(chains, `nat ${made ? 'OUTPUT' : 'PREROUTING'}`, start, locals);
  return natted.flatMap((state): TextOutcome[] => {
    const hooks = isLocal(state.packet.destination, locals) ? ['INPUT'] : made ? [] : ['FORWARD'];
    for (const hook of made ? ['OUTPUT', ...hooks] : hooks) {
      const verdict = filter(chains, `filter ${hook}`, state, locals);
      if (verdict === 'ACCEPT') continue;
      if (verdict !== null)
        return [
          {
            action: verdict === 'DROP' ? 'drop' : 'reject',
            to: null,
            masquerade: false,
            probability: state.probability,
          },
        ];
    }
    return [
      {
        action: state.to === null ? 'pass' : 'dnat',
        to: state.to,
        masquerade: state.mark && state.to !== null,
        probability: state.probability,
      },
    ];
  });
}

function walk(chains: Chains, chain: string, start: State, locals: readonly string[]): State[] {
  let open: State[] = [start];
  const done: State[] = [];
  for (const rule of chains.get(chain) ?? []) {
    const next: State[] = [];
    for (const state of open) {
      const chance = matches(rule, state, locals);
      if (chance < 1) next.push({ ...state, probability: state.probability * (1 - chance) });
      if (chance === 0) continue;
      const hit = { ...state, probability: state.probability * chance };
      const target = after(rule, '-j');
      if (target === null) next.push(hit);
      else if (target === 'MARK') next.push({ ...hit, mark: true });
      else if (target === 'RETURN') done.push(hit);
      else if (target === 'DNAT') done.push(translated(hit, after(rule, '--to-destination') ?? ''));
      else {
        for (const back of walk(chains, `${chain.split(' ')[0]} ${target}`, hit, locals))
          (back.ended ? done : next).push(back);
      }
    }
    open = next;
  }
  return [...done, ...open];
}

function translated(state: State, to: string): State {
  const destination = to.startsWith('[') ? to.slice(1, to.indexOf(']')) : to.slice(0, to.lastIndexOf(':'));
  const port = Number(to.slice(to.lastIndexOf(':') + 1));
  return { ...state, packet: { ...state.packet, destination, port }, to, ended: true };
}

/** The first final verdict of a filter chain; null when it runs through. */
function filter(chains: Chains, chain: string, state: State, locals: readonly string[]): string | null {
  for (const rule of chains.get(chain) ?? []) {
    if (matches(rule, state, locals) === 0) continue;
    const target = after(rule, '-j');
    if (target === 'ACCEPT' || target === 'DROP' || target === 'REJECT') return target;
    if (target === null || target === 'RETURN') continue;
    const verdict = filter(chains, `filter ${target}`, state, locals);
    if (verdict !== null) return verdict;
  }
  return null;
}

/** Probability that the rule matches: 0, 1, or that of `statistic`. */
function matches(rule: readonly string[], state: State, locals: readonly string[]): number {
  const { packet } = state;
  let chance = 1;
  for (let at = 0; at < rule.length; at += 1) {
    const negated = rule[at] === '!';
    if (negated) at += 1;
    const word = rule[at] ?? '';
    const value = rule[at + 1] ?? '';
    const check = (truth: boolean): void => {
      at += 1;
      if (truth === negated) chance = 0;
    };
    if (word === '-s') check(inCidr(packet.source, value));
    else if (word === '-d') check(inCidr(packet.destination, value));
    else if (word === '-p') check(packet.protocol === value);
    else if (word === '--dport') check(packet.port === Number(value));
    else if (word === '--src-type') check(value === 'LOCAL' && isLocal(packet.source, locals));
    else if (word === '--dst-type') check(value === 'LOCAL' && isLocal(packet.destination, locals));
    else if (word === '--probability') {
      chance *= Number(value);
      at += 1;
    } else if (word === '--mark') check(state.mark);
    else if (word === '--ctstate')
      check(value.split(',').some((one) => one === 'NEW' || (one === 'DNAT' && state.to !== null)));
    else if (word === '--rcheck') chance = 0;
    else if (word === '-j') return chance;
    else if (['-m', '--comment', '--name', '--mask', '--seconds', '--mode', '--nfacct-name'].includes(word)) at += 1;
    else if (!['--set', '--reap', '--rsource'].includes(word))
      throw new Error(`a word the test does not know: ${word}`);
  }
  return chance;
}

function after(rule: readonly string[], word: string): string | null {
  const at = rule.indexOf(word);
  return at < 0 ? null : (rule[at + 1] ?? null);
}

function words(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}
