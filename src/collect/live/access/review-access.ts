/**
 * What the current identity may collect. In: a connection. Out: for each need whether RBAC allows it, and a manifest that would. The
 * reviews are POSTs, the only ones besides those that a person asks for: the API server answers them and keeps nothing.
 */
import type { AccessNeed, AccessReport, AccessState, ReviewedNeed } from '../../../model/access.ts';
import { Cursor } from '../../../model/json.ts';
import type { CollectionOptions } from '../collection-options.ts';
import type { Connection } from '../connection.ts';
import { discoverKinds } from '../objects/discovery.ts';
import { concernsServer, RequestRefused } from '../refusal.ts';
import { accessManifest } from './access-manifest.ts';
import { accessNeeds } from './needs.ts';

/**
 * Asks the API server what the identity may do.
 * @param namespace where to ask again for what is not allowed everywhere; null: nowhere
 * @param namespaceOnly whether the objects of that namespace are all that is wanted
 * @param options the way in which it would be collected
 * @throws RequestRefused when the server cannot be asked at all
 */
export async function reviewAccess(
  connection: Connection,
  namespace: string | null,
  namespaceOnly: boolean,
  options: CollectionOptions,
): Promise<AccessReport> {
  const { kinds, refused } = await discoverKinds(connection, connection.signal);
  if (refused !== null && concernsServer(refused.kind)) throw refused;
  const wanted = namespaceOnly ? namespace : null;
  const needs = await Promise.all(
    accessNeeds(kinds, options, wanted).map((need) => review(connection, need, namespace)),
  );
  const { user, groups } = await whoAmI(connection);
  return {
    cluster: connection.target.clusterName,
    server: connection.target.server.origin,
    user,
    groups,
    namespace,
    namespaceOnly,
    needs,
    manifest: accessManifest(needs, wanted, user),
  };
}

async function review(connection: Connection, need: AccessNeed, namespace: string | null): Promise<ReviewedNeed> {
  const wide = await isAllowed(connection, need, need.namespace);
  if (wide !== false || namespace === null || !need.namespaced || need.namespace !== null) {
    return { ...need, state: stateOf(wide, need.namespace === null ? 'everywhere' : 'namespace') };
  }
  return { ...need, state: stateOf(await isAllowed(connection, need, namespace), 'namespace') };
}

function stateOf(allowed: boolean | null, where: AccessState): AccessState {
  return allowed === null ? 'unknown' : allowed ? where : 'no';
}

/** null: the API server does not say. */
async function isAllowed(connection: Connection, need: AccessNeed, namespace: string | null): Promise<boolean | null> {
  const [resource, subresource] = need.resource.split('/');
  const attributes = {
    verb: need.verb,
    group: need.group,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === null ? {} : { namespace }),
  };
  const answer = await ask(connection, 'authorization.k8s.io', 'SelfSubjectAccessReview', {
    resourceAttributes: attributes,
  });
  return answer?.at('status', 'allowed').boolean() ?? null;
}

async function whoAmI(connection: Connection) {
  const answer = await ask(connection, 'authentication.k8s.io', 'SelfSubjectReview', undefined);
  const info = answer?.at('status', 'userInfo');
  return { user: info?.at('username').string() ?? null, groups: info?.at('groups').strings() ?? [] };
}

async function ask(
  connection: Connection,
  group: string,
  kind: string,
  spec: object | undefined,
): Promise<Cursor | undefined> {
  try {
    const { bytes } = await connection.request(`/apis/${group}/v1/${kind.toLowerCase()}s`, {
      method: 'POST',
      body: { apiVersion: `${group}/v1`, kind, ...(spec === undefined ? {} : { spec }) },
    });
    return new Cursor(kind, '', JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    if (error instanceof RequestRefused && !concernsServer(error.kind)) return undefined;
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
