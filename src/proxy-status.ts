/**
 * Whether proxies run what their control plane has for them. In: snapshots with the answers of istiods, files, or a live cluster. Out: the text for
 * standard output, and whether something differs. It knows neither flags nor the process.
 */
import { collectLooseFile } from './collect/loose-file.ts';
import { collectSnapshots } from './collect/snapshot.ts';
import { missingDocument, unreadableDocument } from './explain/proxy-config/documents.ts';
import { diffLines, diffProxies, verdictOf, type Verdict } from './explain/proxy-config/proxy-diff.ts';
import { syncResponse } from './explain/proxy-status/sync-response.ts';
import { istiodDump, withoutOwnEndpoints } from './explain/proxy-status/istiod-dump.ts';
import { statusTable, subscriptionTable } from './explain/proxy-status/sync-table.ts';
import { QuestionError } from './explain/question/question-input.ts';
import type { Artefact, ArtefactSource } from './model/artefact.ts';
import type { ProxyDump } from './model/proxy-dump.ts';
import type { ProxySync } from './model/proxy-sync.ts';
import { readProxyDocument } from './parse/envoy/proxy-dump.ts';
import { parseSyncz } from './parse/istiod/syncz.ts';
import type { ProxySelection } from './explain/proxy-config/target.ts';
import { sentence } from './live-error.ts';
import type { LiveAccess } from './live-question.ts';
import {
  capturedIstiods,
  istiodAnswers,
  runningIstiods,
  type Istiod,
  type IstiodAnswer,
  type IstiodSelection,
} from './proxy-config/istiods.ts';
import { renderOwn } from './proxy-config/present.ts';
import type { Proxies } from './proxy-config/proxies.ts';
import { askRunning } from './proxy-config/running-proxies.ts';
import { openSnapshot } from './proxy-config/snapshot-proxies.ts';
import { renderDumps } from './render/istioctl/dump.ts';
import { escapeControls } from './render/escape-controls.ts';
import { renderTable } from './render/istioctl/table.ts';
import { istiodFileOf } from './workspace/layout.ts';

export type StatusFormat = 'table' | 'wide' | 'json' | 'yaml' | 'reach-json' | 'reach-yaml';

/** Where the answers of istiods are. */
interface ControlPlane {
  readonly snapshots: readonly string[];
  /** Of a live cluster, which is asked where no snapshot is given. */
  readonly istiods: IstiodSelection;
  readonly live: LiveAccess;
}

/** Which proxies are listed, and how. */
export interface StatusQuestion extends ControlPlane {
  /** Only proxies of this namespace. */
  readonly namespace: string | null;
  /** One column for each kind of resource. */
  readonly verbose: boolean;
}

interface ShownStatus {
  readonly text: string;
  /** Sentences for standard error: istiods that did not answer. */
  readonly notes: readonly string[];
}

/**
 * Every proxy that is connected to an istiod.
 * @param now when ages are taken, where the capture has no time
 * @throws QuestionError when no istiod's answer was captured, or it cannot be read; LiveError when none can be asked
 */
export async function showProxyStatus(question: StatusQuestion, now: Date, format: StatusFormat): Promise<ShownStatus> {
  return await inSource(question, async (source, istiods) => {
    const answers = istiodAnswers(source, istiods, SYNC_FILE);
    if (answers.length === 0) {
      throw new QuestionError('no istiod told the status of its proxies', [
        'In a snapshot it stands in clusters/NAME/istiod/POD/syncz.json: capture /debug/syncz of each istiod.',
      ]);
    }
    const told = new Set(answers.map(({ istiod }) => istiod));
    const notes = source
      .gaps()
      .filter(
        ({ artefact }) => istiodFileOf(artefact)?.file === SYNC_FILE && !told.has(istiodFileOf(artefact)?.istiod ?? ''),
      )
      .map(({ problem }) => sentence(problem));
    return { text: await statusText(answers, question, now, format), notes };
  });
}

const SYNC_FILE = 'syncz.json';

async function statusText(
  answers: readonly IstiodAnswer[],
  { namespace, verbose }: StatusQuestion,
  now: Date,
  format: StatusFormat,
): Promise<string> {
  const syncs = answers.flatMap(({ artefact, istiod }): readonly ProxySync[] => {
    const { value, gaps } = parseSyncz(artefact, istiod);
    const [gap] = gaps;
    if (gap !== undefined) throw unreadableDocument(gap);
    return value;
  });
  if (format === 'json' || format === 'yaml') return responsesText(answers, namespace, format);
  const shown = syncs.filter((sync) => namespace === null || sync.namespace === namespace);
  if (format === 'reach-json' || format === 'reach-yaml') {
    return await renderOwn({ schemaVersion: '1.0', kind: 'proxy-status', items: shown }, format);
  }
  const captured = answers.map(({ artefact }) => Date.parse(artefact.capturedAt ?? '')).filter((time) => time > 0);
  const at = captured.length === 0 ? now : new Date(Math.max(...captured));
  const wide = format === 'wide';
  return renderTable(wide || verbose ? statusTable(shown, at, wide) : subscriptionTable(shown));
}

/** The answer of each istiod as istioctl prints it, one document after the other. */
function responsesText(answers: readonly IstiodAnswer[], namespace: string | null, format: 'json' | 'yaml'): string {
  const texts = answers.map(({ artefact, istiod }) => {
    const response = syncResponse(jsonOf(artefact), namespace);
    if (response === undefined) {
      throw new QuestionError(`istiod ${istiod} answered with a list of its own, which is no message of istioctl`, [
        'Ask for -o reach-json.',
      ]);
    }
    const messages = { values: [response], type: 'envoy.service.discovery.v3.DiscoveryResponse', as: 'one' } as const;
    return renderDumps([{ proxy: istiod, messages }], false, format);
  });
  return texts.join(format === 'yaml' ? '---\n' : '');
}

