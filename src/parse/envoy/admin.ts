import type { Artefact, Gap, Parsed } from '../../model/artefact.ts';
import type { EnvoyClusterStatuses } from '../../model/envoy.ts';
import type { Cursor } from '../../model/json.ts';
import { readJson } from '../json-index/json-document.ts';
import type { JsonNode } from '../json-index/json-node.ts';
import { adminMember, CLUSTERS, explainText, isEmptyAnswer, LISTENERS, SERVER_INFO } from './admin-document.ts';
import type { AdminDocument } from './admin-document.ts';
import { protoText } from './resource.ts';

/** Parses /clusters?format=json (envoy/admin/v3/clusters.proto). Only the clusters that are asked for are parsed. */
export function parseEnvoyClusters(artefact: Artefact, parseWholeBytes?: number): Parsed<EnvoyClusterStatuses> {
  const { member, gaps } = read(artefact, CLUSTERS, parseWholeBytes);
  const byName = new Map<string, JsonNode>();
  for (const status of member?.elements() ?? []) {
    const name = protoText(status, 'name');
    if (name !== undefined && status.whole) byName.set(name, status);
    else if (status.whole) {
      const problem = 'a cluster status without a name';
      gaps.push({ kind: 'not-understood', artefact: artefact.name, pointer: status.pointer, problem });
    }
  }
  return { value: { artefact: artefact.name, cluster: (name) => byName.get(name)?.cursor() }, gaps };
}

/** Parses /listeners?format=json (envoy/admin/v3/listeners.proto); null when it is something else. */
export function parseEnvoyListeners(artefact: Artefact): Parsed<Cursor | null> {
  const { root, gaps } = read(artefact, LISTENERS);
  return { value: root?.cursor() ?? null, gaps };
}

/** Parses /server_info (envoy/admin/v3/server_info.proto); null when it is something else. */
export function parseEnvoyServerInfo(artefact: Artefact): Parsed<Cursor | null> {
  const { root, gaps } = read(artefact, SERVER_INFO);
  return { value: root?.cursor() ?? null, gaps };
}

/** The root is null where the document is something else; there is no member where the proxy has nothing to list. */
function read(
  artefact: Artefact,
  wanted: AdminDocument,
  parseWholeBytes?: number,
): { root: JsonNode | null; member: JsonNode | undefined; gaps: Gap[] } {
  const document = readJson(artefact, parseWholeBytes);
  const gaps: Gap[] = document.gaps.map(explainText);
  if (document.root === null) return { root: null, member: undefined, gaps };
  if (isEmptyAnswer(document.root, wanted)) return { root: document.root, member: undefined, gaps };
  const member = adminMember(artefact, document.root, wanted);
  if (!('problem' in member)) return { root: document.root, member, gaps };
  return { root: null, member: undefined, gaps: [...gaps, member] };
}
