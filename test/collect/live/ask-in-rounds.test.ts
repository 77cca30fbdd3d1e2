/** A question that cannot be asked of a live cluster, because what it names is not there: what is looked at, and what is said. */
import { afterEach, describe, expect, it } from 'vitest';
import { openCluster } from '../../../src/collect/live/live.ts';
import { resolveQuestion } from '../../../src/explain/question/resolve-question.ts';
import type { QuestionError } from '../../../src/explain/question/question-input.ts';
import { createWorld } from '../../../src/explain/world/world.ts';
import { askInRounds } from '../../../src/live-question.ts';
import { createWorkspace } from '../../../src/workspace.ts';
import { ask } from '../../sample-facts.ts';
import { answerJson, startApiServer, type FakeApiServer } from './api-server.ts';
import { NO_FLAGS } from './connecting.ts';

const { signal } = new AbortController();
let server: FakeApiServer | undefined;
afterEach(async () => server?.close());

const service = (name: string): object => ({
  metadata: { name, namespace: 'shop' },
  spec: { clusterIP: '10.96.0.1', ports: [{ port: 80 }] },
});

/** Asks a cluster of so many Services and no pods. @returns what is said, and the Lists that were asked for */
async function refusal(services: number, from: string): Promise<{ said: string; asked: readonly string[] }> {
  const items = Array.from({ length: services }, (_, at) => service(`svc-${at}`));
  const lists: Readonly<Record<string, object>> = {
    '/apis': { kind: 'APIGroupList', groups: [] },
    '/api/v1/services': { kind: 'ServiceList', apiVersion: 'v1', metadata: {}, items },
    '/api/v1/pods': { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [] },
    '/api/v1/nodes': { kind: 'NodeList', apiVersion: 'v1', metadata: {}, items: [] },
  };
  server = await startApiServer(({ path }, response) => answerJson(response, lists[path] ?? {}));
  const flags = { ...NO_FLAGS, server: server.url };
  const cluster = await openCluster(flags, { environment: {}, hasTerminal: false, signal });
  try {
    const input = ask(from, 'svc/svc-0', { namespace: 'shop' });
    const question = (): unknown => resolveQuestion(createWorld(createWorkspace(cluster.source)), input);
    await askInRounds({ cluster, signal, report: () => {} }, question);
    return { said: 'nothing', asked: [] };
  } catch (error) {
    const { message, hints } = error as QuestionError;
    return { said: [message, ...hints].join(' | '), asked: server.requests.map(({ url }) => decodeURIComponent(url)) };
  } finally {
    await cluster.close();
  }
}

describe('a pod that is not there', () => {
  it('in a small cluster: the pods are listed', async () => {
    const { said, asked } = await refusal(3, 'nobody');
    expect(said).toBe('there is no pod nobody in namespace shop | See what there is with: kubectl get pods -A');
    expect(asked).toContain('/api/v1/pods?limit=500');
  });

  it('in a large one: the Services tell that it is large, and no page of pods is asked for', async () => {
    const { said, asked } = await refusal(501, 'nobody');
    expect(said).toBe('there is no pod nobody in namespace shop | See what there is with: kubectl get pods -A');
    const pods = asked.filter((url) => url.startsWith('/api/v1/pods'));
    expect(pods).toEqual(['/api/v1/pods?fieldSelector=metadata.name=nobody&resourceVersion=0']);
  });

  it('but a Service of its name: the client is somebody else', async () => {
    const { said } = await refusal(3, 'svc-1');
    expect(said).toContain(' | svc-1 is a Service there: FROM is a client, such as a pod or deploy/svc-1. | ');
  });
});
