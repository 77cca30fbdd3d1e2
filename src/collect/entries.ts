import type { Gap } from '../model/artefact.ts';

/** What stands in a folder or archive, before anybody knows that it is a snapshot. */
export interface Entries {
  /** Bytes by name, each read when it is asked for; `read` throws what the file system says. */
  readonly files: ReadonlyMap<string, () => Buffer>;
  readonly gaps: readonly Gap[];
}

/** The gap of an entry that is there but is not read. */
export function skippedEntry(name: string, problem: string, kind: Gap['kind'] = 'unreadable'): Gap {
  return { kind, artefact: name, problem, remedy: 'put a plain file in its place' };
}
