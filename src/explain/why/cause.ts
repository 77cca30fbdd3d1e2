import type { Cursor } from '../../model/json.ts';
import type { ProxyView } from './proxy-view.ts';

/** A place of the configuration where a cause holds. */
export interface Finding {
  /** One clause that names the place: `cluster x has no hosts`. */
  readonly text: string;
  readonly cites: readonly Cursor[];
  /** Every request that gets there ends so; else it depends on what no dump tells (load, time, what is sent). */
  readonly certain: boolean;
}

/** Something that may make a proxy log a response flag. */
export interface Cause {
  /** Stable name. */
  readonly id: string;
  readonly flags: readonly string[];
  /** One sentence. */
  readonly title: string;
  /** One sentence. */
  readonly remedy: string;
  /** What RESPONSE_CODE_DETAILS says then; null: anything. */
  readonly details: RegExp | null;
  /** Whether a dump that was read whole and has no such place disproves it. */
  readonly decided: boolean;
  /** Whether hosts decide, which not every dump shows. */
  readonly needs?: 'hosts';
  readonly look: (view: ProxyView) => readonly Finding[];
}
