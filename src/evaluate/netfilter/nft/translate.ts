import { addressFromBits, hostMask, parseAddress, type Family } from '../../../model/address.ts';
import type { NatRange } from '../../../model/iptables-rule.ts';
import type { NftTranslation } from '../../../model/nftables.ts';
import { manipulationAt } from '../nat/manipulate.ts';
import type { WalkState } from '../state.ts';
import type { Effect } from '../state.ts';
import { cannotTell } from '../target/effect.ts';
import { applyNat } from '../target/nat.ts';
import { load } from './load.ts';
import type { NftContext } from './lookup.ts';
import type { Step } from './step.ts';
import type { Value } from './value.ts';

/**
 * `dnat`, `snat`, `masquerade` and `redirect` end the chain. One for the other family does nothing, and the rule goes on.
 * Source: net/netfilter/nft_nat.c, nft_masq.c, nft_redir.c.
 */
export function translate(statement: NftTranslation, context: NftContext, state: WalkState): readonly Step[] {
  const { family } = state.flow;
  if (statement.family !== null && statement.family !== family) return [{ kind: 'on', state }];
  const addresses = statement.address === null ? [{ state, value: null }] : load(statement.address, context, state);
  return addresses.flatMap((address) => {
    const ports =
      statement.port === null ? [{ state: address.state, value: null }] : load(statement.port, context, address.state);
    return ports.map((port): Step => {
      if (address.value?.kind === 'none' || port.value?.kind === 'none') return { kind: 'break', state: port.state };
      const effect = effectOf(statement, address.value, port.value, { ...context, state: port.state });
      return { kind: 'end', state: port.state, effect, action: statement.translation.toUpperCase() };
    });
  });
}

function effectOf(
  statement: NftTranslation,
  address: Value | null,
  port: Value | null,
  context: NftContext & { readonly state: WalkState },
): Effect {
  const { state } = context;
  const both = address?.kind === 'parts' ? address.parts : [address, port];
  const [toAddress = null, toPort = null] = both;
  const addresses = spanOf(toAddress);
  const ports = spanOf(toPort);
  const unknown = [toAddress, toPort].find((value) => value?.kind === 'unknown');
  if (unknown?.kind === 'unknown') return cannotTell(unknown.reason);
  if (both.length > 2 || (toAddress !== null && addresses === null) || (toPort !== null && ports === null)) {
    return cannotTell(`where ${statement.translation} sends the packet is not understood`);
  }
  const texts = addresses === null ? null : addressRange(addresses, state.flow.family, statement.prefix, state);
  if (texts === undefined) return cannotTell('the new address is not understood');
  const range: NatRange = {
    ...(texts === null ? {} : { addresses: texts }),
    ...(ports === null || typeof ports.from !== 'number' || typeof ports.to !== 'number'
      ? {}
      : { ports: { from: ports.from, to: ports.to } }),
    random: statement.random,
    randomFully: statement.fullyRandom,
    persistent: statement.persistent,
  };
  return applyNat({ kind: statement.translation, range }, context);
}

type Ends = Pick<Extract<Value, { kind: 'span' }>, 'from' | 'to'>;

function spanOf(value: Value | null): Ends | null {
  if (value?.kind === 'known') return { from: value.datum, to: value.datum };
  return value?.kind === 'span' ? value : null;
}

/** @returns undefined when the values are no addresses of the packet's family */
function addressRange({ from, to }: Ends, family: Family, prefix: boolean, state: WalkState) {
  if (typeof from === 'string' || typeof to === 'string') return undefined;
  if ((typeof from === 'bigint') !== (family === 6) || (typeof to === 'bigint') !== (family === 6)) return undefined;
  if (!prefix)
    return { from: addressFromBits(family, BigInt(from)).text, to: addressFromBits(family, BigInt(to)).text };
  const source = manipulationAt(state.hook) === 'source';
  const current = parseAddress(source ? state.flow.source : state.flow.destination);
  if (current === undefined) return undefined;
  // Keeps the bits in which both ends differ: the host part (nft_nat_setup_netmap).
  const host = (BigInt(from) ^ BigInt(to)) & hostMask(family);
  const mapped = addressFromBits(family, (BigInt(from) & (hostMask(family) ^ host)) | (current.bits & host)).text;
  return { from: mapped, to: mapped };
}
