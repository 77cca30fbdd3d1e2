/** Sidecars at random: which hosts a proxy knows, what becomes of others, by which listeners it takes what comes and what goes. */
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { inNamespace, istio } from '../../lab/topology/mesh-objects.ts';
import type { Random } from '../envoy/random.ts';
import { APPS, fullName, portOf, type Entries } from './random-names.ts';

/** @param marker host that every proxy must be told of */
export function randomSidecars(random: Random, marker: string, entries: Entries): readonly KubernetesObject[] {
  const known = (): readonly string[] => [
    `bookinfo/${marker}`,
    ...APPS.filter(() => random.chance(0.6)).map((app) => `*/${fullName(app)}`),
    ...entries.filter(() => random.chance(0.7)).map(({ host }) => `bookinfo/${host}`),
  ];
  const spec = (): object => ({ ...outbound(random), egress: egress(random, known) });
  const open = (): object => ({ ...outbound(random), egress: [{ hosts: ['*/*'] }] });
  const of = (app: string): object => ({ workloadSelector: { labels: { app } } });
  return [
    ...(random.chance(0.7) ? [inNamespace('limited', istio('networking', 'Sidecar', 'default', spec()))] : []),
    ...(random.chance(0.3) ? [istio('networking', 'Sidecar', 'cli', { ...of('cli'), ...spec() })] : []),
    ...(random.chance(0.1) ? [inNamespace('istio-system', istio('networking', 'Sidecar', 'all', open()))] : []),
    ...APPS.filter(() => random.chance(0.2)).map((app) =>
      istio('networking', 'Sidecar', app, { ...of(app), ingress: ingress(random, app) }),
    ),
  ];
}

function outbound(random: Random): object {
  const mode = random.pick(['REGISTRY_ONLY', 'ALLOW_ANY']);
  return random.chance(0.6) ? { outboundTrafficPolicy: { mode } } : {};
}

/** One listener for all ports, or one for a port before it. */
function egress(random: Random, known: () => readonly string[]): object[] {
  const own = random.pick([['./*'], ['./*'], []]);
  const all = { hosts: [...own, ...known()] };
  if (random.chance(0.7)) return [all];
  const port = { number: random.pick([9080, 8080]), protocol: 'HTTP', name: 'http' };
  return [{ port, hosts: known() }, all];
}

/** A listener for what comes to a port, and where it leads; what comes to other ports has none. */
function ingress(random: Random, app: string): object[] {
  const number = portOf(app);
  const protocol = random.pick(['HTTP', 'HTTP', 'TCP']);
  const port = { number, protocol, name: 'of-sidecar' };
  // Of TCP a refusal may come before the first byte, for which a policy waits.
  const nobody = protocol === 'TCP' ? [] : ['127.0.0.1:8099'];
  const to = random.pick(['', `127.0.0.1:${number}`, `0.0.0.0:${number}`, ...nobody]);
  return [{ port, ...(to === '' ? {} : { defaultEndpoint: to }) }];
}
