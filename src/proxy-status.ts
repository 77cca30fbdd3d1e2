/**
 * Whether proxies run what their control plane has for them. In: snapshots with the answers of istiods, or files. Out: the text for
 * standard output, and whether something differs. It knows neither flags nor the process.
 */
import { collectLooseFile } from './collect/loose-file.ts';
import { collectSnapshots } from './collect/snapshot.ts';
import { missingDocument, unreadableDocument } from './explain/proxy-config/documents.ts';
import { diffLines, diffProxies, isDifferent } from './explain/proxy-config/proxy-diff.ts';
import { istiodDump, withoutOwnEndpoints } from './explain/proxy-status/istiod-dump.ts';
import { statusTable, subscriptionTable } from './explain/proxy-status/sync-table.ts';
import { QuestionError } from './explain/question/question-input.ts';
import type { Artefact, ArtefactSource } from './model/artefact.ts';
import type { ProxyDump } from './model/proxy-dump.ts';
import type { ProxySync } from './model/proxy-sync.ts';
import { readProxyDocument } from './parse/envoy/proxy-dump.ts';
import { parseSyncz } from './parse/istiod/syncz.ts';
import { openSnapshot } from './proxy-config/open-proxies.ts';
import { renderOwn } from './proxy-config/present.ts';
import { escapeControls } from './render/escape-controls.ts';
import { renderTable } from './render/istioctl/table.ts';
import { istiodFileOf } from './workspace/layout.ts';

export type StatusFormat = 'table' | 'wide' | 'reach-json' | 'reach-yaml';

/** Which proxies are listed, and how. */
export interface StatusQuestion {
  readonly snapshots: readonly string[];
  /** Only proxies of this namespace. */
  readonly namespace: string | null;
  /** One column for each kind of resource. */
  readonly verbose: boolean;
}

/**
 * Every proxy that is connected to an istiod.
 * @param now when ages are taken, where the capture has no time
 * @throws QuestionError when no istiod's answer was captured, or it cannot be read
 */
export async function showProxyStatus(question: StatusQuestion, now: Date, format: StatusFormat): Promise<string> {
  if (question.snapshots.length === 0) throw noSnapshot();
  const source = await collectSnapshots(question.snapshots);
  const answers = istiodFiles(source, 'syncz.json');
  if (answers.length === 0) {
    throw new QuestionError('the snapshot holds no status of proxies', [
      'It stands in clusters/NAME/istiod/POD/syncz.json: capture /debug/syncz of each istiod.',
    ]);
  }
  const syncs = answers.flatMap(({ artefact, istiod }): readonly ProxySync[] => {
    const { value, gaps } = parseSyncz(artefact, istiod);
    const [gap] = gaps;
    if (gap !== undefined) throw unreadableDocument(gap);
    return value;
  });
  const shown = syncs.filter(({ namespace }) => question.namespace === null || namespace === question.namespace);
  if (format === 'reach-json' || format === 'reach-yaml') {
    return renderOwn({ schemaVersion: '1.0', kind: 'proxy-status', items: shown }, format);
  }
  const captured = answers.map(({ artefact }) => Date.parse(artefact.capturedAt ?? '')).filter((time) => time > 0);
  const at = captured.length === 0 ? now : new Date(Math.max(...captured));
  const wide = format === 'wide';
  return renderTable(wide || question.verbose ? statusTable(shown, at, wide) : subscriptionTable(shown));
}

function noSnapshot(): QuestionError {
  return new QuestionError('no snapshot is given', ['Give one that holds the answers of an istiod: --snapshot PATH.']);
}

/** The one proxy that is compared with its control plane. */
export interface SingleQuestion {
  /** `[TYPE/]NAME[.NAMESPACE]`; null: files are given. */
  readonly target: string | null;
  readonly namespace: string | null;
  readonly snapshots: readonly string[];
  /** The proxy's config_dump. */
  readonly file: string | null;
  /** What istiod has for it: its /debug/config_dump?proxyID=… */
  readonly istiodFile: string | null;
}

/**
 * What istiod has for one proxy, held against what it runs.
 * @throws QuestionError when one of them was not captured or cannot be read
 */
