import type { Artefact, Gap } from '../../model/artefact.ts';
import type { ZtunnelDump } from '../../model/ztunnel.ts';
import { readJson } from '../json-index/json-document.ts';

const LISTS = ['workloads', 'services', 'policies', 'certificates'] as const;

/**
 * Reads the answer of a ztunnel's /config_dump (ztunnel/src/admin.rs, ConfigDump). Its lists were maps in older versions; those keep
 * the order of the document.
 * @returns a gap when it is something else
 */
export function readZtunnelDump(artefact: Artefact): ZtunnelDump | Gap {
  const { root, gaps } = readJson(artefact);
  const [gap] = gaps;
  if (gap !== undefined) return gap;
  const document = root?.cursor();
  if (document === undefined || !LISTS.some((name) => document.at(name).exists)) {
    const envoy = document?.at('configs').exists === true;
    return {
      kind: 'unreadable',
      artefact: artefact.name,
      problem: `this is not the answer of a ztunnel's /config_dump${envoy ? ': it is that of an Envoy' : ''}`,
      remedy: envoy
        ? 'show it with pc'
        : 'capture it from port 15000 of a ztunnel pod: curl -s localhost:15000/config_dump',
    };
  }
  const list = (name: string): readonly unknown[] => {
    const value = document.at(name);
    return value.isObject() ? value.entries().map(([, entry]) => entry.value) : value.items().map((item) => item.value);
  };
  const states = document.at('workloadState').exists ? document.at('workloadState') : document.at('workloadstate');
  return {
    workloads: list('workloads'),
    services: list('services'),
    policies: list('policies'),
    certificates: list('certificates'),
    workloadStates: states.entries().map(([, entry]) => entry.value),
    text: artefact.bytes.toString('utf8'),
  };
}
