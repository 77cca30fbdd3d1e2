/**
 * What a Service is, where it answers, and how each node and proxy has it. In: facts, and which Services. Out: a format-neutral report.
 * How a node has it is evaluated, a packet to each address from each class of clients, never read off the names of chains. It must not
 * do I/O and must not know a terminal.
 */
import { formatEndpoint } from '../../model/address.ts';
import type { Gap } from '../../model/artefact.ts';
import type { Facts } from '../../model/facts.ts';
import type { ServiceFact } from '../../model/kubernetes.ts';
import type { ServiceAccount, ServiceOnNodes } from '../../model/service-report.ts';
import { listText } from '../../model/wording.ts';
import { QuestionError } from '../question/question-input.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import { createWorld } from '../world/world.ts';
import { endpointRows } from './endpoint-rows.ts';
import { ledgerOf } from './ledger.ts';
import { accountKey, AskedNode, type NodeAccount } from './on-node.ts';
import { proxiesOf, proxyEndpoints } from './proxy-endpoints.ts';
import { selectServices, type ServiceSelection } from './select-services.ts';
import { serviceNames, specOf } from './spec.ts';
import { connectionsTo, trackedConnections, type TrackedConnections } from './tracked.ts';

export interface ServiceInput extends ServiceSelection {
  /** Only this node; null: every one. */
  readonly node: string | null;
  /** Whether the rules behind each way are wanted. */
  readonly rules: boolean;
  /** Leave out Services and ledger rows in which nothing differs. */
  readonly onlyDrift: boolean;
  /** Of each Service the ledger alone is wanted: what stands beside it in an account is left empty. */
  readonly onlyLedger: boolean;
}

/** Services that are told of one after the other, so that nobody has to keep the accounts of thousands. */
export interface ServiceAccounts {
  /** Each is made when it is asked for; to be gone through once. */
  readonly services: Iterable<ServiceAccount>;
  /** How many Services are looked at; with `onlyDrift`, those without drift are not in `services`. */
  readonly looked: number;
  /** What was missing so far. */
  readonly gaps: () => readonly Gap[];
  /** What the accounts so far mean to a caller. */
  readonly status: () => 'ok' | 'unreachable' | 'undetermined';
}

/**
 * Reports on Services.
 * @throws QuestionError when there is no such Service or node
 */
export function reportServices(facts: Facts, input: ServiceInput): ServiceAccounts {
  const world = createWorld(facts);
  const [view, other] = world.clusters;
  if (view === undefined) throw new QuestionError('no cluster was captured');
  if (other !== undefined) throw new QuestionError('several clusters are given', ['Give --snapshot once.']);
  const services = selectServices(view, input);
  if (input.node !== null && !view.nodes.includes(input.node)) {
    throw new QuestionError(`there is no node ${input.node}`, [`Nodes: ${listText(view.nodes)}.`]);
  }
  if (services.length > MANY) readWhole(view);
  const names = input.node === null ? view.nodes : [input.node];
  const nodes = names.map((node) => new AskedNode(world, { kind: 'node', cluster: view.name, node }));
  const tracked = trackedConnections(view);
  const proxies = proxiesOf(view);
  const met = new Set<boolean | null>();
  return {
    services: accountsOf(view, services, { nodes, tracked, proxies }, input, met),
    looked: services.length,
    gaps: () => facts.gaps(),
    status: () => (met.has(true) ? 'unreachable' : met.has(null) ? 'undetermined' : 'ok'),
  };
}

/** @param met gets the `drift` of each */
function* accountsOf(
  view: ClusterView,
  services: readonly ServiceFact[],
  surroundings: Surroundings,
  input: ServiceInput,
  met: Set<boolean | null>,
): Generator<ServiceAccount> {
  for (const service of services) {
    const account = accountOf(view, service, surroundings, input);
    met.add(account.drift);
    if (!input.onlyDrift) yield account;
    else if (account.drift !== false) yield onlyOdd(account);
  }
}

/** For more Services than these the Lists are read whole: to search them for one Service after the other costs more. */
const MANY = 256;

function readWhole({ objects }: ClusterView): void {
  void objects?.endpointSlices;
  void objects?.pods;
}

interface Surroundings {
  readonly nodes: readonly AskedNode[];
  readonly tracked: TrackedConnections | undefined;
  readonly proxies: ReturnType<typeof proxiesOf>;
}

function accountOf(
  view: ClusterView,
  service: ServiceFact,
  { nodes, tracked, proxies }: Surroundings,
  { rules, onlyLedger }: ServiceInput,
): ServiceAccount {
  const { namespace, name, type } = service;
  const endpoints = endpointRows(service, view.serviceIndex().slices(service));
  const known = new Set(endpoints.map((row) => formatEndpoint(row.address, row.port)));
  const virtual = !service.headless && type !== 'ExternalName';
  const wanted = onlyLedger ? 'endpoints' : rules ? 'rules' : 'ways';
  const accounts = virtual ? nodes.map((node) => node.account(service, known, wanted)) : [];
  const ledger = ledgerOf(view, {
    endpoints,
    nodes: accounts,
    proxies: proxies.flatMap((proxy) => proxyEndpoints(view, proxy, service) ?? []),
    connections: tracked === undefined ? undefined : connectionsTo(service, tracked),
  });
  const base = { cluster: view.name, namespace, name, type };
  const beside = onlyLedger
    ? { spec: [], names: [], endpoints: [], nodes: [] }
    : { spec: specOf(service), names: serviceNames(view, service), endpoints, nodes: groupNodes(accounts) };
  return { ...base, ...beside, ledger, drift: driftIn(accounts, ledger.rows, virtual) };
}

/** Nodes that treat the Service alike, together. */
function groupNodes(accounts: readonly NodeAccount[]): readonly ServiceOnNodes[] {
  const groups = new Map<string, ServiceOnNodes>();
  for (const account of accounts) {
    // One node alone is not compared with others.
    const key = accounts.length === 1 ? '' : accountKey(account);
    const { mode, basis, entries } = account;
    groups.set(key, { mode, basis, entries, nodes: [...(groups.get(key)?.nodes ?? []), account.node] });
  }
  return [...groups.values()];
}

/** Whether any node or proxy differs; null: a node could not be evaluated, and none that could differs. */
function driftIn(
  nodes: readonly NodeAccount[],
  rows: ServiceAccount['ledger']['rows'],
  virtual: boolean,
): boolean | null {
  if (rows.some((row) => row.odd) || nodes.some((one) => one.differs)) return true;
  const open = nodes.some((one) => one.open || one.basis !== 'programmed');
  return open || (virtual && nodes.length === 0) ? null : false;
}

/** The account with those rows of its ledger alone in which somebody disagrees. */
function onlyOdd(account: ServiceAccount): ServiceAccount {
  const { ledger } = account;
  return { ...account, ledger: { ...ledger, rows: ledger.rows.filter((row) => row.odd) } };
}
