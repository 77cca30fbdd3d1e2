/**
 * Whose answer a name that the cluster's DNS server does not have is. In: the client, and what that server would say. Out: the same, or
 * that it is not known, where rules of the client's own namespace give its queries to somebody else.
 */
import { parseAddress } from '../../model/address.ts';
import type { Evidence } from '../../model/evidence.ts';
import { newFlow } from '../../model/flow.ts';
import type { NameOutcome } from '../../model/name-resolution.ts';
import type { Owner } from '../../model/trace.ts';
import { localSource, traverse } from './netns.ts';
import type { World } from './world.ts';

const DNS_PORT = 53;

/** A process that asks for a name. */
interface Asking {
  readonly owner: Owner;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Istio's agent, to which queries are redirected with ISTIO_META_DNS_CAPTURE, knows hosts of ServiceEntries and Services of other clusters,
 * and asks the cluster's DNS server for all else (istio, pkg/dns/client/dns.go, LocalDNSServer.ServeDNS).
 */
export function askedElsewhere(world: World, asking: Asking, outcome: NameOutcome): NameOutcome {
  const asked = outcome.queries.some(({ source }) => source === 'cluster-dns');
  if (outcome.result !== 'no-such-name' || outcome.service !== null || !asked) return outcome;
  const captured = capture(world, asking);
  if (captured === null) return outcome;
  const reason = `its queries are redirected to local port ${captured.port}: what answers there may know hosts of ServiceEntries and Services of other clusters`;
  const evidence = [...captured.evidence, ...outcome.evidence];
  return { ...outcome, result: 'unknown', reasons: [...outcome.reasons, reason], evidence };
}

/** Where rules redirect queries to the cluster's DNS server; null: nowhere, as far as it was captured. */
function capture(world: World, { owner, uid, gid }: Asking): { port: number; evidence: readonly Evidence[] } | null {
  const address = world.cluster(owner.cluster).nameIndex()?.service('kube-system', 'kube-dns')?.clusterIPs[0];
  const server = parseAddress(address ?? '');
  const source = server === undefined ? null : localSource(world, owner, server);
  if (server === undefined || source === null) return null;
  const flow = newFlow({
    family: server.family,
    protocol: 'udp',
    source,
    sourcePort: null,
    destination: server.text,
    destinationPort: DNS_PORT,
    inInterface: null,
    uid,
    gid,
  });
  const redirected = traverse(world, owner, flow, 'process')?.find(
    ({ verdict, flow: ended }) => verdict === 'local' && ended.destinationPort !== DNS_PORT,
  );
  const port = redirected?.flow.destinationPort ?? null;
  if (redirected === undefined || port === null) return null;
  return { port, evidence: redirected.rules.flatMap(({ after, evidence }) => (after === undefined ? [] : [evidence])) };
}
