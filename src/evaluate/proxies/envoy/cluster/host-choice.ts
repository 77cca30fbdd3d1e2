import type { Condition, Unknown } from '../../../../model/branching.ts';
import { isAddress } from '../../../../model/address.ts';
import type { EnvoyConfigDump, EnvoyFacts, EnvoyResource, EnvoyStep } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ConnectionContext } from '../context.ts';
import { field, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step } from '../walk.ts';
import type { HostShare } from '../walk.ts';
import { hostByHash } from './hash-group.ts';
import type { HashGroup } from './hash-group.ts';
import { readHostSet } from './host-set.ts';
import type { Host, HostSet } from './host-set.ts';
import { pickHosts } from './pick.ts';
import type { Pick } from './pick.ts';
import { reach } from './reach.ts';
import type { Reached } from './reach.ts';
import { subsetHosts } from './subset.ts';
import { transportIsKnown } from './transport-socket.ts';
import type { SubsetCriteria } from './subset.ts';

/** The hosts that a load balancer chooses from, with what is the same for every request. */
export interface HostChoice {
  readonly dropOverload: Cursor | null;
  readonly picks: readonly HostPick[];
  /** The hosts where each is picked with a probability of its own, and is known to be reached; null: something else is to be told. */
  readonly shares: HostShares | null;
}

/** Hosts that differ in nothing but their names and shares. */
export interface HostShares {
  readonly hosts: readonly HostShare[];
  /** How one of them is reached. */
  readonly first: () => Reached;
}

export interface HostPick {
  readonly probability: number;
  readonly conditions: readonly Condition[];
  readonly step: EnvoyStep;
  readonly host: Host | null;
  readonly hashed: HashGroup | null;
  /** null: there is no host; an Unknown: it is not known how it is reached. */
  readonly reached: Reached | Unknown | null;
}

/** Reads the hosts of a cluster, and how its load balancer picks among them. */
export function chooseHosts(
  context: ConnectionContext,
  resource: EnvoyResource | undefined,
  criteria: SubsetCriteria,
): HostChoice | Unknown {
  if (resource === undefined) return unknown('the cluster cannot be read');
  const set = readHostSet(context.facts, context.config, resource);
  if (isUnknown(set)) return set;
  const hosts = subsetHosts(resource.config, set.hosts, criteria);
  if (isUnknown(hosts)) return hosts;
  const picks = pickHosts(resource.config, { ...set, hosts }, context.config, context.runtime);
  if (isUnknown(picks)) return picks;
  return new ReadChoice(context, resource, set, picks);
}

/** Most choices are only counted: what is told of each host is made when somebody asks. */
class ReadChoice implements HostChoice {
  readonly dropOverload: Cursor | null;
  readonly #context: HostContext;
  readonly #resource: EnvoyResource;
  readonly #set: HostSet;
  readonly #read: readonly Pick[];
  #picks: readonly HostPick[] | undefined;
  #shares: HostShares | null | undefined;

  constructor({ facts, config }: HostContext, resource: EnvoyResource, set: HostSet, read: readonly Pick[]) {
    this.dropOverload = set.dropOverload;
    this.#context = { facts, config };
    this.#resource = resource;
    this.#set = set;
    this.#read = read;
  }

  get picks(): readonly HostPick[] {
    this.#picks ??= hostPicks(this.#context, this.#resource, this.#set, this.#read, this.#resource.name);
    return this.#picks;
  }

  get shares(): HostShares | null {
    if (this.#shares === undefined) this.#shares = hostShares(this.#context, this.#resource, this.#read);
    return this.#shares;
  }
}

function hostShares(context: HostContext, { name, config }: EnvoyResource, picks: readonly Pick[]): HostShares | null {
  const hosts: Host[] = [];
  const shares: HostShare[] = [];
  for (const { host, probability, conditions, hashed } of picks) {
    if (host === null || conditions.length > 0 || hashed !== null || !isAddress(host.address)) return null;
    hosts.push(host);
    shares.push({ host: host.name, share: probability });
  }
  const [first] = hosts;
  if (first === undefined || !transportIsKnown(config, hosts)) return null;
  return { hosts: shares, first: () => known(reach(context, config, first, first, name)) };
}

/** Address and transport of these hosts were found to be known. */
function known(reached: Reached | Unknown): Reached {
  if (isUnknown(reached)) throw new Error(`a host that is only counted is not known: ${reached.reason}`);
  return reached;
}

type HostContext = Readonly<{ facts: EnvoyFacts; config: EnvoyConfigDump }>;

/** How each host that may be picked is reached. */
export function hostPicks(
  context: HostContext,
  resource: EnvoyResource,
  set: HostSet,
  picks: readonly Pick[],
  asked: string,
): HostPick[] {
  return picks.map(({ host, probability, conditions, reasons, hashed }) => {
    const shared = { probability, conditions, host, hashed };
    if (host === null) {
      const cites =
        set.hosts.length === 0 ? [emptyCite(set, resource)] : set.hosts.slice(0, 5).flatMap((one) => one.cites());
      return { ...shared, step: step('endpoint', 'missing', resource.name, { reasons, cites }), reached: null };
    }
    const picked = step('endpoint', 'selected', host.name, () => ({
      reasons: [...reasons, ...host.reasons],
      cites: host.cites(),
    }));
    return { ...shared, step: picked, reached: reach(context, resource.config, host, host, asked) };
  });
}

/** An assignment without endpoints is small and proves itself; anything else is cited by the cluster's name. */
function emptyCite(set: HostSet, cluster: EnvoyResource): Cursor {
  return field(set.cite, 'endpoints').exists ? field(cluster.config, 'name') : set.cite;
}

/** Leaves the one host to which the hash of the request leads, where both the hash and the table are known. */
export function byHash(choice: HostChoice, requestHash: () => bigint | null | Unknown): HostChoice {
  const groups = new Set(choice.picks.map(({ hashed }) => hashed));
  if (choice.picks.length < 2 || groups.has(null)) return choice;
  const hash = requestHash();
  if (hash === null || isUnknown(hash)) return choice;
  const found = hostByHash(
    [...groups].filter((group) => group !== null),
    hash,
  );
  if (found === undefined) return choice;
  const pick = choice.picks.find(({ hashed, host }) => hashed === found.group && host === found.host);
  if (pick === undefined) return choice;
  const { kind, action, name } = pick.step;
  const led = step(kind, action, name, () => ({
    reasons: [...pick.step.reasons, 'the hash of the request leads to it'],
    cites: pick.host?.cites() ?? [],
  }));
  return {
    dropOverload: choice.dropOverload,
    shares: null,
    picks: [{ ...pick, probability: 1, conditions: [], step: led }],
  };
}
