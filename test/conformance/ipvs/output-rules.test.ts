/**
 * A director with rules of its own, on the way of what IPVS sends: OUTPUT and POSTROUTING see it as if a process of the director sent it,
 * and of a tunnel the outer packet, of another protocol and for the real server (ip_vs_xmit.c). `explain` must say what the kernel does,
 * or, of a tunnel, that it does not know.
 */
import { beforeAll, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import type { DirectorLab } from '../../lab/ipvs-guest/director-lab.ts';
import { ask } from '../../sample-facts.ts';
import { type DirectorFacts, startDirector } from './director-facts.ts';

const VIRTUAL = '10.98.10.1';
const CLIENT = '10.98.1.2';
const REAL = '10.98.2.11';
const servers = (method: '-m' | '-g' | '-i'): string =>
  `-A -t ${VIRTUAL}:80 -s rr\n-a -t ${VIRTUAL}:80 -r ${REAL}:80 ${method} -w 1\n`;

let lab: DirectorLab;
let facts: DirectorFacts;
beforeAll(async () => {
  ({ lab, facts } = await startDirector());
  return () => lab.stop();
}, 600_000);

const filter = (...rules: readonly string[]): string =>
  `*filter\n${rules.map((rule) => `-A ${rule}\n`).join('')}COMMIT\n`;
const table = (name: string, rule: string): string => `*${name}\n-A ${rule}\nCOMMIT\n`;

it.each<[string, string, 'delivered' | 'dropped', ('-m' | '-g' | '-i')?]>([
  ['no rule', filter(), 'delivered'],
  ['the protocol of the tunnel in OUTPUT', filter('OUTPUT -p ipencap -j DROP'), 'dropped'],
  ['the real server in OUTPUT', filter(`OUTPUT -d ${REAL}/32 -j DROP`), 'dropped'],
  ['what is inside in OUTPUT', filter('OUTPUT -p tcp -m tcp --dport 80 -j DROP'), 'delivered'],
  ['the virtual address in OUTPUT', filter(`OUTPUT -d ${VIRTUAL}/32 -j DROP`), 'delivered'],
  ['what is forwarded', filter('FORWARD -j DROP'), 'delivered'],
  ['the client in POSTROUTING', table('mangle', `POSTROUTING -s ${CLIENT}/32 -j DROP`), 'delivered'],
  ['the protocol of the tunnel in POSTROUTING', table('mangle', 'POSTROUTING -p ipencap -j DROP'), 'dropped'],
  ['everything in POSTROUTING, masqueraded', table('nat', 'POSTROUTING -j MASQUERADE'), 'delivered'],
  ['translating, the real server in OUTPUT', filter(`OUTPUT -d ${REAL}/32 -j DROP`), 'dropped', '-m'],
  ['translating, the virtual address in OUTPUT', filter(`OUTPUT -d ${VIRTUAL}/32 -j DROP`), 'delivered', '-m'],
  ['handed on, the virtual address in OUTPUT', filter(`OUTPUT -d ${VIRTUAL}/32 -j DROP`), 'dropped', '-g'],
])('%s', { timeout: 120_000 }, async (_what, iptables, kernel, method = '-i') => {
  await lab.clear();
  expect(await lab.load({ ipvs: servers(method), iptables })).toBe('');
  const { verdict, branches, summary } = explain(
    await facts.now(),
    ask(CLIENT, `tcp://${VIRTUAL}:80`, { node: 'director' }),
  );
  const patience = kernel === 'dropped' ? 2000 : 20_000;
  const [result] = await lab.probe('client', { protocol: 'tcp', destination: VIRTUAL, port: 80, patience, count: 1 });
  const happened =
    result?.seen === undefined ? (result?.result === 'timeout' ? 'dropped' : result?.result) : 'delivered';
  expect(happened).toBe(kernel);
  const told =
    verdict === 'undetermined' && method === '-i' ? [kernel] : branches.map(({ disposition }) => disposition);
  expect(told, summary).toEqual([kernel]);
});
