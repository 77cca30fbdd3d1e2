import type { Unknown } from '../../../model/branching.ts';
import type { Cursor } from '../../../model/json.ts';
import { memoised } from './memo.ts';
import { enumName, field, fields, unknown } from './proto-json.ts';

/** What the dump tells of Envoy's runtime: whether a key may have a value other than its configured default. */
export interface Runtime {
  /** null: the default holds; else why that is not known. */
  overridden(key: string): Unknown | null;
  /** The same for a key that has no configured default: only a layer that shows it counts. */
  shown(key: string): Unknown | null;
  /** Whether a layer shows any key that begins with a name and a dot. */
  showsBelow(name: string): boolean;
}

/**
 * Runtime layers of the bootstrap (envoy/config/bootstrap/v3, LayeredRuntime). A static layer shows its keys; RTDS and disk layers
 * show none, so that every key may be set there. What an operator posted to /runtime_modify is in no dump and is not considered.
 */
export const readRuntime: (bootstrap: Cursor) => Runtime = memoised((bootstrap) => {
  const layers = fields(bootstrap, 'layered_runtime', 'layers').items();
  const opaque = layers.find((layer) => field(layer, 'rtds_layer').exists || field(layer, 'disk_layer').exists);
  const shown = (key: string): Unknown | null => {
    const layer = layers.find((one) => holdsKey(field(one, 'static_layer'), key));
    return layer === undefined ? null : unknown(`the runtime key ${key} is set in the bootstrap`, field(layer, 'name'));
  };
  return {
    shown,
    showsBelow: (name) => layers.some((one) => holdsKey(field(one, 'static_layer'), name, true)),
    overridden(key) {
      if (key === '') return null;
      if (opaque === undefined) return shown(key);
      return unknown(`the runtime key ${key} may be set by a layer that no dump shows`, opaque);
    },
  };
});

/** The minor version of Envoy 1 that wrote a bootstrap into its dump; undefined: it does not tell, or it is no release. */
export const minorVersion: (bootstrap: Cursor) => number | undefined = memoised((bootstrap) => {
  const version = fields(bootstrap, 'node', 'user_agent_build_version', 'version');
  const name = fields(bootstrap, 'node', 'user_agent_name').string();
  if (name !== 'envoy' || field(version, 'major_number').number() !== 1) return undefined;
  return field(version, 'minor_number').number();
});

/** Keys may be written flat (`a.b: 1`) or nested (`a: {b: 1}`). @param below a key below this one counts as well */
function holdsKey(layer: Cursor, key: string, below = false): boolean {
  return layer.entries().some(([name, value]) => {
    if (name === key || (below && name.startsWith(`${key}.`))) return true;
    return key.startsWith(`${name}.`) && value.isObject() && holdsKey(value, key.slice(name.length + 1), below);
  });
}

const DENOMINATORS = ['HUNDRED', 'TEN_THOUSAND', 'MILLION'];
const DENOMINATOR_VALUES: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

/** A FractionalPercent: the condition is `random % denominator < numerator` (source/common/protobuf/utility.cc). */
export interface Fraction {
  readonly numerator: number;
  readonly denominator: number;
}

/** Reads an envoy.type.v3.FractionalPercent; an absent one is 0. */
export function readFraction(percent: Cursor): Fraction {
  const denominator = DENOMINATOR_VALUES[enumName(field(percent, 'denominator'), DENOMINATORS) ?? 'HUNDRED'] ?? 100;
  return { numerator: Math.min(denominator, field(percent, 'numerator').number() ?? 0), denominator };
}

export function fractionProbability({ numerator, denominator }: Fraction): number {
  return numerator / denominator;
}
