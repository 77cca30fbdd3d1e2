/**
 * What a proxy answered on its admin port, section by section as it stands. `EnvoyConfigDump` knows what the resources are and do;
 * this is for showing them, so values are plain JSON in whichever protobuf spelling the document uses.
 */
import type { Gap } from './artefact.ts';
import type { WalkedJson } from './walked-json.ts';

/** Which elements of a list are wanted, and what of them. */
export interface ElementWish {
  /**
   * Characters, or a string with its quotes, that the element's text must hold: elements without need not be given, and others may
   * still be. null: any.
   */
  readonly holding?: string | null;
  /**
   * Lists and messages that nobody will look at, at any depth, as Envoy begins to print them (`stats": [`, `metadata": {`): they may be
   * given empty.
   */
  readonly without?: readonly string[];
}

/** One section of a config_dump (`ClustersConfigDump`). */
export interface ProxyDumpSection {
  /** The whole section, `@type` included. */
  readonly value: unknown;
  /** Elements of a repeated field, named `like_this`. */
  elements(field: string, wish?: ElementWish): readonly unknown[];
  /** The same, one after the other, without keeping them. */
  passingElements(field: string, wish?: ElementWish): Iterable<unknown>;
}

/** A proxy's /config_dump. */
export interface ProxyDump {
  readonly artefact: string;
  /** The last section of that type, as istioctl takes it; undefined: the dump has none. */
  section(type: string): ProxyDumpSection | undefined;
  /** Every section of that type. */
  sections(type: string): readonly ProxyDumpSection[];
  /** The whole document as it came, piece by piece: it may be longer than a string can be. */
  pieces(): Iterable<Buffer>;
  /** The same, parsed as it is walked: `configs`, each of them, and the lists in these are not held. */
  document(): WalkedJson;
  /** Values that were asked for and are no JSON. */
  gaps(): readonly Gap[];
}

/** A proxy's /clusters?format=json. */
export interface ProxyClusterStatuses {
  readonly artefact: string;
  /** Statuses of clusters, one after the other, without keeping them. */
  statuses(wish?: ElementWish): Iterable<unknown>;
  /** Values that were asked for and are no JSON. */
  gaps(): readonly Gap[];
}
