/**
 * Takes out of artefacts what is nobody else's business.
 *
 * In: an artefact's name and bytes. Out: bytes of the same format, with pseudonyms where secrets (and, if wanted, names and
 * addresses) stood; equal values have equal pseudonyms in all artefacts of one redaction, and nobody can find the value behind one
 * without the key of the hash, which is never stored. What cannot be read cannot be judged either, and is left out. It must not do
 * I/O, nor decide which artefacts a snapshot has.
 */
import type { Gap } from '../model/artefact.ts';
import type { Selection } from '../model/selection.ts';
import { Hiding, type KeyedHash } from './hiding.ts';
import { hideInJson } from './json-secrets.ts';
import { NotJson } from './json-tree.ts';
import { keepsClientNets, renameConnections, renameVirtualServers } from './names/ipvs-names.ts';
import { renameLines } from './names/line-names.ts';
import { Renaming } from './names/renaming.ts';
import { hideInLines, isLineFile } from './text-secrets.ts';

/** What is taken out: nothing; secrets; secrets, names and addresses. */
export type RedactionLevel = 'none' | 'secrets' | 'names';

export type Redacted =
  | { readonly name: string; readonly bytes: Buffer }
  /** one clause: why the artefact has to be left out */
  | { readonly leftOut: string };

/** Redacts the artefacts of one snapshot. */
export interface Redaction {
  /**
   * Looks at an artefact and remembers the secrets in it, so that they are found in others too, whichever comes first. Every
   * artefact is shown to it once before the first is redacted.
   */
  learn(name: string, bytes: Buffer): void;
  redact(name: string, bytes: Buffer): Redacted;
  /** A gap that the snapshot's index tells. */
  gap(gap: Gap): Gap;
  /** What of a List is whole: as the names in it are. */
  selection(selection: Selection): Selection;
  /** Words for people, in which only names that stand in artefacts are changed. */
  words(text: string): string;
}

/** Listings of virtual servers. */
const VIRTUAL_SERVERS: ReadonlySet<string> = new Set(['ipvsadm-save.txt', 'ip_vs.txt']);

/** A redaction with a hash of its own. */
export function createRedaction(level: Exclude<RedactionLevel, 'none'>, hash: KeyedHash): Redaction {
  const renaming = level === 'names' ? new Renaming(hash) : null;
  const hiding = new Hiding(hash, renaming === null);
  /** Of any node: seen before the first artefact is redacted. */
  let clientNets = false;
  const renamed = (file: string, text: string): string => {
    if (renaming === null) return text;
    if (file === 'ip_vs.txt') return renameVirtualServers(text, renaming);
    if (file === 'ipvsadm-connections.txt') return renameConnections(text, renaming, clientNets);
    return renameLines(text, renaming);
  };
  const redact = (name: string, bytes: Buffer): Redacted => {
    const format = formatOf(name);
    const newName = renaming === null ? name : renameArtefact(name, renaming);
    if (format.kind === 'refused') return { leftOut: format.problem };
    if (format.kind === 'lines') {
      const hidden = hideInLines(format.file, bytes.toString('utf8'), hiding);
      clientNets ||= VIRTUAL_SERVERS.has(format.file) && keepsClientNets(hidden);
      return { name: newName, bytes: Buffer.from(renamed(format.file, hidden)) };
    }
    try {
      return { name: newName, bytes: hideInJson(bytes, format.plural, hiding, renaming) };
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
      return { leftOut: 'it is no whole JSON document, so that nobody can tell what is secret in it' };
    }
  };
  return {
    learn: (name, bytes) => {
      redact(name, bytes);
      hiding.relearn();
    },
    redact,
    selection: (selection) => {
      const other = (text: string): string => renaming?.text(hiding.text(text)) ?? hiding.text(text);
      const { namespace, labels, fields } = selection;
      return {
        ...(namespace === undefined ? {} : { namespace: other(namespace) }),
        ...(labels === undefined ? {} : { labels: other(labels) }),
        ...(fields === undefined ? {} : { fields: other(fields) }),
      };
    },
    words: (text) => renaming?.prose(hiding.text(text)) ?? hiding.text(text),
    gap: ({ raw: _, pointer: _pointer, ...gap }) => {
      const prose = (text: string): string => renaming?.prose(hiding.text(text)) ?? hiding.text(text);
      const { problem, remedy } = gap;
      const artefact = renaming === null ? gap.artefact : renameArtefact(gap.artefact, renaming);
      return { ...gap, artefact, problem: prose(problem), ...(remedy === undefined ? {} : { remedy: prose(remedy) }) };
    },
  };
}

/** The name of an artefact, with other names of clusters, nodes, pods and groups in it. */
function renameArtefact(name: string, renaming: Renaming): string {
  const parts = name.split('/');
  const last = parts.length - 1;
  if (parts[0] !== 'clusters') return renaming.prose(name);
  const kept = new Set(['netns', 'envoy', 'kube-proxy', 'resources', 'nodes', 'pods', 'istiod', 'ztunnel', 'linkerd']);
  return parts
    .map((part, at) =>
      // istiod/<pod>/config_dump_proxyID_<pod>.<namespace>.json
      at === last && parts[2] === 'istiod' ? `${renaming.text(part.replace(/\.json$/, ''))}.json` : part,
    )
    .map((part, at) => (at === 0 || at === last || at === 2 || (at > 3 && kept.has(part)) ? part : renaming.name(part)))
    .join('/');
}

type Format =
  | { readonly kind: 'json'; readonly plural: string }
  | { readonly kind: 'lines'; readonly file: string }
  | { readonly kind: 'refused'; readonly problem: string };

const SECRETS = /^secrets?(?:\.|$)/;

function formatOf(name: string): Format {
  const parts = name.split('/');
  const file = parts.at(-1) ?? '';
  const inside = parts[0] === 'clusters' ? parts[2] : undefined;
  if (inside === 'resources') {
    if (!file.endsWith('.json') || parts.length !== 6) return unknown();
    if (SECRETS.test(file)) return { kind: 'refused', problem: 'Secrets have no place in a snapshot' };
    return { kind: 'json', plural: file.slice(0, -'.json'.length) };
  }
  if (parts.length === 3 && file === 'version.json') return { kind: 'json', plural: '' };
  if (inside === 'istiod' || inside === 'ztunnel' || inside === 'linkerd') {
    return file.endsWith('.json') ? { kind: 'json', plural: '' } : unknown();
  }
  if (inside !== 'nodes' && inside !== 'pods') return unknown();
  if (file.endsWith('.json') || file === 'configz' || file === 'healthz') return { kind: 'json', plural: '' };
  return isLineFile(file) ? { kind: 'lines', file } : unknown();
}

function unknown(): Format {
  return {
    kind: 'refused',
    problem: 'the snapshot format knows no file of this name, so that nobody can tell what is secret in it',
  };
}
