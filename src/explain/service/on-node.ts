import type { Address, Family } from '../../model/address.ts';
import type { Flow } from '../../model/flow.ts';
import type { ServiceFact } from '../../model/kubernetes.ts';
import type { ServiceBackend, ServiceEntry, ServiceWay, SourceClass } from '../../model/service-report.ts';
import { ciliumAgent, ciliumAnswer } from '../world/cilium.ts';
import { intendedOnNode } from '../world/intended-node.ts';
import { localSources, traverse, traverseEnds } from '../world/netns.ts';
import type { World } from '../world/world.ts';
import { KnownEnds } from '../../evaluate/netfilter/known-ends.ts';
import type { ServiceAddress } from '../../evaluate/kube-proxy/service-addresses.ts';
import { addressesOf } from './addresses.ts';
import { ciliumTargets, ciliumWay } from './cilium-way.ts';
import { clientsOf, packetFrom, packetOfNode, type Client, type NodeOwner } from './clients.ts';
import { driftOf, sideOf } from './drift.ts';
import { intendedEndings, isOpen, programmedEndings, wayOf, type Ending } from './way.ts';

/** How one node treats a Service. */
export interface NodeAccount {
  readonly node: string;
  readonly mode: string | null;
  readonly basis: 'programmed' | 'intended' | 'unknown';
  /** Empty where they were not asked for. */
  readonly entries: readonly ServiceEntry[];
  /** Whether some way of the Service is not as the API objects ask. */
  readonly differs: boolean;
  /** Whether some way is undetermined. */
  readonly open: boolean;
  /** `ip:port` of every backend that the node's rules lead to, and that the API objects ask for; null: not known. */
  readonly programmed: ReadonlySet<string> | null;
  readonly intended: ReadonlySet<string> | null;
}

/** What is asked of a node: endpoints alone, also the ways that lead there, also the rules behind these. */
export type Wanted = 'endpoints' | 'ways' | 'rules';

/** A node with its clients, ready to be asked about one Service after the other. */
export class AskedNode {
  readonly owner: NodeOwner;
  private readonly world: World;
  private readonly sourceTo: (to: Address) => string | null;
  private readonly known = new KnownEnds();
  private readonly clients = new Map<Family, readonly Client[]>();
  /** Whether an agent of Cilium is in kube-proxy's place. */
  private readonly agents = new Map<Family, boolean>();

  constructor(world: World, owner: NodeOwner) {
    this.world = world;
    this.owner = owner;
    this.sourceTo = localSources(world, owner);
  }

