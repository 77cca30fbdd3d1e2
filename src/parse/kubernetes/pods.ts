import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { ContainerFact, ObjectFact, PodFact } from '../../model/kubernetes.ts';
import { LOCAL_PORT_RANGE } from '../../model/network-namespace.ts';
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
  return readObjects(document, POD, (item, base) => new ReadPod(item, base));
}

/** A class, because V8 keeps an object slowly, and in four times the space, that has a getter of its own. */
class ReadPod implements PodFact {
  readonly kind: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
  readonly labels: PodFact['labels'];
  readonly annotations: PodFact['annotations'];
  readonly createdAt: string | null;
  readonly deletedAt: string | null;
  readonly owners: PodFact['owners'];
  readonly notUnderstood: readonly string[];
  readonly cursor: PodFact['cursor'];
  readonly nodeName: string | null;
  readonly ips: readonly string[];
  readonly hostNetwork: boolean;
  readonly phase: string | null;
  readonly ready: boolean;
  readonly startedAt: string | null;
  readonly hostname: string | null;
  readonly subdomain: string | null;
  readonly serviceAccount: string;
  readonly dnsPolicy: string;
  readonly dnsConfig: PodFact['dnsConfig'];
  readonly hostAliases: PodFact['hostAliases'];
  readonly enableServiceLinks: boolean;
  readonly runAsUser: number | null;
  readonly runAsGroup: number | null;
  readonly localPortRange: string | null;
  readonly #item: ItemReader;
  #containers: readonly ContainerFact[] | undefined;

  constructor(item: ItemReader, base: ObjectFact) {
    this.#item = item;
    this.kind = base.kind;
    this.apiVersion = base.apiVersion;
    this.namespace = base.namespace;
    this.name = base.name;
    this.uid = base.uid;
    this.labels = base.labels;
    this.annotations = base.annotations;
    this.createdAt = base.createdAt;
    this.deletedAt = base.deletedAt;
    this.owners = base.owners;
    this.notUnderstood = base.notUnderstood;
    this.cursor = base.cursor;
    this.nodeName = item.string('spec', 'nodeName') || null;
    this.ips = readAddresses(item);
    this.hostNetwork = item.boolean('spec', 'hostNetwork') ?? false;
    this.phase = item.string('status', 'phase') ?? null;
    this.ready = isReady(item);
    this.startedAt = item.string('status', 'startTime') ?? null;
    this.hostname = item.string('spec', 'hostname') || null;
    this.subdomain = item.string('spec', 'subdomain') || null;
    this.serviceAccount =
      item.string('spec', 'serviceAccountName') || item.string('spec', 'serviceAccount') || 'default';
    this.dnsPolicy = item.string('spec', 'dnsPolicy') ?? 'ClusterFirst';
    this.dnsConfig = item.value('spec', 'dnsConfig') === undefined ? NO_DNS_CONFIG : readDnsConfig(item);
    this.hostAliases = item.items('spec', 'hostAliases').flatMap((alias) => {
      const ip = alias.address('ip');
      return ip === undefined ? [] : [{ ip, hostnames: alias.strings('hostnames') }];
    });
    this.enableServiceLinks = item.boolean('spec', 'enableServiceLinks') ?? true;
    this.runAsUser = item.integer(0, 2 ** 31 - 1, 'spec', 'securityContext', 'runAsUser') ?? null;
    this.runAsGroup = item.integer(0, 2 ** 31 - 1, 'spec', 'securityContext', 'runAsGroup') ?? null;
    this.localPortRange =
      item.value('spec', 'securityContext', 'sysctls') === undefined ? null : readSysctl(item, LOCAL_PORT_RANGE);
  }

  get containers(): readonly ContainerFact[] {
    return (this.#containers ??= readContainers(this.#item));
  }
}

function readSysctl(item: ItemReader, name: string): string | null {
  const settings = item.items('spec', 'securityContext', 'sysctls');
  return settings.find((setting) => setting.string('name') === name)?.string('value') ?? null;
}

const NO_DNS_CONFIG: PodFact['dnsConfig'] = { nameservers: [], searches: [], options: [] };

function readDnsConfig(item: ItemReader): PodFact['dnsConfig'] {
  return {
    nameservers: item.strings('spec', 'dnsConfig', 'nameservers'),
    searches: item.strings('spec', 'dnsConfig', 'searches'),
    options: item.items('spec', 'dnsConfig', 'options').flatMap((option) => {
      const name = option.string('name');
      return name === undefined ? [] : [{ name, value: option.string('value') ?? null }];
    }),
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
