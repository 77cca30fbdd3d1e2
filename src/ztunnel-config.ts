/**
 * What a ztunnel knows as tables and dumps. In: where its config_dump is (a file, a node of a snapshot, a pod of a cluster), what to show and how. Out:
 * the text for standard output. It knows neither flags nor the process.
 */
import { collectLooseFile } from './collect/loose-file.ts';
import { collectSnapshots } from './collect/snapshot.ts';
import { unreadableDocument } from './explain/proxy-config/documents.ts';
import { QuestionError } from './explain/question/question-input.ts';
import {
  certificateTable,
  connectionTable,
  listConnections,
  listPolicies,
  listServices,
  listWorkloads,
  policyTable,
  serviceTable,
  workloadTable,
  type ZtunnelFilter,
} from './explain/ztunnel-config/ztunnel-tables.ts';
import { nameAndNamespace } from './explain/proxy-config/target.ts';
import type { ClusterView } from './explain/world/cluster-view.ts';
import { sentence } from './live-error.ts';
import { askInRounds, withCluster, type LiveAccess } from './live-question.ts';
import type { Artefact, ArtefactSource } from './model/artefact.ts';
import { DEFAULT_ISTIO_NAMESPACE } from './model/istio-namespace.ts';
import { byLabels } from './model/selection.ts';
import { listText } from './model/wording.ts';
import type { ZtunnelDump } from './model/ztunnel.ts';
import { readZtunnelDump } from './parse/ztunnel/ztunnel-dump.ts';
import { renderDocument, renderGoStructs } from './render/istioctl/dump.ts';
import { ZTUNNEL } from './render/istioctl/go-struct.ts';
import { renderTable } from './render/istioctl/table.ts';
import { ztunnelFile, ztunnelNodeOf } from './workspace/layout.ts';
import { clusterViews } from './proxy-config/cluster-views.ts';

export interface ZtunnelInput {
  /** `NAME[.NAMESPACE]` of a ztunnel's pod, or of a pod on its node; null: none is named. */
  readonly target: string | null;
  /** Of a name without one. */
  readonly namespace: string | null;
  readonly file: string | null;
  readonly snapshots: readonly string[];
  /** The node whose ztunnel is meant; null: the only one of a snapshot, the first of a cluster. */
  readonly node: string | null;
  /** Namespace of the ztunnels; null: Istio's own. */
  readonly istioNamespace: string | null;
  /** The cluster that is asked where no file or snapshot is named. */
  readonly live: LiveAccess;
}

export type ZtunnelFormat = 'short' | 'json' | 'yaml';

export interface OpenZtunnel {
  readonly dump: ZtunnelDump;
  /** The pod that was named, which is none of a ztunnel. */
  readonly workload: { readonly name: string; readonly namespace: string } | null;
}

/**
 * Reads a ztunnel's dump.
 * @param one whether it must be said which one: what is shown is different in each
 * @throws QuestionError when it is not there or something else, InputError when a file cannot be read, LiveError when the cluster cannot
 *   be asked
 */
export async function openZtunnel(input: ZtunnelInput, one: 'any' | 'named' = 'any'): Promise<OpenZtunnel> {
  const { file, snapshots, node, target } = input;
  if ([file, node, target].filter((way) => way !== null).length > 1 || (file !== null && snapshots.length > 0)) {
    throw new QuestionError('at most one of --file, --node, or pod name must be passed');
  }
  if (file !== null) return { dump: dumpOf(await collectLooseFile(file)), workload: null };
  if (snapshots.length > 0) {
    if (target !== null) throw new QuestionError('ztunnels of a snapshot are named by their nodes', ['Give --node.']);
    return { dump: dumpOf(await captured(snapshots, node)), workload: null };
  }
  if (one === 'named' && node === null && target === null) {
    throw new QuestionError('ztunnel pod name or --node must be set');
  }
  return await withCluster(input.live, async (open) => {
    const { source, namespace } = open.cluster;
    const { answer } = await askInRounds(open, () => running(source, input, namespace ?? 'default'));
    return answer;
  });
}

function dumpOf(artefact: Artefact): ZtunnelDump {
  const dump = readZtunnelDump(artefact);
  if ('problem' in dump) throw unreadableDocument(dump);
  return dump;
}

