/**
 * Reads what kube-proxy says of itself.
 *
 * In: the answers of its metrics port: /configz (JSON) and /proxyMode (one word); either may be missing. Out: the part of
 * KubeProxyConfiguration that decides what is programmed, with kube-proxy's own defaults where nobody said otherwise, and a gap
 * for what could not be read. It must not look at rules.
 */
import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { Evidence } from '../../model/evidence.ts';
import { GapLog } from '../../model/gap-log.ts';
import { Cursor } from '../../model/json.ts';
import type { KubeProxyConfig, KubeProxyMode } from '../../model/kube-proxy.ts';
import { readJson } from '../json-index/json-document.ts';

/** What was captured of one kube-proxy. */
export interface KubeProxyArtefacts {
  readonly configz?: Artefact | undefined;
  readonly proxyMode?: Artefact | undefined;
}

const MODES: Readonly<Record<string, KubeProxyMode>> = {
  userspace: 'userspace',
  iptables: 'iptables',
  ipvs: 'ipvs',
  nftables: 'nftables',
};
const GROUP = 'kubeproxy.config.k8s.io';
/** pkg/proxy/apis/config/v1alpha1/defaults.go, SetDefaults_KubeProxyConfiguration. */
const DEFAULT_MASQUERADE_BIT = 14;
/** cmd/kube-proxy/app/server_linux.go, getDetectLocalMode. */
const DEFAULT_DETECT_LOCAL_MODE = 'ClusterCIDR';

/** Reads the configuration; with neither artefact it gives the defaults without a mode. */
export function parseKubeProxyConfig(artefacts: KubeProxyArtefacts): Parsed<KubeProxyConfig> {
  const gaps = new GapLog(artefacts.configz?.name ?? artefacts.proxyMode?.name ?? '');
  const config = artefacts.configz === undefined ? undefined : readConfigz(artefacts.configz, gaps);
  const reader = new ConfigReader(config, gaps);
  const running = artefacts.proxyMode === undefined ? undefined : readProxyMode(artefacts.proxyMode, gaps);
  const configured = readMode(reader, gaps);
  const mode = running?.mode ?? configured;
  if (running !== undefined && configured !== null && configured !== running.mode) {
    const problem = `kube-proxy runs in ${running.mode} mode, its configuration says ${configured}`;
    gaps.add('not-understood', problem, { pointer: reader.member('mode').pointer });
  }
  // ipvs mode takes these from the iptables block as well (pkg/proxy/ipvs/proxier.go, NewProxier).
  const block = mode === 'nftables' ? 'nftables' : 'iptables';
  const value: KubeProxyConfig = {
    captured: config !== undefined || running !== undefined,
    mode,
    clusterCIDRs: list(reader.text('clusterCIDR')),
    detectLocalMode: reader.text('detectLocalMode') ?? DEFAULT_DETECT_LOCAL_MODE,
    bridgeInterface: reader.text('detectLocal', 'bridgeInterface'),
    interfaceNamePrefix: reader.text('detectLocal', 'interfaceNamePrefix'),
    masqueradeAll: reader.flag(false, block, 'masqueradeAll'),
    masqueradeBit: reader.number(DEFAULT_MASQUERADE_BIT, block, 'masqueradeBit'),
    localhostNodePorts: reader.flag(true, 'iptables', 'localhostNodePorts'),
    nodePortAddresses: reader.texts('nodePortAddresses'),
    ...scheduler(reader.text('ipvs', 'scheduler')),
    hostnameOverride: reader.text('hostnameOverride'),
    evidence: [
      ...(running === undefined ? [] : [running.evidence]),
      ...(config === undefined ? [] : [config.evidence()]),
    ],
  };
  return { value, gaps: gaps.list() };
}

function readConfigz(artefact: Artefact, gaps: GapLog): Cursor | undefined {
  const document = readJson(artefact);
  gaps.addAll(document.gaps);
  const root = document.root?.cursor();
  if (root === undefined) return undefined;
  const config = root.at(GROUP);
  if (config.isObject()) return config;
  // A KubeProxyConfiguration as it stands in the kube-proxy ConfigMap, without the group around it.
  if (root.at('kind').string() === 'KubeProxyConfiguration') return root;
  if (document.gaps.length === 0)
    gaps.add('unreadable', `no member ${GROUP}: this is no /configz of kube-proxy`, { pointer: '' });
  return undefined;
}

function readProxyMode(
  artefact: Artefact,
  gaps: GapLog,
): { readonly mode: KubeProxyMode; readonly evidence: Evidence } | undefined {
  const raw = artefact.bytes.toString('utf8', 0, 200).split(/\r?\n/, 1)[0] ?? '';
  const mode = MODES[raw.trim()];
  if (mode === undefined) {
    gaps.addAll([
      { kind: 'unreadable', artefact: artefact.name, line: 1, raw, problem: 'this names no mode of kube-proxy' },
    ]);
    return undefined;
  }
  return { mode, evidence: { artefact: artefact.name, line: 1, raw } };
}

/** An empty mode is iptables on Linux (cmd/kube-proxy/app/server_linux.go, platformApplyDefaults). */
function readMode(reader: ConfigReader, gaps: GapLog): KubeProxyMode | null {
  if (!reader.present) return null;
  const text = reader.text('mode');
  if (text === null) return 'iptables';
  const mode = MODES[text];
  if (mode === undefined)
    gaps.add('not-understood', 'this is no mode of kube-proxy', { pointer: reader.member('mode').pointer, raw: text });
  return mode ?? null;
}

function scheduler(text: string | null): { readonly ipvsScheduler?: string } {
  return text === null ? {} : { ipvsScheduler: text };
}

function list(text: string | null): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Typed members of the configuration; a member of another type is a gap, and counts as absent. */
class ConfigReader {
  private readonly config: Cursor | undefined;
  private readonly gaps: GapLog;

  constructor(config: Cursor | undefined, gaps: GapLog) {
    this.config = config;
    this.gaps = gaps;
  }

  get present(): boolean {
    return this.config !== undefined;
  }

  /** Names in any case: before 1.32 kube-proxy wrote its internal type, without JSON names (`ClusterCIDR`, `IPTables`). */
  member(...keys: readonly string[]): Cursor {
    let at = this.config ?? new Cursor('', '', undefined);
    for (const key of keys) {
      at = at.entries().find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1] ?? at.at(key);
    }
    return at;
  }

  /** A text; null when it is absent or empty. */
  text(...keys: readonly string[]): string | null {
    const value = this.typed(keys, 'string', (cursor) => cursor.string());
    return value === undefined || value.trim() === '' ? null : value;
  }

  texts(...keys: readonly string[]): readonly string[] {
    return this.typed(keys, 'list', (cursor) => (Array.isArray(cursor.value) ? cursor.strings() : undefined)) ?? [];
  }

  flag(otherwise: boolean, ...keys: readonly string[]): boolean {
    return this.typed(keys, 'boolean', (cursor) => cursor.boolean()) ?? otherwise;
  }

  number(otherwise: number, ...keys: readonly string[]): number {
    return this.typed(keys, 'number', (cursor) => cursor.number()) ?? otherwise;
  }

  private typed<T>(keys: readonly string[], type: string, read: (cursor: Cursor) => T | undefined): T | undefined {
    const cursor = this.member(...keys);
    const value = read(cursor);
    if (cursor.exists && value === undefined) {
      this.gaps.add('not-understood', `this is no ${type}`, { pointer: cursor.pointer, raw: cursor.evidence().raw });
    }
    return value;
  }
}
