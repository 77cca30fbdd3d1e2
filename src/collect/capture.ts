import type { Gap } from '../model/artefact.ts';
import type { Collector } from './live/collector.ts';
import type { PartialFolder } from './partial-folder.ts';

/** A collector with the names that are its business. */
export interface CapturePlace {
  readonly collects: (name: string) => boolean;
  readonly collector: Collector;
}

/** Artefacts that are asked for at a time: what is finished is kept before the next ones are asked for. */
const AT_ONCE = 32;

/**
 * Captures artefacts into a folder, those alone that are not in it yet. Collectors bound how much they do at a time themselves.
 * @returns what could not be had, in the order of the names
 */
export async function capture(
  names: readonly string[],
  places: readonly CapturePlace[],
  folder: PartialFolder,
  tell: (done: number, all: number) => void,
  signal: AbortSignal,
): Promise<readonly Gap[]> {
  const gaps: Gap[] = [];
  const missing = names.filter((name) => !folder.has(name));
  for (let from = 0; from < missing.length; from += AT_ONCE) {
    tell(names.length - missing.length + from, names.length);
    const group = missing.slice(from, from + AT_ONCE);
    const asked = places.flatMap(({ collects, collector }) => {
      const own = group.filter(collects);
      return own.length === 0 ? [] : [collector.collect(own, signal)];
    });
    const collected = new Map((await Promise.all(asked)).flatMap((one) => [...one]));
    // What was finished before Ctrl-C is kept; what was stopped is no gap.
    for (const name of group) {
      const one = collected.get(name);
      if (one === undefined) gaps.push({ kind: 'missing', artefact: name, problem: 'nothing can capture it' });
      else if ('gap' in one) gaps.push(one.gap);
      else folder.keep(name, one);
    }
    signal.throwIfAborted();
  }
  return gaps;
}
