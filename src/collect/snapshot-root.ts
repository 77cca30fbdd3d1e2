import { skippedEntry, type Entries } from './entries.ts';

const INDEX = 'snapshot.json';
const CLUSTERS = 'clusters/';

/**
 * The entries of the snapshot itself, which may lie in one folder of its own, as archives often have it.
 * @returns undefined when there is no snapshot
 */
export function snapshotRoot({ files, gaps }: Entries): Entries | undefined {
  const names = [...files.keys()];
  if (names.some(isOfSnapshot)) return { files, gaps };
  const tops = new Set(names.map((name) => name.slice(0, name.indexOf('/') + 1)));
  const inside = [...tops].filter(
    (top) => top !== '' && names.some((name) => name.startsWith(top) && isOfSnapshot(name.slice(top.length))),
  );
  const [top] = inside;
  if (top === undefined || inside.length > 1) return undefined;
  const outside = names.filter((name) => !name.startsWith(top));
  return {
    files: new Map(
      [...files].filter(([name]) => name.startsWith(top)).map(([name, read]) => [name.slice(top.length), read]),
    ),
    gaps: [
      ...gaps.map((gap) => ({
        ...gap,
        artefact: gap.artefact.startsWith(top) ? gap.artefact.slice(top.length) : gap.artefact,
      })),
      ...outside.map((name) => skippedEntry(name, `it lies beside the snapshot, which is in ${top}`, 'not-understood')),
    ],
  };
}

function isOfSnapshot(name: string): boolean {
  return name === INDEX || name.startsWith(CLUSTERS);
}

/** Files of the format that lie elsewhere than the format has them: a part of a snapshot was given, or loose files. */
export function familiarFiles(names: Iterable<string>): string[] {
  const familiar =
    /(?:^|\/)(?:ip6?tables(?:-legacy)?-save\.txt|config_dump\.json|ip-route6?\.json|nft-ruleset\.(?:json|txt)|pods\.json|services\.json)$/;
  return [...names].filter((name) => familiar.test(name)).toSorted();
}