export async function showProxyDifference(
  question: SingleQuestion,
  format: StatusFormat,
): Promise<{ readonly text: string; readonly different: boolean }> {
  const { name, envoy, istiod } = await bothSides(question);
  const kinds = diffProxies(istiod, withoutOwnEndpoints(envoy), { dynamicOnly: true }).filter(
    // An istiod that sends no secrets, or whose endpoints were not captured, says nothing of them.
    ({ kind, missing }) => missing === null || !(kind === 'secret' || kind === 'endpoint'),
  );
  const different = isDifferent(kinds);
  if (format === 'reach-json' || format === 'reach-yaml') {
    const items = [{ before: 'istiod', after: name, kinds }];
    return { text: await renderOwn({ schemaVersion: '1.0', kind: 'diff', items, alone: [] }, format), different };
  }
  const sides = different ? [`--- istiod`, `+++ ${name}`] : [];
  const lines = [...sides, ...diffLines(kinds, 'istiod', name, format === 'wide')].map((line) =>
    line.replace(/^([A-Z][a-z]+s) match$/, '$1 Match').replace(/^([A-Z][a-z]+s) differ$/, "$1 Don't Match"),
  );
  return { text: lines.map((line) => `${escapeControls(line)}\n`).join(''), different };
}

async function bothSides(
  question: SingleQuestion,
): Promise<{ readonly name: string; readonly envoy: ProxyDump; readonly istiod: ProxyDump }> {
  const { target, namespace, snapshots, file, istiodFile } = question;
  if (target === null) {
    if (file === null || istiodFile === null) {
      throw new QuestionError('only one of the two sides is given', [
        "Give the proxy's dump with --file and istiod's with --istiod-file, or a proxy and --snapshot.",
      ]);
    }
    const envoy = dumpOf(await collectLooseFile(file));
    return { name: file, envoy, istiod: istiodDump(dumpOf(await collectLooseFile(istiodFile)), undefined) };
  }
  if (snapshots.length === 0) throw noSnapshot();
  const source = await collectSnapshots(snapshots);
  const selection = { target, namespace, selector: null, all: false, replicas: false, from: 'snapshot' as const };
  const [proxy] = openSnapshot(source, selection).list;
  if (proxy === undefined) throw new Error('openSnapshot gave none');
  const name = proxy.name.slice(proxy.name.indexOf('/') + 1);
  const envoy = file === null ? proxy.config() : dumpOf(await collectLooseFile(file));
  if (istiodFile !== null) {
    return { name, envoy, istiod: istiodDump(dumpOf(await collectLooseFile(istiodFile)), undefined) };
  }
  const [known] = [`config_dump_proxyID_${name}_include_eds.json`, `config_dump_proxyID_${name}.json`].flatMap((one) =>
    istiodFiles(source, one),
  );
  if (known === undefined) {
    throw new QuestionError(`the snapshot does not hold what istiod has for ${name}`, [
      `It stands in clusters/NAME/istiod/POD/config_dump_proxyID_${name}.json: capture /debug/config_dump?proxyID=${name}.`,
    ]);
  }
  const [endpoints] = istiodFiles(source, `edsz_proxyID_${name}.json`);
  const edsz: unknown = endpoints === undefined ? undefined : jsonOf(endpoints.artefact);
  return { name, envoy, istiod: istiodDump(dumpOf(known.artefact), edsz) };
}

function istiodFiles(source: ArtefactSource, file: string): { readonly artefact: Artefact; readonly istiod: string }[] {
  return source.names().flatMap((name) => {
    const place = istiodFileOf(name);
    const artefact = place?.file === file ? source.artefact(name) : undefined;
    return artefact === undefined || place === undefined ? [] : [{ artefact, istiod: place.istiod }];
  });
}

function dumpOf(artefact: Artefact): ProxyDump {
  const document = readProxyDocument(artefact);
  if (document.kind === 'unreadable') throw unreadableDocument(document.gap);
  if (document.kind !== 'config-dump') throw missingDocument('config-dump', [[artefact.name, document.kind]]);
  return document.dump;
}

function jsonOf(artefact: Artefact): unknown {
  try {
    return JSON.parse(artefact.bytes.toString('utf8')) as unknown;
  } catch {
    throw unreadableDocument({ kind: 'unreadable', artefact: artefact.name, problem: 'this is no JSON document' });
  }
}
