import type { Gap, GapKind } from './artefact.ts';

/** What closes a gap of which nobody says more; what is too large has nothing of the kind. */
const BY_KIND: Readonly<Partial<Record<GapKind, string>>> = {
  'not-understood': 'use a version of kubectl-reach that knows it',
  unreadable: 'capture it again; it may have been cut off or changed',
};

/** The gap with what would close it, where it does not say so itself. */
export function withRemedy(gap: Gap): Gap {
  const remedy = gap.remedy === undefined ? BY_KIND[gap.kind] : undefined;
  return remedy === undefined ? gap : { ...gap, remedy };
}
