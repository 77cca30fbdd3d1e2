import { list, text } from '../proxy-config/message.ts';

/**
 * An istiod's answer to `istio.io/debug/syncz` with the proxies of a namespace, as their metadata has it (istioctl/pkg/writer/pilot,
 * status.go); undefined: it is no such answer.
 * @param namespace null: all
 */
export function syncResponse(document: unknown, namespace: string | null): object | undefined {
  if (typeof document !== 'object' || document === null || !('resources' in document)) return undefined;
  if (namespace === null) return document;
  const passes = (one: unknown): boolean => text(one, 'node', 'metadata', 'NAMESPACE') === namespace;
  return { ...document, resources: list(document, 'resources').filter(passes) };
}
