import type { ElementWish, ProxyDump, ProxyDumpSection } from '../../model/proxy-dump.ts';
import { QuestionError } from '../question/question-input.ts';
import { field } from '../../model/protobuf-message.ts';

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

/** How much of a resource is read: all of it, or what the cells of a table and filters look at. */
export type Detail = 'whole' | 'cells';

/**
 * The resources that serve requests, one after the other in the order of the dump, those of these places one after the other.
 * @throws QuestionError when there are none at all
 */
export function* runningResources(
  dump: ProxyDump,
  type: string,
  places: readonly Place[],
  wish: ElementWish = {},
): Generator {
  const section = requiredSection(dump, type);
  let found = false;
  for (const resource of resourcesAt(section, places, wish)) {
    found = true;
    yield resource;
  }
  if (found || ((wish.holding ?? null) !== null && resourcesAt(section, places, {}).next().done !== true)) return;
  const kind = type.replace(/ConfigDump$/, '').toLowerCase();
  throw new QuestionError(`${dump.artefact} has no ${kind}`, ['The proxy has received none yet, or was drained.']);
}

function* resourcesAt(section: ProxyDumpSection, places: readonly Place[], wish: ElementWish): Generator {
  for (const [list, ...path] of places) {
    for (const element of section.passingElements(list, wish)) {
      const resource = field(element, ...path);
      if (resource !== undefined) yield resource;
    }
  }
}
