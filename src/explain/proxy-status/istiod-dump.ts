import type { ProxyDump, ProxyDumpSection } from '../../model/proxy-dump.ts';
import { list, text } from '../../model/protobuf-message.ts';

const ASSIGNMENT = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';

/**
 * An istiod's dump of what it would send to a proxy, with the endpoints of its /debug/edsz where the dump itself has none, and without
 * secrets where it sends none: the agent beside a sidecar makes those.
 * @param edsz the document, or undefined
 */
export function istiodDump(dump: ProxyDump, edsz: unknown): ProxyDump {
  const assignments = list(edsz, 'configs').filter((one) => text(one, '@type') === ASSIGNMENT);
  const secrets = dump.section('SecretsConfigDump')?.elements('dynamic_active_secrets') ?? [];
  const section = (type: string): ProxyDumpSection | undefined => {
    const own = dump.section(type);
    if (type === 'EndpointsConfigDump' && own === undefined && assignments.length > 0)
      return endpointSection(assignments);
    return type === 'SecretsConfigDump' && secrets.length === 0 ? undefined : own;
  };
  return { ...dump, section };
}

function endpointSection(assignments: readonly unknown[]): ProxyDumpSection {
  const elements = assignments.map((one) => ({ endpoint_config: one }));
  const listed = (field: string): readonly unknown[] => (field === 'dynamic_endpoint_configs' ? elements : []);
  return { value: { dynamic_endpoint_configs: elements }, elements: listed, passingElements: listed };
}

/** An Envoy's dump with the endpoints of those clusters alone for which it asks a control plane. */
export function withoutOwnEndpoints(dump: ProxyDump): ProxyDump {
  const discovered = new Set(
    [
      ...(dump.section('ClustersConfigDump')?.elements('dynamic_active_clusters') ?? []),
      ...(dump.section('ClustersConfigDump')?.elements('dynamic_warming_clusters') ?? []),
    ].flatMap((element) => edsName(element)),
  );
  const section = (type: string): ProxyDumpSection | undefined => {
    const own = dump.section(type);
    if (type !== 'EndpointsConfigDump' || own === undefined) return own;
    const passes = (element: unknown): boolean => discovered.has(text(element, 'endpoint_config', 'cluster_name'));
    const elements = (field: string): readonly unknown[] => own.elements(field).filter(passes);
    return { value: own.value, elements, passingElements: elements };
  };
  return { ...dump, section };
}

function edsName(element: unknown): string[] {
  if (text(element, 'cluster', 'type') !== 'EDS') return [];
  return [text(element, 'cluster', 'eds_cluster_config', 'service_name') || text(element, 'cluster', 'name')];
}
