import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { ConfigMapFact, ObjectFact } from '../../model/kubernetes.ts';
import { parseDocument, readObjects, type Document, type ObjectType } from './object-list.ts';

const CONFIG_MAP: ObjectType = { kinds: ['ConfigMap'], group: '' };

/** Reads core/v1 ConfigMaps: their texts, not their binary data. */
export function parseConfigMaps(
  artefact: Artefact,
  document: Document = parseDocument(artefact),
): Parsed<readonly ConfigMapFact[]> {
  return readObjects(document, CONFIG_MAP, (item, base: ObjectFact) => ({ data: item.stringMap('data'), ...base }));
}
