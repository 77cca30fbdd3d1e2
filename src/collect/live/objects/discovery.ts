import { Cursor } from '../../../model/json.ts';
import type { Connection } from '../connection.ts';
import { RequestRefused } from '../refusal.ts';
import { BUILT_IN, OBJECT_KINDS, type ServedKind } from './kinds.ts';

/** The aggregated form tells every resource of every group in one answer (Kubernetes 1.27; older servers answer with the groups). */
const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,' +
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

/** What the server can list. */
export interface Discovery {
  readonly kinds: readonly ServedKind[];
  /** Why it could not be asked; then the kinds are those that every server has. */
  readonly refused: RequestRefused | null;
}

/**
 * Which of the kinds that the tool reads the server serves, each in its preferred version, in one request. A cluster without Istio
 * is not asked for Istio's objects.
 */
export async function discoverKinds(connection: Connection, signal: AbortSignal): Promise<Discovery> {
  try {
    const { bytes } = await connection.request('/apis', { accept: AGGREGATED, signal });
    const versions = servedVersions(new Cursor('/apis', '', parse(bytes)));
    return { kinds: served((group, plural) => versions(group, plural)), refused: null };
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    return { kinds: served((group) => BUILT_IN.get(group)), refused: error };
  }
}

function served(versionOf: (group: string, plural: string) => string | undefined): readonly ServedKind[] {
  return OBJECT_KINDS.flatMap((kind): ServedKind[] => {
    const version = kind.group === '' ? 'v1' : versionOf(kind.group, kind.plural);
    return version === undefined ? [] : [{ ...kind, version }];
  });
}

function servedVersions(root: Cursor): (group: string, plural: string) => string | undefined {
  if (root.at('kind').string() === 'APIGroupDiscoveryList') {
    const groups = new Map(
      root
        .at('items')
        .items()
        .map((item) => [item.at('metadata', 'name').string() ?? '', item]),
    );
    return (group, plural) => {
      // The first version is the preferred one; a stale one is of an aggregated server that does not answer.
      const found = groups
        .get(group)
        ?.at('versions')
        .items()
        .find((version) =>
          version
            .at('resources')
            .items()
            .some((resource) => resource.at('resource').string() === plural),
        );
      return found?.at('version').string();
    };
  }
  const preferred = new Map(
    root
      .at('groups')
      .items()
      .map((group) => [group.at('name').string() ?? '', group.at('preferredVersion', 'version').string()]),
  );
  return (group) => preferred.get(group);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new RequestRefused(
      'not-kubernetes',
      'the answer to /apis is no JSON',
      'check the server of the kubeconfig; something else may answer in its place',
    );
  }
}
