/** What a text that holds no rules looks like, and what to do about it. */
export interface ForeignText {
  /** `it looks like an Envoy config_dump`. */
  readonly finding: string;
  /** A sentence. */
  readonly remedy: string;
}

const MAKE_ONE = 'Make one with `iptables-save` on the machine (`ip6tables-save` for IPv6).';

/** Signs of a format near the beginning of a text, the more certain ones first. */
const FORMATS: readonly (readonly [sign: RegExp, looks: string, remedy: string])[] = [
  [/^\s*\{[\s\S]{0,200}"configs"\s*:/, 'an Envoy config_dump', MAKE_ONE],
  [/^\s*\{[\s\S]{0,2000}"apiVersion"\s*:/, 'a Kubernetes object', MAKE_ONE],
  [/^\s*(?:---\s*)?(?:apiVersion|kind|items):/, 'a Kubernetes object as YAML', MAKE_ONE],
  [/^\s*[{[]/, 'JSON', MAKE_ONE],
  [/^Chain \S+ \((?:policy|\d+ references)/m, 'a listing of `iptables -L`, which leaves out what rules say', MAKE_ONE],
  [/^-P (?:INPUT|PREROUTING|FORWARD|OUTPUT|POSTROUTING) /m, 'a listing of one table by `iptables -S`', MAKE_ONE],
  [/^(?:\S+ via |default |\d[\d.]*\/\d+ dev )/m, 'a listing of routes', MAKE_ONE],
];

/**
 * Tells what stands in a text that has no table of an iptables-save.
 * @param start the first few thousand characters
 */
export function describeForeign(start: string): ForeignText {
  if (start.trim() === '') return { finding: 'it is empty', remedy: MAKE_ONE };
  if (start.startsWith('ustar', 257)) {
    return {
      finding: 'it is an archive',
      remedy: 'A snapshot is given to explain with --snapshot; here goes a file of its own.',
    };
  }
  if (start.includes('\0')) return { finding: 'it is no text', remedy: MAKE_ONE };
  const [, looks, remedy] = FORMATS.find(([sign]) => sign.test(start)) ?? [
    undefined,
    'text of another format',
    MAKE_ONE,
  ];
  return { finding: `it looks like ${looks}`, remedy };
}

/** The family of addresses that rules name, from the first of them; undefined: they name none. */
export function familyOfRules(start: string): 4 | 6 | undefined {
  const address = / -[sd] ([0-9a-fA-F.:]+)/.exec(start)?.[1];
  if (address === undefined) return undefined;
  return address.includes(':') ? 6 : 4;
}