/** The one proxy that is compared with its control plane. */
export interface SingleQuestion extends ControlPlane {
  /** `[TYPE/]NAME[.NAMESPACE]`; null: files are given. */
  readonly target: string | null;
  readonly namespace: string | null;
  /** The proxy's config_dump. */
  readonly file: string | null;
  /** What istiod has for it: its /debug/config_dump?proxyID=… */
  readonly istiodFile: string | null;
}

/**
 * What istiod has for one proxy, held against what it runs.
 * @throws QuestionError when one of them was not captured or cannot be read, LiveError when one cannot be asked
 */
export async function showProxyDifference(
  question: SingleQuestion,
  format: Exclude<StatusFormat, 'json' | 'yaml'>,
): Promise<{ readonly text: string; readonly verdict: Verdict }> {
  const { name, envoy, istiod } = await bothSides(question);
  const kinds = diffProxies(istiod, withoutOwnEndpoints(envoy), { dynamicOnly: true, without: ['extension'] }).filter(
    // An istiod that sends no secrets, or whose endpoints were not captured, says nothing of them.
    ({ kind, missing }) => missing === null || !(kind === 'secret' || kind === 'endpoint'),
  );
  const verdict = verdictOf(kinds);
  if (format === 'reach-json' || format === 'reach-yaml') {
    const items = [{ before: 'istiod', after: name, kinds }];
    return { text: await renderOwn({ schemaVersion: '1.0', kind: 'diff', items, alone: [] }, format), verdict };
  }
  const sides = verdict === 'different' ? [`--- istiod`, `+++ ${name}`] : [];
  const lines = [...sides, ...diffLines(kinds, 'istiod', name, format === 'wide')].map((line) =>
    line.replace(/^([A-Z][a-z]+s) match$/, '$1 Match').replace(/^([A-Z][a-z]+s) differ$/, "$1 Don't Match"),
  );
  return { text: lines.map((line) => `${escapeControls(line)}\n`).join(''), verdict };
}

interface BothSides {
  readonly name: string;
  readonly envoy: ProxyDump;
  readonly istiod: ProxyDump;
}

async function bothSides(question: SingleQuestion): Promise<BothSides> {
  const { target, namespace, file, istiodFile } = question;
  const envoyFile = file === null ? null : dumpOf(await collectLooseFile(file));
  const planned = istiodFile === null ? null : istiodDump(dumpOf(await collectLooseFile(istiodFile)), undefined);
  if (target === null) {
    if (envoyFile === null || planned === null || file === null) {
      throw new QuestionError('only one of the two sides is given', [
        "Give the proxy's dump with --file and istiod's with --istiod-file, or name a proxy.",
      ]);
    }
    return { name: file, envoy: envoyFile, istiod: planned };
  }
  const selection = { target, namespace, selector: null, all: false, replicas: false };
  return await inSource(question, (source, istiods, open) => {
    const [proxy] = open(selection).list;
    if (proxy === undefined) throw new Error('no proxy was opened');
    const name = proxy.name.slice(proxy.name.indexOf('/') + 1);
    return { name, envoy: envoyFile ?? proxy.config(), istiod: planned ?? plannedFor(name, source, istiods) };
  });
}

/** What the istiod that a proxy is connected to has for it; the others know nothing of it. */
function plannedFor(name: string, source: ArtefactSource, istiods: readonly Istiod[]): ProxyDump {
  const [known] = [`config_dump_proxyID_${name}_include_eds.json`, `config_dump_proxyID_${name}.json`].flatMap((one) =>
    istiodAnswers(source, istiods, one),
  );
  const [endpoints] = istiodAnswers(source, istiods, `edsz_proxyID_${name}.json`);
  if (known === undefined) {
    throw new QuestionError(`no istiod told what it has for ${name}`, [
      `In a snapshot it stands in clusters/NAME/istiod/POD/config_dump_proxyID_${name}.json: capture /debug/config_dump?proxyID=${name}.`,
    ]);
  }
  return istiodDump(dumpOf(known.artefact), endpoints === undefined ? undefined : jsonOf(endpoints.artefact));
}

/** Asks snapshots, or the cluster in rounds. */
async function inSource<T>(
  { snapshots, istiods, live }: ControlPlane,
  ask: (
    source: ArtefactSource,
    istiods: readonly Istiod[],
    open: (selection: Omit<ProxySelection, 'from'>) => Proxies,
  ) => T | Promise<T>,
): Promise<T> {
  if (snapshots.length > 0) {
    const source = await collectSnapshots(snapshots);
    return await ask(source, capturedIstiods(source), (one) => openSnapshot(source, { ...one, from: 'snapshot' }));
  }
  return await askRunning(live, (source, open) => ask(source, runningIstiods(source, istiods), open));
}

function dumpOf(artefact: Artefact): ProxyDump {
  const document = readProxyDocument(artefact);
  if (document.kind === 'unreadable') throw unreadableDocument(document.gap);
  if (document.kind !== 'config-dump') throw missingDocument('config-dump', [{ artefact, ...document }]);
  return document.dump;
}

function jsonOf(artefact: Artefact): unknown {
  try {
    return JSON.parse(artefact.bytes.toString('utf8')) as unknown;
  } catch {
    throw unreadableDocument({ kind: 'unreadable', artefact: artefact.name, problem: 'this is no JSON document' });
  }
}
