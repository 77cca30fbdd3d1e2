import { lengthMask, maskLength, parseAddress } from '../../../../model/address.ts';
import type { Address, Family, Prefix } from '../../../../model/address.ts';

/** The key of a criterion that is not given; it stands for 0.0.0.0/0 and ::/0. */
export const ANY_ADDRESS = '';

/**
 * Values by address prefix, of which a lookup takes the longest and no other (LcTrie in exclusive mode,
 * source/common/network/lc_trie.h, as filter_chain_manager_impl.cc builds it).
 */
export class PrefixTable<T> {
  readonly #values = new Map<string, T>();
  /** Lengths that occur, by family, longest first. */
  readonly #lengths: Record<Family, number[]> = { 4: [], 6: [] };
  #hasAny = false;

  /** The value under a prefix, made when it is new. */
  at(prefix: Prefix | typeof ANY_ADDRESS, make: () => T): T {
    const key = prefix === ANY_ADDRESS ? ANY_ADDRESS : this.#register(prefix);
    if (prefix === ANY_ADDRESS) this.#hasAny = true;
    let value = this.#values.get(key);
    if (value === undefined) {
      value = make();
      this.#values.set(key, value);
    }
    return value;
  }

  /** The value under the longest prefix that holds the address; `ambiguous` when /0 is given both in words and by absence. */
  find(text: string): T | 'ambiguous' | undefined {
    const address = parseAddress(text);
    if (address === undefined) return undefined;
    for (const length of this.#lengths[address.family]) {
      const value = this.#values.get(keyOf(address.family, length, address));
      if (value !== undefined) return length === 0 && this.#hasAny ? 'ambiguous' : value;
    }
    return this.#values.get(ANY_ADDRESS);
  }

  #register(prefix: Prefix): string {
    const length = maskLength(prefix) ?? 0;
    const lengths = this.#lengths[prefix.family];
    if (!lengths.includes(length)) lengths.push(length);
    lengths.sort((one, other) => other - one);
    return keyOf(prefix.family, length, prefix);
  }
}

function keyOf(family: Family, length: number, { bits }: Pick<Address, 'bits'>): string {
  return `${family}/${length}/${bits & lengthMask(family, length)}`;
}
