import { inCidr, isLocal, type TextOutcome, type TextPacket } from './packet-text.ts';

/*
 * A small reader of the table that kube-proxy writes in nftables mode, for tests alone. It knows the rules that stand there and
 * throws on any other, so that nothing is taken to match unread.
 */

/** Chains by name as their rule lines, and sets and maps by name as their elements. */
export interface Table {
  readonly chains: ReadonlyMap<string, readonly string[]>;
  readonly sets: ReadonlyMap<string, readonly string[]>;
}

interface State {
  readonly packet: TextPacket;
  readonly probability: number;
  readonly mark: boolean;
  readonly to: string | null;
  /** A final verdict, or undefined while the walk goes on. */
  readonly verdict?: 'accept' | 'drop' | 'reject';
}

/** Reads `table ip kube-proxy` or `table ip6 kube-proxy` of an `nft list ruleset`. */
export function readTable(text: string, family: 4 | 6): Table {
  const name = `table ${family === 6 ? 'ip6' : 'ip'} kube-proxy {`;
  const body = text.slice(text.indexOf(name) + name.length).split('\n}\n')[0] ?? '';
  const chains = new Map<string, string[]>();
  const sets = new Map<string, string[]>();
  for (const block of body.matchAll(/\n\t(chain|set|map) (\S+) \{\n([^]*?)\n\t\}/g)) {
    const inside = block[3] ?? '';
    if (block[1] === 'chain') {
      chains.set(
        block[2] ?? '',
        inside.split('\n').map((line) => line.trim().replace(/ ?comment "[^"]*"$/, '')),
      );
    } else {
      const elements = /elements = \{([^]*)\}/.exec(inside)?.[1] ?? '';
      sets.set(
        block[2] ?? '',
        elements.split(',').map((one) => one.trim().replace(/ comment "[^"]*"/, '')),
      );
    }
  }
  return { chains, sets };
}

/** Walks the base chains in the order of hooks and priorities. */
export function walkTable(table: Table, locals: readonly string[], packet: TextPacket): TextOutcome[] {
  const made = packet.inInterface === null;
  const first: State = { packet, probability: 1, mark: false, to: null };
  const hook = made ? 'output' : 'prerouting';
  const run = (states: readonly State[], chain: string): State[] =>
    states.flatMap((state) => (state.verdict === undefined ? restart(walk(table, chain, state, locals)) : [state]));
  const natted = run(run([first], `filter-${hook}-pre-dnat`), `nat-${hook}`);
  return natted.flatMap((state) => {
    const here = isLocal(state.packet.destination, locals);
    const hooks = [...(made ? ['output'] : []), ...(here ? ['input'] : made ? [] : ['forward'])];
    return hooks.reduce((states, one) => run(states, `filter-${one}`), [state]).map((end) => outcome(table, end));
  });
}

/** A chain that ends with accept ends that hook alone. */
function restart(states: readonly State[]): State[] {
  return states.map(({ verdict, ...state }) =>
    verdict === undefined || verdict === 'accept' ? state : { ...state, verdict },
  );
}

function outcome(table: Table, state: State): TextOutcome {
  if (state.verdict === 'drop' || state.verdict === 'reject') {
    return { action: state.verdict, to: null, masquerade: false, probability: state.probability };
  }
  const { source, destination, protocol, port } = state.packet;
  const loops = table.sets.get('hairpin-connections')?.includes(`${source} . ${destination} . ${protocol} . ${port}`);
  const masquerade = state.to !== null && (state.mark || loops === true);
  return { action: state.to === null ? 'pass' : 'dnat', to: state.to, masquerade, probability: state.probability };
}

function walk(table: Table, chain: string, start: State, locals: readonly string[]): State[] {
  let { mark } = start;
  for (const line of table.chains.get(chain) ?? []) {
    if (line === '' || line.startsWith('type ') || line.startsWith('update ')) continue;
    const rest = matched(table, line, start.packet, locals);
    if (rest === null) continue;
    if (rest.startsWith('meta mark set meta mark | ')) {
      mark = true;
      continue;
    }
    const ends = act(table, rest, { ...start, mark }, locals);
    if (ends !== null) return ends;
  }
  return [{ ...start, mark }];
}

/** What is left of a rule after its matches; null when one of them does not match. */
function matched(table: Table, line: string, packet: TextPacket, locals: readonly string[]): string | null {
  let rest = line;
  for (;;) {
    const word =
      /^(?:ct state new |meta l4proto (\w+) |fib (saddr|daddr) type local |ip6? (saddr|daddr) (!= )?(?:@(\S+)|(\{[^}]*\})|([0-9a-f:][0-9a-f.:/]*)) )/.exec(
        rest,
      );
    if (word === null) return rest;
    rest = rest.slice(word[0].length);
    const [, protocol, fib, side, not, set, list, cidr] = word;
    let truth = true;
    if (protocol !== undefined) truth = packet.protocol === protocol;
    if (fib !== undefined) truth = isLocal(fib === 'saddr' ? packet.source : packet.destination, locals);
    if (side !== undefined) {
      const address = side === 'saddr' ? packet.source : packet.destination;
      if (set?.startsWith('affinity-') === true) return null;
      const members =
        set === undefined
          ? (list ?? cidr ?? '')
              .replace(/[{}]/g, '')
              .split(',')
              .map((one) => one.trim())
          : (table.sets.get(set) ?? []);
      truth =
        members.some((one) => one !== '' && inCidr(address, one.includes('/') ? one : `${one}/128`)) !==
        (not !== undefined);
    }
    if (!truth) return null;
  }
}

/** The ends of the states that a statement makes; null when the walk goes on after it. */
function act(table: Table, statement: string, state: State, locals: readonly string[]): State[] | null {
  if (statement === 'drop' || statement === 'reject') return [{ ...state, verdict: statement }];
  const to = /^(jump|goto) (\S+)$/.exec(statement);
  if (to !== null) {
    const ends = walk(table, to[2] ?? '', state, locals);
    return to[1] === 'goto' || ends.some((end) => end.verdict !== undefined)
      ? ends.map((end) => ({ verdict: 'accept', ...end }))
      : null;
  }
  const vmap = /^(ip6? daddr \. )?meta l4proto \. th dport vmap @(\S+)$/.exec(statement);
  if (vmap !== null) {
    const { destination, protocol, port } = state.packet;
    const key = `${vmap[1] === undefined ? '' : `${destination} . `}${protocol} . ${port} : `;
    const hit = table.sets.get(vmap[2] ?? '')?.find((one) => one.startsWith(key));
    return hit === undefined ? null : act(table, hit.slice(key.length), state, locals);
  }
  const many = /^numgen random mod (\d+) vmap \{(.*)\}$/.exec(statement);
  if (many !== null)
    return picks(many[2] ?? '', Number(many[1])).flatMap(
      ({ value, share }) => act(table, value, { ...state, probability: state.probability * share }, locals) ?? [],
    );
  const dnat = /^dnat ip6? to numgen random mod (\d+) map \{(.*)\}$/.exec(statement);
  if (dnat !== null)
    return picks(dnat[2] ?? '', Number(dnat[1])).map(({ value, share }) =>
      translated({ ...state, probability: state.probability * share }, value),
    );
  const one = /^dnat to (?:\[([^\]]+)\]|([\d.]+)):(\d+)$/.exec(statement);
  if (one !== null) return [translated(state, `${one[1] ?? one[2]} . ${one[3]}`)];
  throw new Error(`a statement that the test does not know: ${statement}`);
}

function picks(elements: string, count: number): { value: string; share: number }[] {
  return elements.split(',').map((one) => ({ value: one.slice(one.indexOf(' : ') + 3).trim(), share: 1 / count }));
}

function translated(state: State, target: string): State {
  const [destination = '', port = ''] = target.split(' . ');
  const to = destination.includes(':') ? `[${destination}]:${port}` : `${destination}:${port}`;
  return { ...state, packet: { ...state.packet, destination, port: Number(port) }, to, verdict: 'accept' };
}