function running(source: ArtefactSource, input: ZtunnelInput, contextNamespace: string): OpenZtunnel {
  const { cluster, node, workload } = nodeOf(source, input, contextNamespace);
  const name = ztunnelFile(cluster, node);
  const artefact = source.artefact(name);
  if (artefact !== undefined) return { dump: dumpOf(artefact), workload };
  const gap = source.gaps().find((one) => one.artefact === name);
  throw new QuestionError(
    gap?.problem ?? `the ztunnel of node ${node} did not answer`,
    gap?.remedy === undefined ? [] : [sentence(gap.remedy)],
  );
}

interface ZtunnelPlace extends Pick<OpenZtunnel, 'workload'> {
  readonly cluster: string;
  readonly node: string;
}

function nodeOf(source: ArtefactSource, input: ZtunnelInput, contextNamespace: string): ZtunnelPlace {
  const { node, target, namespace } = input;
  const views = clusterViews(source);
  const [view] = views;
  if (node !== null) return { cluster: view?.name ?? '', node, workload: null };
  const [first] = ztunnelPods(views, input.istioNamespace);
  if (target === null) {
    if (first !== undefined) return { cluster: first.cluster, node: first.node, workload: null };
    throw new QuestionError('no ztunnel runs in the cluster', ['Name its namespace with -i, or --node.']);
  }
  const [name, place] = nameAndNamespace(target, namespace ?? contextNamespace);
  const pod = view?.pod(place, name);
  if (view === undefined || pod === undefined) throw new QuestionError(`there is no pod ${name} in namespace ${place}`);
  if (pod.nodeName === null) throw new QuestionError(`pod ${place}/${name} has no node yet`);
  const isZtunnel = pod.labels['app'] === 'ztunnel';
  return { cluster: view.name, node: pod.nodeName, workload: isZtunnel ? null : { name, namespace: place } };
}

interface ZtunnelPod {
  readonly cluster: string;
  readonly node: string;
  readonly pod: string;
  readonly namespace: string;
}

/** The running ztunnels of a live cluster, by node. */
function ztunnelPods(views: readonly ClusterView[], istioNamespace: string | null): ZtunnelPod[] {
  const place = istioNamespace ?? DEFAULT_ISTIO_NAMESPACE;
  return views
    .flatMap(({ name: cluster, objects }) => {
      objects?.holds('pods', byLabels(place, { app: 'ztunnel' }));
      return (objects?.pods ?? [])
        .filter((pod) => pod.namespace === place && pod.labels['app'] === 'ztunnel' && pod.phase === 'Running')
        .flatMap(({ name, namespace, nodeName }) =>
          nodeName === null ? [] : [{ cluster, node: nodeName, pod: name, namespace }],
        );
    })
    .toSorted((a, b) => (a.node < b.node ? -1 : 1));
}

/** What is to be logged by ztunnels. */
export interface ZtunnelLogInput extends Omit<ZtunnelInput, 'file' | 'snapshots'> {
  /** `LEVEL`, or `TARGET:LEVEL`, with commas for several; null: as it is. */
  readonly level: string | null;
  /** Back to what they started with, before any level is set. */
  readonly reset: boolean;
}

/**
 * Shows what ztunnels log, after changing it where that is asked for: of one, or of all (ztunnel, src/admin.rs, handle_logging).
 * @throws QuestionError when there is none or a level is none, LiveError when one cannot be asked
 */
export async function showZtunnelLog(input: ZtunnelLogInput): Promise<string> {
  const query = logQuery(input);
  return await withCluster(input.live, async (open) => {
    const { source, namespace, postAdmin } = open.cluster;
    const { answer } = await askInRounds(open, () => {
      const pods = ztunnelPods(clusterViews(source), input.istioNamespace);
      const isNamed = input.node !== null || input.target !== null;
      const only = isNamed
        ? nodeOf(source, { ...input, file: null, snapshots: [] }, namespace ?? 'default').node
        : null;
      const meant = pods.filter(({ node }) => only === null || node === only);
      if (meant.length > 0) return meant;
      throw new QuestionError(`no ztunnel runs ${only === null ? 'in the cluster' : `on node ${only}`}`);
    });
    const texts: string[] = [];
    for (const pod of answer) {
      const text = await postAdmin(pod, `/logging${query}`);
      texts.push(`${pod.pod}.${pod.namespace}:\n${text.trimEnd()}\n`);
    }
    return texts.join('');
  });
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'off'];

