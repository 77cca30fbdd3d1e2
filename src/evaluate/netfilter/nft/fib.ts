import type { NetfilterEnvironment } from '../../../model/netfilter.ts';
import type { WalkState } from '../state.ts';
import { sourceSeen } from './selectors.ts';
import { known, unknownValue, type Value } from './value.ts';

/** RTN_*. Source: include/uapi/linux/rtnetlink.h. */
const ADDRESS_TYPES: Readonly<Record<string, number>> = {
  UNSPEC: 0,
  UNICAST: 1,
  LOCAL: 2,
  BROADCAST: 3,
  ANYCAST: 4,
  MULTICAST: 5,
  BLACKHOLE: 6,
  UNREACHABLE: 7,
  PROHIBIT: 8,
};

/** Source: net/ipv4/netfilter/nft_fib_ipv4.c, net/ipv6/netfilter/nft_fib_ipv6.c. */
export function loadFib(
  result: string,
  flags: readonly string[],
  state: WalkState,
  environment: NetfilterEnvironment,
): Value {
  const address = flags.includes('saddr') ? sourceSeen(state) : state.flow.destination;
  if (address === null) return unknownValue('the address is not known');
  const device = flags.includes('iif') ? state.inDevice : flags.includes('oif') ? state.outDevice : null;
  if (device === undefined) return unknownValue('the interface is not known');
  if (result === 'type') {
    const type = environment.addressType(address, device ?? undefined);
    const number = type !== undefined && Object.hasOwn(ADDRESS_TYPES, type) ? ADDRESS_TYPES[type] : undefined;
    return number === undefined ? unknownValue(`the type of address ${address} is not known`) : known(number);
  }
  if (result === 'oif' || result === 'oifname') return loadDevice(address, device, flags, state, environment);
  return unknownValue(`fib ${result} is not evaluated`);
}

/** The interface by which the address is reached; none for an address of this machine, or when it is another than was asked for. */
function loadDevice(
  address: string,
  device: string | null,
  flags: readonly string[],
  { flow, hook, inDevice }: WalkState,
  environment: NetfilterEnvironment,
): Value {
  if ((hook === 'prerouting' || hook === 'input') && inDevice === 'lo') return known('lo');
  const decisions = environment.route({
    destination: address,
    source: flags.includes('saddr') ? flow.destination : flow.source,
    mark: flags.includes('mark') ? flow.mark : 0,
    inInterface: null,
  });
  if (decisions.some((decision) => decision.kind === 'unknown')) {
    return unknownValue(`the route to ${address} is not known`);
  }
  const devices = decisions.flatMap((one) => (one.kind === 'forward' && one.device !== null ? [one.device] : []));
  const [first, other] = devices;
  if (device !== null) return known(devices.includes(device) ? device : '');
  return other === undefined ? known(first ?? '') : unknownValue(`there are several routes to ${address}`);
}
