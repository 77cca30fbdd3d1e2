import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ConnectionContext } from '../context.ts';
import type { Walk } from '../walk.ts';

/** A network filter of a chain. */
export interface NetworkFilter {
  readonly name: string;
  /** The entry of `filters`. */
  readonly entry: Cursor;
  readonly type: string;
  readonly config: Cursor;
}

/** Lets a connection pass on to the next filter (`next`), or ends it. */
export type RunNetworkFilter = (
  context: ConnectionContext,
  filter: NetworkFilter,
  walk: Walk,
  next: (walk: Walk, context?: ConnectionContext) => EnvoyOutcome[],
) => EnvoyOutcome[];
