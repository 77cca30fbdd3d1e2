import type { Artefact, Gap, Parsed } from '../../model/artefact.ts';
import { Cursor } from '../../model/json.ts';
import { camelCase } from '../../model/protobuf-name.ts';
import { OWN_PROXY, type ProxySync, type TypeSync } from '../../model/proxy-sync.ts';
import { readJson } from '../json-index/json-document.ts';

/**
 * Reads what an istiod says of the proxies that are connected to it: a list from /debug/syncz (pilot/pkg/xds/debug.go, SyncStatus), or
 * a DiscoveryResponse with ClientConfigs from `istio.io/debug/syncz` over gRPC (pilot/pkg/xds/statusgen.go).
 * @param istiod the pod that answered
 */
export function parseSyncz(artefact: Artefact, istiod: string): Parsed<readonly ProxySync[]> {
  const { root, gaps } = readJson(artefact);
  const [gap] = gaps;
  if (gap !== undefined) return { value: [], gaps: [gap] };
  const document = root?.cursor() ?? new Cursor(artefact.name, '', undefined);
  const resources = document.at('resources');
  const items = resources.exists ? resources.items() : document.items();
  if (!Array.isArray(document.value) && !resources.exists) return { value: [], gaps: [strange(artefact, document)] };
  const identifier = controlPlaneId(document) ?? istiod;
  const value: ProxySync[] = [];
  const problems: Gap[] = [];
  for (const item of items) {
    const read = resources.exists
      ? clientConfig(item.at('value').exists ? item.at('value') : item, identifier)
      : listed(item, istiod);
    if (read === undefined) problems.push(strange(artefact, item));
    // Whoever asks over the discovery service is connected like a proxy for that moment.
    else if (!read.proxy.startsWith(`${OWN_PROXY}.`)) value.push(read);
  }
  return { value, gaps: problems };
}

function strange(artefact: Artefact, cursor: Cursor): Gap {
  const { pointer } = cursor;
  const problem =
    pointer === '' ? "this is not the answer of an istiod's /debug/syncz" : 'this is no status of a proxy';
  const remedy = 'capture it again: pilot-discovery request GET /debug/syncz, in an istiod pod';
  return { kind: 'unreadable', artefact: artefact.name, pointer, problem, remedy };
}

function controlPlaneId(document: Cursor): string | undefined {
  const text = document.at('controlPlane', 'identifier').string() ?? document.at('control_plane').string();
  try {
    const value: unknown = JSON.parse(text ?? '');
    return new Cursor('', '', value).at('ID').string();
  } catch {
    return undefined;
  }
}

function listed(item: Cursor, istiod: string): ProxySync | undefined {
  const proxy = item.at('proxy').string();
  if (proxy === undefined) return undefined;
  return {
    proxy,
    cluster: item.at('cluster_id').string() ?? '',
    namespace: proxy.slice(proxy.lastIndexOf('.') + 1),
    istiod,
    version: item.at('istio_version').string() ?? '',
    types: item
      .at('resources')
      .entries()
      .map(([typeUrl, state]) => listedType(typeUrl, state)),
  };
}

/** As statusgen.go: what was said no to is an error, what was never sent is not sent, and what is not acknowledged is stale. */
function listedType(typeUrl: string, state: Cursor): TypeSync {
  const sent = state.at('sent').string() ?? '';
  const rejected = state.at('lastError').string() ?? state.at('nackError').string() ?? '';
  const acked = state.at('acked').string() ?? '';
  const status = rejected !== '' ? 'ERROR' : sent === '' ? 'NOT_SENT' : sent === acked ? 'SYNCED' : 'STALE';
  return { typeUrl, status, at: state.at('sentTime').string() ?? null, rejected: rejected || null };
}

function clientConfig(item: Cursor, istiod: string): ProxySync | undefined {
  const proxy = item.at('node', 'id').string();
  if (proxy === undefined) return undefined;
  const metadata = item.at('node', 'metadata');
  return {
    proxy,
    cluster: metadata.at('CLUSTER_ID').string() ?? '',
    namespace: metadata.at('NAMESPACE').string() ?? proxy.slice(proxy.lastIndexOf('.') + 1),
    istiod,
    version: metadata.at('ISTIO_VERSION').string() ?? '',
    types: member(item, 'generic_xds_configs')
      .items()
      .map((config) => ({
        typeUrl: member(config, 'type_url').string() ?? '',
        status: member(config, 'config_status').string() ?? 'UNKNOWN',
        at: member(config, 'last_updated').string() ?? null,
        rejected: member(member(config, 'error_state'), 'details').string() ?? null,
      })),
  };
}

function member(cursor: Cursor, name: string): Cursor {
  return cursor.at(name).exists ? cursor.at(name) : cursor.at(camelCase(name));
}
