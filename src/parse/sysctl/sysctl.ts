/**
 * Reads kernel settings.
 *
 * In: what `sysctl -a` or `sysctl NAME…` prints (`a.b = value`, also without blanks). Out: values by dotted name. A device whose
 * name holds a dot (`eth0.100`) stands with a slash in procps' output (`net.ipv4.conf.eth0/100.rp_filter`); names come out with
 * dots throughout, as somebody who knows the device would ask for them. It must not fill in defaults.
 */
import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { Evidence } from '../../model/evidence.ts';
import { GapLog } from '../../model/gap-log.ts';
import type { Sysctl } from '../../model/network-namespace.ts';
import { textLines, unreadableText } from '../../model/text-lines.ts';

const NAME = /^[\w./:@+-]+$/;
/** procps' own complaints, when standard error was captured too: `sysctl: permission denied on key 'net.ipv4.…'`. */
const COMPLAINT = /^sysctl: /;
const DENIED = /^sysctl: permission denied on key ['"]?(net[./][^'"]*)/;

/** Settings outside of `net` may have several lines, and procps repeats the name on each; of `net` none has. */
const OF_ONE_LINE = /^net\./;

/** Reads every setting. Of a name that stands twice the first value holds, and a different second one of `net` is a gap. */
export function parseSysctl(artefact: Artefact): Parsed<Sysctl> {
  const unreadable = unreadableText(artefact, 'the output of `sysctl -a`');
  const value = new Map<string, { readonly value: string; readonly evidence: Evidence }>();
  if (unreadable !== undefined) return { value, gaps: [unreadable] };
  const gaps = new GapLog(artefact.name);
  for (const line of textLines(artefact)) {
    const { text, number } = line;
    const at = { line: number, raw: text };
    if (text.trim() === '') continue;
    if (COMPLAINT.test(text)) {
      const denied = DENIED.exec(text);
      if (denied !== null) gaps.add('forbidden', `reading ${denied[1] ?? ''} was denied`, at);
      continue;
    }
    const equals = text.indexOf('=');
    const name = text.slice(0, Math.max(0, equals)).trim().replaceAll('/', '.');
    if (line.cut || !NAME.test(name)) {
      gaps.add('unreadable', 'this is no line of the form name = value', at);
      continue;
    }
    const setting = text.slice(equals + 1).trim();
    const known = value.get(name);
    if (known === undefined) value.set(name, { value: setting, evidence: { artefact: artefact.name, ...at } });
    else if (known.value !== setting && OF_ONE_LINE.test(name))
      gaps.add('not-understood', `${name} stands here a second time`, at);
  }
  return { value, gaps: gaps.list() };
}
