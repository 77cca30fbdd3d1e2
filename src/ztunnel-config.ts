/**
 * What a ztunnel knows as tables and dumps. In: where its config_dump is (a file, or a node of a snapshot), what to show and how. Out:
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
import type { Artefact } from './model/artefact.ts';
import { listText } from './model/wording.ts';
import type { ZtunnelDump } from './model/ztunnel.ts';
import { readZtunnelDump } from './parse/ztunnel/ztunnel-dump.ts';
import { renderDocument, renderGoStructs } from './render/istioctl/dump.ts';
import { ZTUNNEL } from './render/istioctl/go-struct.ts';
import { renderTable } from './render/istioctl/table.ts';
import { ztunnelNodeOf } from './workspace/layout.ts';

export interface ZtunnelInput {
  readonly file: string | null;
  readonly snapshots: readonly string[];
  /** Of a snapshot, the node whose ztunnel is meant; null: its only one. */
  readonly node: string | null;
}

export type ZtunnelFormat = 'short' | 'json' | 'yaml';

/**
 * Reads a ztunnel's dump.
 * @throws QuestionError when it is not there or something else, InputError when a file cannot be read
 */
export async function openZtunnel({ file, snapshots, node }: ZtunnelInput): Promise<ZtunnelDump> {
  if (file !== null && (snapshots.length > 0 || node !== null)) {
    throw new QuestionError('a file and a snapshot or node are named', ['Give either --file, or --snapshot.']);
  }
  if (file === null && snapshots.length === 0) {
    throw new QuestionError('no ztunnel is named', [
      'Give a file with its config_dump (--file FILE), or --snapshot PATH.',
    ]);
  }
  const dump = readZtunnelDump(file === null ? await captured(snapshots, node) : await collectLooseFile(file));
  if ('problem' in dump) throw unreadableDocument(dump);
  return dump;
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
