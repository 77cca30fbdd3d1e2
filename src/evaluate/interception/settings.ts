import { parsePrefix } from '../../model/address.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { PodFact } from '../../model/kubernetes.ts';
import { DEFAULTS, type Interception } from './interception.ts';

/** istio-iptables' settings as texts, by the name of its long flag. */
export type Settings = ReadonlyMap<string, string>;

/** Makes an interception of settings as istio-iptables reads them; what it would refuse is noted as not understood. */
export function readSettings(
  pod: PodFact,
  settings: Settings,
  given: {
    readonly writtenBy: Interception['writtenBy'];
    readonly dnsServers: readonly string[] | null;
    readonly notUnderstood: readonly string[];
    readonly evidence: readonly Evidence[];
  },
): Interception {
  const problems: string[] = [...given.notUnderstood];
  const text = (name: string, otherwise = ''): string => settings.get(name) ?? otherwise;
  const list = (name: string): string[] =>
    text(name)
      .split(',')
      .filter((one) => one !== '');
  const numbers = (name: string, otherwise: readonly string[], most: number): number[] =>
    (text(name) === '' ? otherwise : list(name)).flatMap((one) => {
      if (/^\d{1,10}$/.test(one.trim()) && Number(one) <= most) return [Number(one)];
      problems.push(`${name}: ${one} is no number`);
      return [];
    });
  const ranges = (name: string): string[] =>
    text(name) === '*'
      ? ['*']
      : list(name).filter((one) => isRange(one) || problems.push(`${name}: ${one} is no CIDR`) === 0);
  const port = (name: string, otherwise: string): number => numbers(name, [otherwise], 65535)[0] ?? Number(otherwise);
  const on = (name: string): boolean => /^(?:1|t|true)$/i.test(text(name));
  const uids = numbers('proxy-uid', [DEFAULTS.proxyUid], 2 ** 32 - 1);
  const excludes = ranges('istio-service-exclude-cidr');
  if (excludes.includes('*')) problems.push('istio-service-exclude-cidr: * is refused');
  const include = text('owner-groups', '*');
  const captures = on('redirect-dns') ? (on('capture-all-dns') ? 'all' : 'servers') : 'off';
  return {
    mode: text('istio-inbound-interception-mode') === 'TPROXY' ? 'TPROXY' : 'REDIRECT',
    writtenBy: given.writtenBy,
    outboundPort: port('envoy-port', DEFAULTS.outboundPort),
    inboundPort: port('inbound-capture-port', DEFAULTS.inboundPort),
    tunnelPort: port('inbound-tunnel-port', DEFAULTS.tunnelPort),
    proxyUids: uids,
    proxyGids: numbers('proxy-gid', uids.map(String), 2 ** 32 - 1),
    includeIPRanges: ranges('istio-service-cidr'),
    excludeIPRanges: excludes,
    includeInboundPorts: text('istio-inbound-ports') === '*' ? '*' : numbers('istio-inbound-ports', [], 65535),
    excludeInboundPorts: numbers('istio-local-exclude-ports', [], 65535),
    includeOutboundPorts: numbers('istio-outbound-ports', [], 65535),
    excludeOutboundPorts: numbers('istio-local-outbound-ports-exclude', [], 65535),
    excludeInterfaces: list('istio-exclude-interfaces'),
    rerouteInterfaces: list('kube-virt-interfaces'),
    ownerGroups:
      include === '*'
        ? { except: true, gids: numbers('owner-groups-exclude', [], 2 ** 32 - 1) }
        : { except: false, gids: numbers('owner-groups', [], 2 ** 32 - 1) },
    dnsCapture: captures,
    dnsServers: given.dnsServers,
    loopback: text('loopback', DEFAULTS.loopback),
    ipv6: hasIPv6(pod, on('dual-stack')),
    ownAddresses: pod.ips,
    notUnderstood: problems,
    evidence: given.evidence,
  };
}

/** getLocalIP: the first address of the pod decides, with dual stack any. */
function hasIPv6(pod: PodFact, dualStack: boolean): boolean {
  return (dualStack ? pod.ips : pod.ips.slice(0, 1)).some((ip) => ip.includes(':'));
}

function isRange(text: string): boolean {
  return /\/\d{1,3}$/.test(text) && parsePrefix(text) !== undefined;
}