function logQuery({ level, reset }: ZtunnelLogInput): string {
  const directives = (level ?? '').split(',').filter((part) => part !== '');
  const written = directives.map((part) => {
    // A target is a path of Rust (`ztunnel::proxy`), whose colons come in pairs.
    const [, target, name = ''] = /^(?:([\w:.-]*?[^:=])[:=])?(\w+)$/.exec(part) ?? [];
    const known = name === 'warning' ? 'warn' : name;
    if (!LEVELS.includes(known)) {
      throw new QuestionError(`unrecognized logging level: ${name === '' ? part : name}`, [
        `Levels are ${LEVELS.join(', ')}.`,
      ]);
    }
    return target === undefined ? known : `${target}=${known}`;
  });
  const members = [
    ...(written.length === 0 ? [] : [`level=${encodeURIComponent(written.join(','))}`]),
    ...(reset ? ['reset'] : []),
  ];
  return members.length === 0 ? '' : `?${members.join('&')}`;
}

async function captured(snapshots: readonly string[], node: string | null): Promise<Artefact> {
  const source = await collectSnapshots(snapshots);
  const found = source.names().flatMap((name) => {
    const place = ztunnelNodeOf(name);
    return place === undefined || (node !== null && place !== node) ? [] : [{ name, place }];
  });
  const [only, another] = found;
  const artefact = only === undefined ? undefined : source.artefact(only.name);
  if (artefact === undefined) {
    throw new QuestionError(`no ztunnel${node === null ? '' : ` of node ${node}`} was captured`, [
      'A snapshot holds it as clusters/NAME/ztunnel/NODE/config_dump.json.',
    ]);
  }
  if (another !== undefined) {
    throw new QuestionError('several ztunnels were captured', [
      `Name one with --node: ${listText(
        found.map(({ place }) => place),
        9,
        'or',
      )}.`,
    ]);
  }
  return artefact;
}

export function showWorkloads(dump: ZtunnelDump, filter: ZtunnelFilter, format: ZtunnelFormat): string {
  const workloads = listWorkloads(dump, filter);
  if (format === 'short') return renderTable(workloadTable(workloads, dump));
  return renderGoStructs(workloads, ZTUNNEL.workload, format);
}

export function showServices(dump: ZtunnelDump, filter: ZtunnelFilter, format: ZtunnelFormat): string {
  const services = listServices(dump, filter);
  if (format === 'short') return renderTable(serviceTable(services, dump));
  return renderGoStructs(services, ZTUNNEL.service, format);
}

export function showPolicies(dump: ZtunnelDump, filter: ZtunnelFilter, format: ZtunnelFormat): string {
  const policies = listPolicies(dump, filter);
  if (format === 'short') return renderTable(policyTable(policies));
  return renderGoStructs(policies, ZTUNNEL.policy, format);
}

/** @param now for the validity */
export function showCertificates(dump: ZtunnelDump, now: Date, format: ZtunnelFormat): string {
  if (format === 'short') return renderTable(certificateTable(dump, now));
  return renderGoStructs(dump.certificates, ZTUNNEL.certificate, format);
}

/** @param raw addresses as they are, not names */
export function showConnections(dump: ZtunnelDump, filter: ZtunnelFilter, raw: boolean, format: ZtunnelFormat): string {
  const states = listConnections(dump, filter);
  if (format === 'short') return renderTable(connectionTable(states, dump, filter, raw));
  return renderGoStructs(states, ZTUNNEL.connections, format);
}

const EVERYTHING: ZtunnelFilter = { address: null, node: null, namespace: null, workload: null, direction: null };

/** Everything, one part after the other; as JSON the document as it came. */
export function showZtunnel(dump: ZtunnelDump, withHeaders: boolean, now: Date, format: ZtunnelFormat): string {
  if (format === 'json') return `${dump.text}\n`;
  if (format === 'yaml') return renderDocument(JSON.parse(dump.text), format);
  const parts: readonly (readonly [string, string])[] = [
    ['WORKLOAD INFO', showWorkloads(dump, EVERYTHING, format)],
    ['SERVICE INFO', showServices(dump, EVERYTHING, format)],
    ['POLICY INFO', showPolicies(dump, EVERYTHING, format)],
    ['SECRET INFO', showCertificates(dump, now, format)],
    ['CONNECTIONS INFO', showConnections(dump, EVERYTHING, false, format)],
  ];
  return parts.map(([heading, text]) => `\n${withHeaders ? `------ ${heading} ------\n\n` : ''}${text}`).join('');
}
