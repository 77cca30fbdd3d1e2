import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { ContainerFact, ObjectFact, PodFact } from '../../model/kubernetes.ts';
import { readContainers } from './containers.ts';
import type { ItemReader } from './item-reader.ts';
import { parseDocument, readObjects, type Document, type ObjectType } from './object-list.ts';

const POD: ObjectType = { kinds: ['Pod'], group: '' };

/**
 * Reads core/v1 Pods. Defaults are the API server's (pkg/apis/core/v1/defaults.go, SetDefaults_Pod and SetDefaults_PodSpec).
 *
 * A pod's containers are read when somebody first asks for them; a problem in them joins the artefact's gaps and the pod's
 * `notUnderstood` then. Most questions look at a handful of fifty thousand pods.
 */
export function parsePods(
  artefact: Artefact,
  document: Document = parseDocument(artefact),
): Parsed<readonly PodFact[]> {
  return readObjects(document, POD, readPod);
}

function readPod(item: ItemReader, base: ObjectFact): PodFact {
  let containers: readonly ContainerFact[] | undefined;
  return {
    nodeName: item.string('spec', 'nodeName') || null,
    ips: readAddresses(item),
    hostNetwork: item.boolean('spec', 'hostNetwork') ?? false,
    phase: item.string('status', 'phase') ?? null,
    ready: isReady(item),
    startedAt: item.string('status', 'startTime') ?? null,
    hostname: item.string('spec', 'hostname') || null,
    subdomain: item.string('spec', 'subdomain') || null,
    serviceAccount: item.string('spec', 'serviceAccountName') || item.string('spec', 'serviceAccount') || 'default',
    dnsPolicy: item.string('spec', 'dnsPolicy') ?? 'ClusterFirst',
    dnsConfig: {
      nameservers: item.strings('spec', 'dnsConfig', 'nameservers'),
      searches: item.strings('spec', 'dnsConfig', 'searches'),
      options: item.items('spec', 'dnsConfig', 'options').flatMap((option) => {
        const name = option.string('name');
        return name === undefined ? [] : [{ name, value: option.string('value') ?? null }];
      }),
    },
    hostAliases: item.items('spec', 'hostAliases').flatMap((alias) => {
      const ip = alias.address('ip');
      return ip === undefined ? [] : [{ ip, hostnames: alias.strings('hostnames') }];
    }),
    enableServiceLinks: item.boolean('spec', 'enableServiceLinks') ?? true,
    runAsUser: item.integer(0, 2 ** 31 - 1, 'spec', 'securityContext', 'runAsUser') ?? null,
    runAsGroup: item.integer(0, 2 ** 31 - 1, 'spec', 'securityContext', 'runAsGroup') ?? null,
    get containers() {
      return (containers ??= readContainers(item));
    },
    ...base,
  };
}

/** status.podIPs; objects from before dual stack have podIP alone. */
function readAddresses(item: ItemReader): string[] {
  const all = item.items('status', 'podIPs').flatMap((entry) => entry.address('ip') ?? []);
  if (all.length > 0) return all;
  const one = item.address('status', 'podIP');
  return one === undefined ? [] : [one];
}

function isReady(item: ItemReader): boolean {
  const conditions = item.value('status', 'conditions');
  const count = Array.isArray(conditions) ? conditions.length : 0;
  for (let at = 0; at < count; at += 1) {
    if (item.value('status', 'conditions', at, 'type') !== 'Ready') continue;
    return item.value('status', 'conditions', at, 'status') === 'True';
  }
  return false;
}
