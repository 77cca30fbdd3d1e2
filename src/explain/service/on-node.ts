import type { Family } from '../../model/address.ts';
import type { Flow } from '../../model/flow.ts';
import type { ServiceFact } from '../../model/kubernetes.ts';
import type { ServiceEntry, ServiceWay, SourceClass } from '../../model/service-report.ts';
import { ciliumAgent, ciliumAnswer } from '../world/cilium.ts';
import { intendedOnNode } from '../world/intended-node.ts';
import { traverse } from '../world/netns.ts';
import type { World } from '../world/world.ts';
import type { ServiceAddress } from '../../evaluate/kube-proxy/service-addresses.ts';
import { addressesOf } from './addresses.ts';
import { ciliumTargets, ciliumWay } from './cilium-way.ts';
import { clientsOf, packetFrom, packetOfNode, type Client, type NodeOwner } from './clients.ts';
import { driftOf } from './drift.ts';
import { intendedEndings, programmedEndings, targetsOf, wayOf, type Ending } from './way.ts';

/** How one node treats a Service. */
export interface NodeAccount {
  readonly node: string;
  readonly mode: string | null;
  readonly basis: 'programmed' | 'intended' | 'unknown';
  readonly entries: readonly ServiceEntry[];
  /** `ip:port` of every backend that the node's rules lead to, and that the API objects ask for; null: not known. */
  readonly programmed: ReadonlySet<string> | null;
  readonly intended: ReadonlySet<string> | null;
}

/** A node with its clients, ready to be asked about one Service after the other. */
export class AskedNode {
  readonly owner: NodeOwner;
  private readonly world: World;
  private readonly clients = new Map<Family, readonly Client[]>();
  /** Whether an agent of Cilium is in kube-proxy's place. */
  private readonly agents = new Map<Family, boolean>();

  constructor(world: World, owner: NodeOwner) {
    this.world = world;
    this.owner = owner;
  }

  /**
   * Asks the node for every address of a Service, from each class of clients.
   * @param rules whether the rules behind it are wanted
   */
  account(service: ServiceFact, endpoints: ReadonlySet<string>, rules: boolean): NodeAccount {
    const view = this.world.cluster(this.owner.cluster);
    const asked = addressesOf(service, view.nodeNamed(this.owner.node));
    const answers = asked.map((address) => this.ask(address, endpoints, rules));
    const evaluated = answers.flatMap(({ evaluations }) => evaluations);
    const captured = evaluated.filter((one) => one.captured);
    const basis =
      evaluated.length === 0 || captured.length > 0
        ? 'programmed'
        : evaluated.some((one) => one.asked)
          ? 'intended'
          : 'unknown';
    return {
      node: this.owner.node,
      mode: evaluated.some((one) => one.byCilium)
        ? 'cilium'
        : (view.facts.node(this.owner.node).kubeProxy().value?.mode ?? null),
      basis,
      entries: answers.map(({ entry }) => entry),
      programmed: union(evaluated.map((one) => one.programmed)),
      intended: union(evaluated.map((one) => one.intended)),
    };
  }

  private ask(asked: ServiceAddress, endpoints: ReadonlySet<string>, rules: boolean) {
    const evaluations = this.packets(asked).map(([from, flow]) => this.evaluate(from, flow, endpoints, rules));
    const { port, protocol, kind, servicePort } = asked;
    const address = kind === 'nodePort' ? 'NODE' : asked.address;
    const ways = mergeAlike(evaluations.map(({ way }) => way));
    const entry: ServiceEntry = { address, port, protocol, kind, portName: servicePort.name, ways };
    return { entry, evaluations };
  }

  private packets(asked: ServiceAddress): readonly (readonly [SourceClass, Flow])[] {
    const family: Family = asked.address.includes(':') ? 6 : 4;
    const clients = this.clients.get(family) ?? clientsOf(this.world, this.owner, family);
    this.clients.set(family, clients);
    const own = packetOfNode(this.world, this.owner, asked);
    return [
      ...clients.map((client) => [client.from, packetFrom(client, asked)] as const),
      ...(own === null ? [] : [['node', own] as const]),
    ];
  }

