import { contains, parseAddress, parsePrefix } from '../../../model/address.ts';
import type { ExtensionOption } from '../../../model/iptables-rule.ts';
import type { ForwardingMethod, IpvsTracking } from '../../../model/ipvs-tracking.ts';
import { hasEntry, type WalkState } from '../state.ts';
import { all, negate, unknown, yesNo, type TestResult } from './result.ts';

const PROTOCOLS: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp', '132': 'sctp' };
const METHODS: Readonly<Record<string, ForwardingMethod>> = { MASQ: 'nat', GATE: 'direct', IPIP: 'tunnel' };

/**
 * `-m ipvs`: whether IPVS has handled the packet, and of which virtual server. The others are tested of a packet on its way to the real
 * server alone, after its translation: answers are not found (the lookup takes the packet's addresses turned round). Source:
 * net/netfilter/xt_ipvs.c ipvs_mt.
 */
export function matchIpvs(options: readonly ExtensionOption[], state: WalkState): TestResult {
  const property = options.find((option) => option.name === 'ipvs');
  if (property !== undefined) return negate(yesNo(state.handled), property.negated);
  const { ipvs } = state.flow.tracking;
  // Without a conntrack entry --vdir fails, turned round or not.
  const directed = hasEntry(state) || options.every((option) => option.name !== 'vdir');
  const found = state.handled && ipvs !== undefined && isUnderWay(ipvs, state) && directed;
  return found ? all(options.map((option) => negate(testOne(option, ipvs, state), option.negated))) : yesNo(false);
}

function isUnderWay(ipvs: IpvsTracking, { flow }: WalkState): boolean {
  return !ipvs.onePacket && flow.destination === ipvs.server && flow.destinationPort === ipvs.serverPort;
}

function testOne({ name, values }: ExtensionOption, ipvs: IpvsTracking, state: WalkState): TestResult {
  const [value = ''] = values;
  switch (name) {
    case 'vproto':
      return yesNo((PROTOCOLS[value] ?? value) === state.flow.protocol);
    case 'vport':
      return yesNo(Number(value) === ipvs.virtualPort);
    case 'vaddr': {
      const prefix = parsePrefix(value);
      const address = parseAddress(ipvs.virtual);
      return prefix === undefined || address === undefined
        ? unknown(`--vaddr ${value} is not understood`)
        : yesNo(contains(prefix, address));
    }
    case 'vmethod':
      return Object.hasOwn(METHODS, value)
        ? yesNo(METHODS[value] === ipvs.method)
        : unknown(`--vmethod ${value} is not understood`);
    case 'vdir':
      return yesNo((value === 'REPLY') === (state.flow.tracking.direction === 'REPLY'));
    default:
      return unknown(`--${name} of match ipvs is not evaluated`);
  }
}
