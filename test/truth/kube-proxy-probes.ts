/** What was sent in the lab with a real kube-proxy, and what happened, as questions for `explain`. */
import { readFileSync } from 'node:fs';
import type { Branch } from '../../src/model/explanation.ts';
import { ask } from '../sample-facts.ts';

export interface Probe {
  readonly about: string;
  readonly from: string;
  readonly to: string;
  readonly n: number;
  /** Who answered (`web-a:8080`), or TIMEOUT or ECONNREFUSED, and how often. */
  readonly result: Readonly<Record<string, number>>;
  /** Source addresses that the backends saw, and how often. */
  readonly peer_seen: Readonly<Record<string, number>>;
}

/** Where the machine outside sends packets for Service addresses; its routes are not in the snapshot. */
const ENTRY = 'node1';
const OUTSIDE = '10.10.0.50';

/** Probes whose end lies outside the snapshot, with what is expected instead of the end. */
const OUT_OF_SIGHT = new Map([
  [
    'ipMode Proxy VIP (not programmed by kube-proxy)',
    'the load balancer itself, which no snapshot holds, should answer there',
  ],
]);

/** The probes of one kube-proxy mode, in the order in which they were sent. */
export function probes(mode: string): readonly Probe[] {
  let about = '';
  const file = new URL(`../fixtures/kube-proxy/truth-${mode}.txt`, import.meta.url);
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('#')) about = line.slice(2);
      return line.startsWith('{"from"') ? [{ about, ...(JSON.parse(line) as Omit<Probe, 'about'>) }] : [];
    });
}

/** The question that a probe asks. */
export function question({ from, to }: Probe) {
  const [protocol = '', at = ''] = to.split(' ');
  const colon = at.lastIndexOf(':');
  const host = at.slice(0, colon);
  const target = `${protocol}://${host.includes(':') ? `[${host}]` : host}:${at.slice(colon + 1)}`;
  if (from === 'lab-client') {
    const node = host === '10.10.0.12' ? 'node2' : ENTRY;
    return ask(OUTSIDE, target, { node });
  }
  return from.startsWith('p-')
    ? ask(`pod/${from.slice(2)}`, target, { namespace: 'shop' })
    : ask(`node/${from}`, target);
}

/** Who answered, as the probes name them: `web-a:8080`. */
export function backendName({ backend }: Branch): string {
  return backend === null ? '' : `${backend.pod?.replace('shop/', '') ?? backend.ip}:${backend.port}`;
}

/** Verdict and disposition where no backend answered. A refusal may time out now and then: the kernel limits the rate of ICMP errors. */
export function endWithoutBackend({ about, result }: Probe): readonly string[] | undefined {
  if (OUT_OF_SIGHT.has(about)) return ['undetermined', 'leaves-snapshot'];
  if (Object.hasOwn(result, 'ECONNREFUSED')) return ['unreachable', 'refused'];
  return Object.hasOwn(result, 'TIMEOUT') ? ['unreachable', 'dropped'] : undefined;
}
