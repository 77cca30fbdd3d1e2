import { parseAddress, type Address } from '../../model/address.ts';
import type { RealServer } from '../../model/ipvs.ts';
import { foldAddress } from './source-hash.ts';

/** The prime for CONFIG_IP_VS_MH_TAB_INDEX 12, the kernel's default, and the bits of the largest share of one server. */
const TABLE_SIZE = 4093;
const SHARE_BITS = 6;
/** Source: net/netfilter/ipvs/ip_vs_mh.c generate_hash_secret. */
const OFFSET_KEY = 2654435761n;
const SKIP_KEY = 2654446892n;
const WORD = (1n << 64n) - 1n;

/**
 * The real server that scheduler mh picks for a client: each server takes places of a table in an order of its own, in turn, as many at a
 * time as its weight says. Source: ip_vs_mh.c ip_vs_mh_permutate, ip_vs_mh_populate, ip_vs_mh_get; on 64-bit machines.
 * @param servers in the order of the kernel's list, none of weight 0
 */
export function maglevLookup(servers: readonly RealServer[], client: Address, port: number): RealServer | undefined {
  return tableOf(servers)[hash(foldAddress(client) + port, OFFSET_KEY) % TABLE_SIZE];
}

const made = new WeakMap<readonly RealServer[], readonly (RealServer | undefined)[]>();

function tableOf(servers: readonly RealServer[]): readonly (RealServer | undefined)[] {
  let table = made.get(servers);
  if (table === undefined) {
    table = populate(servers);
    made.set(servers, table);
  }
  return table;
}

function populate(servers: readonly RealServer[]): readonly (RealServer | undefined)[] {
  const divisor = servers.map((server) => server.weight).reduce(greatestDivisor, 0);
  const places = servers.flatMap((server) => {
    const address = parseAddress(server.address);
    if (address === undefined || divisor === 0) return [];
    const value = foldAddress(address) + server.port;
    return [
      {
        server,
        next: hash(value, OFFSET_KEY) % TABLE_SIZE,
        skip: (hash(value, SKIP_KEY) % (TABLE_SIZE - 1)) + 1,
        turns: Math.max(1, (server.weight / divisor) >> shiftOf(servers, divisor)),
      },
    ];
  });
  const table: (RealServer | undefined)[] = Array.from({ length: TABLE_SIZE });
  for (let filled = 0; filled < TABLE_SIZE && places.length > 0;) {
    for (const place of places) {
      for (let turn = 0; turn < place.turns && filled < TABLE_SIZE; turn += 1) {
        while (table[place.next] !== undefined) place.next = (place.next + place.skip) % TABLE_SIZE;
        table[place.next] = place.server;
        filled += 1;
      }
    }
  }
  return table;
}

/** Source: ip_vs_mh.c ip_vs_mh_shift_weight. */
function shiftOf(servers: readonly RealServer[], divisor: number): number {
  const most = Math.floor(Math.max(...servers.map((server) => server.weight)) / divisor);
  return Math.max(0, 32 - Math.clz32(most) - SHARE_BITS);
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** Source: lib/siphash.c hsiphash_1u32, which is SipHash-1-3 on 64-bit machines. Both halves of the key are the same. */
function hash(value: number, key: bigint): number {
  const block = (4n << 56n) | (BigInt(value) & 0xffffffffn);
  let v: State = [
    0x736f6d6570736575n ^ key,
    0x646f72616e646f6dn ^ key,
    0x6c7967656e657261n ^ key,
    0x7465646279746573n ^ key ^ block,
  ];
  v = round(v);
  v = round(round(round([v[0] ^ block, v[1], v[2] ^ 0xffn, v[3]])));
  return Number((v[0] ^ v[1] ^ v[2] ^ v[3]) & 0xffffffffn);
}

type State = readonly [bigint, bigint, bigint, bigint];

/** Source: include/linux/siphash.h SIPHASH_PERMUTATION. */
function round([a, b, c, d]: State): State {
  let [v0, v1, v2, v3] = [(a + b) & WORD, rotate(b, 13n), (c + d) & WORD, rotate(d, 16n)];
  v1 ^= v0;
  v0 = rotate(v0, 32n);
  v3 ^= v2;
  v0 = (v0 + v3) & WORD;
  v3 = rotate(v3, 21n) ^ v0;
  v2 = (v2 + v1) & WORD;
  v1 = rotate(v1, 17n) ^ v2;
  return [v0, v1, rotate(v2, 32n), v3];
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & WORD;
}
