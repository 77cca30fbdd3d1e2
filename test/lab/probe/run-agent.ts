import { agentProgram } from '../build/go-modules.ts';
import type { ApiClient } from '../control-plane/api-client.ts';
import { attempt, command } from '../execute.ts';
import { processOfPod } from '../pod-process.ts';
import type { RunAgent, Sender } from './probe.ts';

/** What a probe needs to know of a lab. */
interface Places {
  readonly api: ApiClient;
  /** Network namespace of a node, or `outside`. */
  readonly netnsOf: (place: string) => string;
}

/** Runs the agent in a lab whose pods and nodes are processes of this machine. */
export function agentOf(lab: Places): RunAgent {
  return async (from, words, timeout, input) => {
    const [program, ...before] = await agentIn(lab, from);
    const { status, stdout, stderr } = await attempt(program, [...before, ...words], {
      timeout,
      ...(input === undefined ? {} : { input }),
    });
    return { status, stdout: stdout.toString(), stderr };
  };
}

/** The command line that runs the agent where the sender is. */
async function agentIn(lab: Places, from: Sender): Promise<[string, ...string[]]> {
  if (from === 'outside') return command(await agentProgram(), [], lab.netnsOf('outside'));
  if ('node' in from) return command(await agentProgram(), [], lab.netnsOf(from.node));
  const namespace = from.namespace ?? 'shop';
  const { metadata } = await lab.api.get<{ metadata: { uid: string } }>(
    `/api/v1/namespaces/${namespace}/pods/${from.pod}`,
  );
  const pid = processOfPod(metadata.uid, ([program, word]) => program === '/agent' && word === 'serve');
  if (pid === undefined) throw new Error(`pod ${namespace}/${from.pod} does not run the agent`);
  // Its own resolv.conf, and the agent of its image.
  return ['nsenter', '--target', pid, '--mount', '--net', '/agent'];
}