  /** Asks the node for every address of a Service, from each class of clients. */
  account(service: ServiceFact, endpoints: ReadonlySet<string>, wanted: Wanted): NodeAccount {
    const view = this.world.cluster(this.owner.cluster);
    const asked = addressesOf(service, view.nodeNamed(this.owner.node));
    const answers = asked.map((address) => ({ address, evaluations: this.ask(address, endpoints, wanted) }));
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
      entries: wanted === 'endpoints' ? [] : answers.map(({ address, evaluations }) => entryOf(address, evaluations)),
      differs: evaluated.some((one) => one.differs),
      open: evaluated.some((one) => one.open),
      programmed: union(evaluated.map((one) => one.programmed)),
      intended: union(evaluated.map((one) => one.intended)),
    };
  }

  private ask(asked: ServiceAddress, endpoints: ReadonlySet<string>, wanted: Wanted): readonly Evaluation[] {
    return this.packets(asked).map(([from, flow]) => this.evaluate(from, flow, endpoints, wanted));
  }

  private packets(asked: ServiceAddress): readonly (readonly [SourceClass, Flow])[] {
    const family: Family = asked.address.includes(':') ? 6 : 4;
    const clients = this.clients.get(family) ?? clientsOf(this.world, this.owner, family);
    this.clients.set(family, clients);
    const own = packetOfNode(this.sourceTo, asked);
    return [
      ...clients.map((client) => [client.from, packetFrom(client, asked)] as const),
      ...(own === null ? [] : [['node', own] as const]),
    ];
  }

  private evaluate(from: SourceClass, flow: Flow, endpoints: ReadonlySet<string>, wanted: Wanted): Evaluation {
    const { world, owner } = this;
    const rules = wanted === 'rules';
    const cilium = this.byCilium(from, flow, rules);
    if (cilium !== null) return cilium;
    const begin = from === 'node' ? 'process' : 'wire';
    const outcomes = rules ? traverse(world, owner, flow, begin) : null;
    const ends = outcomes ?? traverseEnds(world, owner, flow, begin, this.known);
    const asked = intendedOnNode(world, owner, flow);
    const intended = asked === null ? null : sideOf(intendedEndings(asked.outcomes));
    const programmed = ends === null ? null : sideOf(programmedEndings(flow, ends));
    // What is only assumed of kube-proxy is nothing that rules could be held against.
    const certain = asked !== null && asked.assumptions.length === 0;
    const drift =
      programmed === null || intended === null || !certain
        ? null
        : driftOf(programmed, intended, (endpoint) => endpoints.has(endpoint));
    const shown = programmed?.endings ?? intended?.endings ?? [NOT_KNOWN];
    return {
      way: () => ({ from: [from], ...wayOf(world.cluster(owner.cluster), shown, outcomes ?? []), drift }),
      differs: drift !== null,
      open: isOpen(shown),
      captured: programmed !== null,
      asked: asked !== null,
      byCilium: false,
      programmed: programmed?.targets ?? null,
      intended: certain ? (intended?.targets ?? null) : null,
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
    if (answer === null) return null;
    const way = ciliumWay(view, from, answer, rules);
    return {
      way: () => way,
      differs: way.drift !== null,
      open: way.action === 'undetermined',
      ...BY_CILIUM,
      programmed: ciliumTargets(answer),
    };
  }
}

/** What one evaluation of a packet told. */
interface Evaluation {
  readonly way: () => ServiceWay;
  readonly differs: boolean;
  readonly open: boolean;
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

function entryOf(
  { address, port, protocol, kind, servicePort }: ServiceAddress,
  asked: readonly Evaluation[],
): ServiceEntry {
  const ways = mergeAlike(asked.map(({ way }) => way()));
  const shown = kind === 'nodePort' ? 'NODE' : address;
  return { address: shown, port, protocol, kind, portName: servicePort.name, ways };
}

/** Everything that any of them leads to; null when one of them is not known. */
function union(sets: readonly (ReadonlySet<string> | null)[]): ReadonlySet<string> | null {
  const known = sets.filter((one) => one !== null);
  return known.length < sets.length ? null : new Set(known.flatMap((one) => [...one]));
}

/** Sources that a node treats alike, together. */
function mergeAlike(ways: readonly ServiceWay[]): readonly ServiceWay[] {
  const merged: ServiceWay[] = [];
  for (const way of ways) {
    const at = merged.findIndex((one) => isSameWay(one, way));
    const before = merged[at];
    if (before === undefined) merged.push(way);
    else merged[at] = { ...before, from: [...before.from, ...way.from] };
  }
  return merged;
}

function isSameWay(a: ServiceWay, b: ServiceWay): boolean {
  return (
    a.action === b.action &&
    a.masquerade === b.masquerade &&
    a.affinity === b.affinity &&
    a.reason === b.reason &&
    a.drift?.code === b.drift?.code &&
    a.drift?.text === b.drift?.text &&
    a.backends.length === b.backends.length &&
    a.backends.every((one, index) => isSameBackend(one, b.backends[index]))
  );
}

function isSameBackend(a: ServiceBackend, b: ServiceBackend | undefined): boolean {
  return a.ip === b?.ip && a.port === b.port && a.pod === b.pod && a.probability === b.probability;
}

/** What stands for the node in a comparison with others: everything but its name. */
export function accountKey({ mode, basis, entries }: NodeAccount): string {
  return JSON.stringify([mode, basis, entries]);
}
