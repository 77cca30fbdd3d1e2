import type { Artefact, Gap } from '../../model/artefact.ts';
import { gapRaw } from '../../model/artefact.ts';
import type { JsonNode } from '../json-index/json-node.ts';

/** What an admin endpoint's answer must hold at its top, and what it is called. */
export interface AdminDocument {
  /** The endpoint: `/config_dump`. */
  readonly endpoint: string;
  /** Members of which one must be there. */
  readonly members: readonly string[];
  /** The members are lists, which protobuf JSON leaves out where they are empty: `{}` is an answer, too. */
  readonly mayBeEmpty?: true;
}

export const CONFIG_DUMP: AdminDocument = { endpoint: '/config_dump', members: ['configs'] };
export const CLUSTERS: AdminDocument = {
  endpoint: '/clusters?format=json',
  members: ['cluster_statuses', 'clusterStatuses'],
  mayBeEmpty: true,
};
export const LISTENERS: AdminDocument = {
  endpoint: '/listeners?format=json',
  members: ['listener_statuses', 'listenerStatuses'],
  mayBeEmpty: true,
};
export const SERVER_INFO: AdminDocument = {
  endpoint: '/server_info',
  members: ['command_line_options', 'commandLineOptions'],
};

const OTHERS: readonly AdminDocument[] = [
  CONFIG_DUMP,
  CLUSTERS,
  LISTENERS,
  SERVER_INFO,
  { endpoint: '/stats?format=json', members: ['stats'] },
  // It has certificates, too.
  { endpoint: 'a ztunnel, which ztunnel-config shows', members: ['workloads'] },
  { endpoint: '/certs', members: ['certificates'] },
];

/**
 * Finds the wanted member of an admin document under either protobuf JSON spelling.
 * @returns the member, or a gap that says what the document is instead
 */
export function adminMember(artefact: Artefact, root: JsonNode | null, wanted: AdminDocument): JsonNode | Gap {
  for (const key of wanted.members) {
    const member = root?.member(key);
    if (member !== undefined) return member;
  }
  return {
    kind: 'unreadable',
    artefact: artefact.name,
    ...(root === null ? {} : { pointer: '' }),
    problem: `this is not the answer of ${wanted.endpoint}: ${describe(root)}`,
    remedy: `capture ${wanted.endpoint} of the proxy's admin port`,
  };
}

function describe(root: JsonNode | null): string {
  if (root === null) return 'it is no JSON document';
  const other = OTHERS.find((document) => document.members.some((key) => root.member(key) !== undefined));
  if (other !== undefined) return `it is that of ${other.endpoint}`;
  const kind = root.member('kind')?.cursor().string();
  if (kind !== undefined) return `it is a Kubernetes object of kind ${kind}`;
  if (root.kind === 'array') return 'it is an array';
  const keys = root.keys();
  return keys.length === 0 ? 'it is an empty object' : `it has the members ${gapRaw(keys.slice(0, 5).join(', '))}`;
}

/**
 * Whether the document is the wanted answer of a proxy that has none of what is listed: /clusters of an Envoy without clusters is `{}`
 * (source/server/admin/clusters_handler.cc, writeClustersAsJson: an empty envoy.admin.v3.Clusters).
 */
export function isEmptyAnswer(root: JsonNode | null, { mayBeEmpty }: AdminDocument): boolean {
  return mayBeEmpty === true && root?.kind === 'object' && root.keys().length === 0;
}

/**
 * What a line of text in place of JSON means. Envoy answers /config_dump with status 200 and such a line when it cannot print an
 * extension that it does not have (source/server/admin/config_dump_handler.cc, getJsonStringFromMessageOrError).
 */
export function explainText(gap: Gap): Gap {
  if (gap.raw?.startsWith('Failed to convert protobuf message to JSON string') !== true) return gap;
  return {
    ...gap,
    problem: 'the proxy answered with an error text: it holds a configuration that names an extension it does not have',
    remedy:
      'capture parts that can be printed, e.g. /config_dump?resource=dynamic_active_clusters, and see why the proxy rejects its configuration',
  };
}
