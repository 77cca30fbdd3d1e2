import { list, text } from '../../model/protobuf-message.ts';
import { sortedBy } from '../proxy-config/table.ts';

/**
 * An istiod's answer to `istio.io/debug/syncz` with the proxies of a namespace, as their metadata has it (istioctl/pkg/writer/pilot,
 * status.go), by their names: istiod gives them in another order each time. Undefined: it is no such answer.
 * @param namespace null: all
 */
export function syncResponse(document: unknown, namespace: string | null): object | undefined {
  if (typeof document !== 'object' || document === null || !('resources' in document)) return undefined;
  const passes = (one: unknown): boolean =>
    namespace === null || text(one, 'node', 'metadata', 'NAMESPACE') === namespace;
  const resources = sortedBy(list(document, 'resources').filter(passes), (one) => [text(one, 'node', 'id')]);
  return { ...document, resources };
}
