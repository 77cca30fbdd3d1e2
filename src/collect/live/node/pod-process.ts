import type { KubeApi, PodName } from '../api-access.ts';
import { RequestRefused } from '../refusal.ts';
import type { CommandRunner } from './command-runner.ts';
import type { Entrance, NodePlace, NodeRefusal } from './node-place.ts';
import { jsonAnswer } from '../json-answer.ts';

/** A pod as its node knows it. */
export interface RunningPod {
  readonly node: string;
  readonly hostNetwork: boolean;
  /** Of containers that run: 64 hexadecimal digits. */
  readonly containerIds: readonly string[];
}

const CONTAINER_ID = /^[a-z-]+:\/\/([0-9a-f]{64})$/;
const PROCESS = /^\/proc\/(\d{1,10})\/cgroup$/;

/** Asks for a pod's node and its containers. */
export async function runningPod(
  api: KubeApi,
  { namespace, pod }: PodName,
  signal: AbortSignal,
): Promise<RunningPod | NodeRefusal> {
  try {
    const { bytes } = await api.request(
      `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`,
      { permission: { verb: 'get', group: '', resource: 'pods', namespace, namespaced: true }, signal },
    );
    const found = jsonAnswer(bytes);
    const node = found.at('spec', 'nodeName').string();
    if (node === undefined) {
      return {
        gap: 'missing',
        problem: `pod ${namespace}/${pod} is on no node yet`,
        remedy: 'wait until it is scheduled',
      };
    }
    const statuses = [
      ...found.at('status', 'containerStatuses').items(),
      ...found.at('status', 'initContainerStatuses').items(),
    ];
    const containerIds = statuses
      .filter((one) => one.at('state', 'running').exists)
      .flatMap((one) => CONTAINER_ID.exec(one.at('containerID').string() ?? '')?.[1] ?? []);
    return { node, hostNetwork: found.at('spec', 'hostNetwork').boolean() === true, containerIds };
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    const { kind, problem, remedy = 'run it again' } = error.gap('');
    return { gap: kind, problem, remedy };
  }
}

/**
 * Enters a pod's network namespace from its node: through a process of one of its containers, whose control group carries the
 * container's id, whatever runtime made it.
 */
export async function enterPod(
  name: PodName,
  { containerIds }: RunningPod,
  { entrances }: NodePlace,
  remedy: string,
  signal: AbortSignal,
): Promise<readonly CommandRunner[] | NodeRefusal> {
  const pod = `${name.namespace}/${name.pod}`;
  if (containerIds.length === 0) {
    return { gap: 'missing', problem: `no container of pod ${pod} runs`, remedy: 'wait until it runs' };
  }
  if (entrances.length === 0) {
    const problem = `the network namespace of pod ${pod} can only be entered from among its node's processes, which no pod that was found there sees`;
    return { gap: 'missing', problem, remedy };
  }
  const problems: string[] = [];
  for (const entrance of entrances) {
    const process = await findProcess(entrance, containerIds, signal);
    if (typeof process === 'number') return entrances.map((one) => one.enter(process));
    problems.push(process);
  }
  const problem = `no process of pod ${pod} was found on its node: ${problems.join('; ')}`;
  return { gap: 'missing', problem, remedy };
}

/** The oldest process of a container, by the lowest number; or why there is none. */
async function findProcess(
  { runner }: Entrance,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<number | string> {
  const patterns = ids.flatMap((id) => ['-e', id]);
  const grep = ['-exec', 'grep', '-lF', ...patterns, '{}', '+'];
  const outcome = await runner.run(['find', '/proc', '-maxdepth', '2', '-name', 'cgroup', ...grep], signal);
  if (outcome.kind === 'failed') return outcome.problem;
  if (outcome.kind === 'tool-missing') return `there is no find ${runner.place}`;
  // Processes come and go while they are listed, which `find` reports as an error.
  const found = outcome.stdout
    .toString('latin1')
    .split('\n')
    .flatMap((line) => PROCESS.exec(line)?.[1] ?? [])
    .map(Number);
  return found.length > 0 ? Math.min(...found) : `none of them belongs to its containers, as seen ${runner.place}`;
}