  private evaluate(from: SourceClass, flow: Flow, endpoints: ReadonlySet<string>, rules: boolean): Evaluation {
    const { world, owner } = this;
    const cilium = this.byCilium(from, flow, rules);
    if (cilium !== null) return cilium;
    const outcomes = traverse(world, owner, flow, from === 'node' ? 'process' : 'wire');
    const asked = intendedOnNode(world, owner, flow);
    const intended = asked === null ? null : intendedEndings(asked.outcomes);
    const programmed = outcomes === null ? null : programmedEndings(flow, outcomes);
    // What is only assumed of kube-proxy is nothing that rules could be held against.
    const certain = asked !== null && asked.assumptions.length === 0;
    const drift =
      programmed === null || intended === null || !certain
        ? null
        : driftOf(programmed, intended, (endpoint) => endpoints.has(endpoint));
    const shown = programmed ?? intended ?? [NOT_KNOWN];
    const way = wayOf(world.cluster(owner.cluster), shown, rules ? (outcomes ?? []) : []);
    return {
      way: { from: [from], ...way, drift },
      captured: programmed !== null,
      asked: asked !== null,
      byCilium: false,
      programmed: programmed === null || isOpen(programmed) ? null : targetsOf(programmed),
      intended: intended === null || isOpen(intended) || !certain ? null : targetsOf(intended),
    };
  }

  /** As Cilium's own tables have it; null: no Cilium is in kube-proxy's place here, or none of its tables was captured. */
  private byCilium(from: SourceClass, flow: Flow, rules: boolean): Evaluation | null {
    const { world, owner } = this;
    const view = world.cluster(owner.cluster);
    const { family } = flow;
    const byAgent = this.agents.get(family) ?? ciliumAgent(world, owner, family) !== undefined;
    this.agents.set(family, byAgent);
    if (!byAgent) return null;
    const answer = ciliumAnswer(world, owner, flow, from !== 'outside');
    return answer === null
      ? null
      : { way: ciliumWay(view, from, answer, rules), ...BY_CILIUM, programmed: ciliumTargets(answer) };
  }
}

/** What one evaluation of a packet told. */
interface Evaluation {
  readonly way: ServiceWay;
  readonly captured: boolean;
  readonly asked: boolean;
  readonly byCilium: boolean;
  /** `ip:port` of backends; null: not known. */
  readonly programmed: ReadonlySet<string> | null;
  readonly intended: ReadonlySet<string> | null;
}

/** What kube-proxy would do is no measure for Cilium, which chooses endpoints by its own options. */
const BY_CILIUM = { captured: true, asked: false, byCilium: true, intended: null } as const;

const NOT_KNOWN: Ending = {
  action: 'undetermined',
  to: null,
  others: [],
  masquerade: null,
  probability: 1,
  conditions: [],
  reason: 'neither the rules of the node nor the objects that they are made from were captured',
};

function isOpen(endings: readonly Ending[]): boolean {
  return endings.some((one) => one.action === 'undetermined');
}

/** Everything that any of them leads to; null when one of them is not known. */
function union(sets: readonly (ReadonlySet<string> | null)[]): ReadonlySet<string> | null {
  const known = sets.filter((one) => one !== null);
  return known.length < sets.length ? null : new Set(known.flatMap((one) => [...one]));
}

/** Sources that a node treats alike, together. */
function mergeAlike(ways: readonly ServiceWay[]): readonly ServiceWay[] {
  const merged = new Map<string, ServiceWay>();
  for (const way of ways) {
    const { from, rules, ...rest } = way;
    const key = JSON.stringify(rest);
    const before = merged.get(key);
    merged.set(key, before === undefined ? way : { ...before, from: [...before.from, ...from] });
  }
  return [...merged.values()];
}

/** What stands for the node in a comparison with others: everything but its name. */
export function accountKey({ mode, basis, entries }: NodeAccount): string {
  return JSON.stringify([mode, basis, entries]);
}
