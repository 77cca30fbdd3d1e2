import type { ProxyDump, ProxyDumpSection } from '../../model/proxy-dump.ts';
import { QuestionError } from '../question/question-input.ts';
import { field } from './message.ts';

/**
 * The section of that type.
 * @throws QuestionError when the dump has none
 */
export function requiredSection(dump: ProxyDump, type: string): ProxyDumpSection {
  const section = dump.section(type);
  if (section !== undefined) return section;
  throw new QuestionError(`${dump.artefact} has no ${type}`, [
    'It was captured with a mask, or is of a control plane. Capture /config_dump?include_eds=true of the proxy.',
  ]);
}

/** Where the resources of a section stand: field of the section, and path inside its elements. */
type Place = readonly [list: string, ...path: readonly string[]];

/**
 * The resources that serve requests, in the order of the dump, those of these places one after the other.
 * @param holding as of ProxyDumpSection.elements
 * @throws QuestionError when there are none at all
 */
export function runningResources(
  dump: ProxyDump,
  type: string,
  places: readonly Place[],
  holding: string | null = null,
): readonly unknown[] {
  const section = requiredSection(dump, type);
  const found = resourcesAt(section, places, holding);
  if (found.length > 0 || (holding !== null && resourcesAt(section, places, null).length > 0)) return found;
  const kind = type.replace(/ConfigDump$/, '').toLowerCase();
  throw new QuestionError(`${dump.artefact} has no ${kind}`, ['The proxy has received none yet, or was drained.']);
}

function resourcesAt(section: ProxyDumpSection, places: readonly Place[], holding: string | null): readonly unknown[] {
  return places.flatMap(([list, ...path]) =>
    section.elements(list, holding).flatMap((element) => {
      const resource = field(element, ...path);
      return resource === undefined ? [] : [resource];
    }),
  );
}
