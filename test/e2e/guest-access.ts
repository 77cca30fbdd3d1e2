import { kubeApi } from '../../src/collect/live/kube-api.ts';
import { LiveSource } from '../../src/collect/live/live-source.ts';
import type { CommandFailure, CommandRunner } from '../../src/collect/live/node/command-runner.ts';
import type { Argv } from '../../src/collect/live/node/commands.ts';
import { commandLoopback } from '../../src/collect/live/node/loopback-http.ts';
import { NodeCollector } from '../../src/collect/live/node/node-collector.ts';
import type { NodeAccess, NodePlace } from '../../src/collect/live/node/node-place.ts';
import { ObjectCollector } from '../../src/collect/live/objects/object-collector.ts';
import type { ExecOutcome } from '../../src/collect/live/stream/exec.ts';
import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import { connectTo } from '../collect/live/connecting.ts';
import type { Guest } from '../lab/ipvs-guest/guest.ts';
import type { IpvsCluster } from '../lab/ipvs-guest/ipvs-cluster.ts';
import { answersFrom } from '../agreement/answers-from.ts';

/** What Go's os/exec says of a program that is not there. */
const NO_PROGRAM = /executable file not found/;

/**
 * Reads the nodes of a guest by running the tools there, as exec into a pod of a node does: the guest has no kubelet that could be
 * asked to. What is run, and what is made of it, is all the program's own.
 */
class GuestAccess implements NodeAccess {
  readonly remedy = 'install the tool in the guest';
  readonly #guest: Guest;

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  open(node: string): Promise<NodePlace> {
    const runner = new GuestRunner(this.#guest, node);
    const enter = (pid: number): CommandRunner =>
      new GuestRunner(this.#guest, node, ['nsenter', '-t', String(pid), '-n', '--']);
    const note = `node ${node} was read in the guest`;
    return Promise.resolve({
      runners: [runner],
      entrances: [{ runner, enter }],
      loopback: [commandLoopback(runner)],
      note,
    });
  }

  async close(): Promise<void> {
    // Nothing was made.
  }
}

class GuestRunner implements CommandRunner {
  readonly place = 'in the guest';
  readonly #guest: Guest;
  readonly #node: string;
  readonly #prefix: readonly string[];

  constructor(guest: Guest, node: string, prefix: readonly string[] = []) {
    this.#guest = guest;
    this.#node = node;
    this.#prefix = prefix;
  }

  async run(argv: Argv): Promise<ExecOutcome | CommandFailure> {
    try {
      const { status, stdout, stderr } = await this.#guest.spawn(this.#node, [...this.#prefix, ...argv]);
      if (status === 127) return { kind: 'tool-missing', detail: stderr };
      return { kind: 'exited', exitCode: status, stdout: Buffer.from(stdout), stderr };
    } catch (error) {
      if (error instanceof Error && NO_PROGRAM.test(error.message)) return { kind: 'tool-missing', detail: '' };
      throw error;
    }
  }
}

/** Asks a cluster whose nodes are in the guest all questions together. @returns the answers, in the order of the questions */
export async function guestAnswers(
  cluster: IpvsCluster,
  questions: readonly QuestionInput[],
): Promise<readonly Explanation[]> {
  const { signal } = new AbortController();
  const connection = connectTo({ kubeconfig: cluster.kubeconfig }, {}, signal);
  try {
    const objects = new ObjectCollector(connection);
    await objects.open(signal);
    const access = new GuestAccess(cluster.guest);
    const nodes = new NodeCollector(kubeApi(connection), access);
    const places = [
      { collects: (name: string) => NodeCollector.collects(name), collector: nodes, remedy: access.remedy },
    ];
    return await answersFrom(new LiveSource(objects, places), questions, signal);
  } finally {
    connection.close();
  }
}
