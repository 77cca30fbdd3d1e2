/** Names of entries in folders and archives, as a snapshot spells them. */

const NAME_LIMIT = 1024;
/** What other programs leave behind: macOS metadata beside each file, folders of file managers. */
const LITTER = /(?:^|\/)(?:\._[^/]*|\.DS_Store|__MACOSX|Thumbs\.db|desktop\.ini|\.git|\.svn)(?:\/|$)/;
/** Control characters have no place in a name and would reach a terminal. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

export type EntryName =
  | { readonly kind: 'name'; readonly name: string }
  /** left out without a word */
  | { readonly kind: 'litter' }
  /** left out with a gap; one clause says why */
  | { readonly kind: 'refused'; readonly problem: string };

/**
 * The name of an entry inside the snapshot: relative, with single forward slashes. A name that could lead out of the snapshot on
 * any system is refused: absolute, with a drive letter, a backslash or `..`.
 */
export function entryName(raw: string): EntryName {
  if (raw.length > NAME_LIMIT) return refused('its name is too long');
  if (CONTROL.test(raw)) return refused('its name holds control characters');
  if (raw.includes('\\')) return refused('its name holds a backslash');
  if (raw.startsWith('/')) return refused('its name is an absolute path');
  const parts = raw.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return refused('its name leads out of the snapshot');
  const name = parts.join('/');
  if (/^[a-z]:/i.test(name)) return refused('its name starts with a drive letter');
  return name === '' || LITTER.test(name) ? { kind: 'litter' } : { kind: 'name', name };
}

/** A raw name for a gap: printable and short. */
export function printableName(raw: string): string {
  const cut = raw.length > 200 ? `${raw.slice(0, 199)}…` : raw;
  return JSON.stringify(cut).slice(1, -1);
}

function refused(problem: string): EntryName {
  return { kind: 'refused', problem };
}
