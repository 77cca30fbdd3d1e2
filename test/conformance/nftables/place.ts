import type { Family } from '../../../src/model/address.ts';
import { CLOSED_PORTS, PORTS } from '../netfilter/lab.ts';
import type { Random } from '../routing/random.ts';

export const ALL_PORTS = [...PORTS, ...CLOSED_PORTS];
export const MARKS = ['0x1', '0x2', '0x3', '0x10', '0x80', '0x4000'];
export const MASKS = ['0x1', '0x3', '0xf', '0xff', '0x4000', '0xffffffff'];

export type HookName = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** Where a rule stands, and what may stand there. */
export interface Place {
  readonly random: Random;
  readonly family: Family;
  /** Family of the table. */
  readonly table: 'ip' | 'ip6' | 'inet';
  readonly type: 'filter' | 'nat' | 'route';
  readonly hook: HookName;
  /** Whether conntrack has seen the packet before. */
  readonly early: boolean;
  /** User chains that may be jumped to. */
  readonly chains: readonly string[];
  /** Source port of the first probe. */
  readonly firstPort: number;
}
