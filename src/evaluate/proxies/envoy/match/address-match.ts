import { contains, lengthMask, parseAddress } from '../../../../model/address.ts';
import type { Address, Prefix } from '../../../../model/address.ts';
import type { Cursor } from '../../../../model/json.ts';
import { field, unknown } from '../proto-json.ts';
import type { Truth } from '../truth.ts';

/**
 * envoy.config.core.v3.CidrRange (source/common/network/cidr_range.cc). Without a length the range is /0; one beyond the family's
 * width is cut to it.
 */
export function readCidr(range: Cursor): Prefix | undefined {
  const address = parseAddress(field(range, 'address_prefix').string() ?? '');
  if (address === undefined) return undefined;
  const width = address.family === 4 ? 32 : 128;
  const mask = lengthMask(address.family, Math.min(width, field(range, 'prefix_len').number() ?? 0));
  return { family: address.family, bits: address.bits & mask, mask };
}

/** Whether the address lies in the range; families never mix. */
export function matchCidr(range: Cursor, address: string): Truth {
  const prefix = readCidr(range);
  const parsed = parseAddress(address);
  if (prefix === undefined || parsed === undefined) return unknown('an address range that cannot be read', range);
  return contains(prefix, parsed);
}

/** The one address that Envoy takes for loopback: 127.0.0.1 or ::1 (source/common/network/utility.cc, isLoopbackAddress). */
export function isEnvoyLoopback(address: Address): boolean {
  return address.text === '127.0.0.1' || address.text === '::1';
}
