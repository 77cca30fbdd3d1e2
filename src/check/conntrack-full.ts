import { finding, type Check } from './check.ts';
import { nodesMet } from './nodes-met.ts';

const COUNT = 'net.netfilter.nf_conntrack_count';
const MOST = 'net.netfilter.nf_conntrack_max';
/** From this share on a burst fills the table. */
const NEARLY = 0.95;

/** K21: a new connection without a free entry is dropped (net/netfilter/nf_conntrack_core.c, __nf_conntrack_alloc). */
export const conntrackFullCheck: Check = {
  code: 'KR218',
  run: (context) =>
    nodesMet(context).flatMap(({ name, netns }) => {
      const settings = netns.sysctl().value;
      const [count, most] = [settings?.get(COUNT), settings?.get(MOST)];
      if (count === undefined || most === undefined || Number(most.value) === 0) return [];
      if (!(Number(count.value) >= NEARLY * Number(most.value))) return [];
      return [
        finding('KR218', {
          subject: `node ${name}`,
          cause: `Its connection table holds ${count.value} of at most ${most.value} entries; new connections are dropped when it is full.`,
          remedy: `Raise ${MOST} (kube-proxy: conntrack.maxPerCore, conntrack.min), and find out who keeps so many connections.`,
          evidence: [count.evidence, most.evidence],
        }),
      ];
    }),
};
