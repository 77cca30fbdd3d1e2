import type { KubeApi } from './api-access.ts';
import { DEFAULT_ISTIO_NAMESPACE } from '../../model/istio-namespace.ts';
import type { CollectionOptions } from './collection-options.ts';
import { ISTIO_ADMIN_PORT } from './envoy/envoy-admin.ts';
import { EnvoyCollector } from './envoy/envoy-collector.ts';
import { ZtunnelCollector } from './envoy/ztunnel-collector.ts';
import { IstiodCollector } from './istiod/istiod-collector.ts';
import type { Place } from './live-source.ts';
import { DEBUG_IMAGE, DEBUG_NAMESPACE, DebugPodAccess } from './node/debug-pod.ts';
import { ExecAccess } from './node/exec-access.ts';
import { LocalAccess } from './node/local-access.ts';
import { NoAccess } from './node/no-access.ts';
import { NodeCollector } from './node/node-collector.ts';
import type { NodeAccess } from './node/node-place.ts';

const ADMIN_REMEDY = 'run it again, and give the port of the admin interface (--proxy-admin-port) if it is another one';

/** Everything that is collected besides API objects. */
export interface OpenPlaces {
  readonly places: readonly Place[];
  /** Sentences for people: through what each node was read. */
  readonly notes: () => readonly string[];
  /** Takes away what was made. To be called at the end, whatever the end is; never throws. */
  readonly close: () => Promise<void>;
}

/** The registry of collectors: one line for each kind of place. */
export function openPlaces(api: KubeApi, options: CollectionOptions): OpenPlaces {
  const access = nodeAccess(api, options);
  const nodes = new NodeCollector(api, access);
  const envoy = {
    port: options.proxyAdminPort ?? ISTIO_ADMIN_PORT,
    endpoints: true,
    starting: options.startingProxies,
  };
  const istiod = { namespace: options.istioNamespace ?? DEFAULT_ISTIO_NAMESPACE };
  const ztunnel = { ...istiod, port: envoy.port };
  return {
    places: [
      { collects: (name) => NodeCollector.collects(name), collector: nodes, remedy: access.remedy },
      {
        collects: (name) => EnvoyCollector.collects(name),
        collector: new EnvoyCollector(api, envoy),
        remedy: ADMIN_REMEDY,
      },
      {
        collects: (name) => ZtunnelCollector.collects(name),
        collector: new ZtunnelCollector(api, ztunnel),
        remedy: ADMIN_REMEDY,
      },
      {
        collects: (name) => IstiodCollector.collects(name),
        collector: new IstiodCollector(api, istiod),
        remedy: 'run it again, and give the namespace of istiod (--istio-namespace) if it is another one',
      },
    ],
    notes: () => nodes.notes,
    close: async () => await nodes.close(),
  };
}

function nodeAccess(
  api: KubeApi,
  { nodeAccess: mode, debugImage, debugNamespace, say }: CollectionOptions,
): NodeAccess {
  switch (mode) {
    case 'auto':
    case 'exec':
      return new ExecAccess(api);
    case 'debug-pod':
      return new DebugPodAccess(api, {
        image: debugImage ?? DEBUG_IMAGE,
        namespace: debugNamespace ?? DEBUG_NAMESPACE,
        say,
      });
    case 'local':
      return new LocalAccess(api);
    case 'none':
      return new NoAccess();
  }
}
