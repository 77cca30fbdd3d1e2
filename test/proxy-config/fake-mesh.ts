/** A cluster of a test: an API server that lists pods, with what listens behind a port-forward to each. */
import type { LiveAccess } from '../../src/live-question.ts';
import { OBJECT_KINDS } from '../../src/collect/live/objects/kinds.ts';
import { NO_FLAGS } from '../collect/live/connecting.ts';
import {
  startFakeApiServer,
  statusBody,
  type FakeApiServer,
  type FakeForward,
} from '../collect/live/fake-api-server.ts';

export type Port = (stream: FakeForward) => void;

export interface FakePod {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly container?: { readonly name: string; readonly image: string };
  readonly node?: string;
  /** `KIND/NAME` */
  readonly owner?: string;
  /** What listens on its ports; on any other, nobody does. */
  readonly ports?: Readonly<Record<number, Port>>;
}

/** Takes the connection and never answers. */
export const silent: Port = () => {};

const closed: Port = (stream) => {
  stream.error(`dial tcp4 127.0.0.1:${stream.port}: connect: connection refused`);
  stream.socket.close(1000);
};

function objectOf({ name, namespace, labels = {}, container, node = 'node1', owner }: FakePod): object {
  const [kind = '', ownerName = ''] = (owner ?? '').split('/');
  const owners = owner === undefined ? [] : [{ apiVersion: 'apps/v1', kind, name: ownerName, uid: ownerName }];
  return {
    metadata: { name, namespace, labels, ownerReferences: owners },
    spec: { nodeName: node, containers: [container ?? { name: 'istio-proxy', image: 'proxyv2' }] },
    status: { phase: 'Running', podIP: '10.0.0.1' },
  };
}

function valueAt(object: unknown, path: string): string {
  let value = object;
  for (const name of path.split('.'))
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : '';
  return typeof value === 'string' ? value : '';
}

/** Whether an object has what a selector of labels or fields asks for, in the form `a=b,c=d`. */
function passes(selector: string | null, valueOf: (name: string) => string): boolean {
  return (selector ?? '').split(',').every((part) => {
    const [name = '', value = ''] = part.split('=');
    return part === '' || valueOf(name) === value;
  });
}

/** @param others objects by the plural of their kind */
export async function startFakeMesh(
  pods: readonly FakePod[],
  others: Readonly<Record<string, readonly object[]>> = {},
): Promise<FakeApiServer> {
  const objects: Readonly<Record<string, readonly object[]>> = { ...others, pods: pods.map(objectOf) };
  return await startFakeApiServer({
    protocols: ['v4.channel.k8s.io'],
    forward: (stream) => {
      const pod = pods.find(({ name }) => name === stream.pod);
      (pod?.ports?.[stream.port] ?? closed)(stream);
    },
    plain: (request, response) => {
      request.resume();
      const url = new URL(request.url ?? '/', 'http://server');
      const answer = (value: object): void => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(value));
      };
      if (url.pathname === '/apis') {
        answer({ kind: 'APIGroupList', groups: [{ name: 'apps', preferredVersion: { version: 'v1' } }] });
        return;
      }
      const [, namespace, plural = '', name] =
        /^\/(?:api|apis\/[^/]+)\/v1(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
      const kind = OBJECT_KINDS.find((one) => one.plural === plural)?.kind ?? '';
      const found = (objects[plural] ?? []).filter(
        (one) =>
          (namespace === undefined || valueAt(one, 'metadata.namespace') === namespace) &&
          passes(url.searchParams.get('fieldSelector'), (path) => valueAt(one, path)) &&
          passes(url.searchParams.get('labelSelector'), (label) => {
            const labels: unknown = Reflect.get(Reflect.get(one, 'metadata') as object, 'labels');
            return String(Reflect.get(labels ?? {}, label) ?? '');
          }),
      );
      if (name === undefined && plural !== '' && request.method === 'GET') {
        answer({ kind: `${kind}List`, apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: found });
        return;
      }
      const one = found.find((object) => valueAt(object, 'metadata.name') === name);
      if (one !== undefined && request.method === 'GET') answer(one);
      else response.writeHead(404).end(statusBody(404, 'NotFound', 'there is none'));
    },
  });
}

/** How a test asks that cluster. */
export function accessTo({ access }: FakeApiServer, timeout?: string): LiveAccess {
  return {
    flags: { ...NO_FLAGS, server: access.server, clusterName: 'lab' },
    surroundings: () => ({
      environment: { HOME: '/nonexistent' },
      hasTerminal: false,
      signal: new AbortController().signal,
    }),
    report: () => {},
    timeout,
  };
}
