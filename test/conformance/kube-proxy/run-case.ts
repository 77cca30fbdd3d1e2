import { AskedNode } from '../../../src/explain/service/on-node.ts';
import { explain } from '../../../src/explain/explain.ts';
import { createWorld } from '../../../src/explain/world/world.ts';
import type { Explanation } from '../../../src/model/explanation.ts';
import type { Facts } from '../../../src/model/facts.ts';
import { createWorkspace } from '../../../src/workspace.ts';
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import type { Files, NamespaceCluster } from '../../lab/namespace-cluster.ts';
import type { ProbeResult, Sender } from '../../lab/probe/probe.ts';
import { memorySource } from '../../workspace/memory-source.ts';
import { questionOf } from '../../agreement/request-question.ts';
import { type DrawnService, objectsOf } from './generate.ts';
import { judge, type Judgement, requestsFor } from './judge.ts';
import { NAMESPACE } from './pods.ts';
import { entryNode, owners, questionsOf, serviceAddresses, type ServiceQuestion } from './questions.ts';

/** What one case showed. */
export interface CaseResult {
  readonly problems: readonly string[];
  /** Names of the Services that the problems are about. */
  readonly services: ReadonlySet<string>;
  readonly questions: number;
  readonly connections: number;
  readonly delivered: number;
  /** Why answers from rules were left open, and how often. */
  readonly open: ReadonlyMap<string, number>;
  /** Ways of packets of which rules and objects were compared without a connection. */
  readonly ways: number;
}

interface Answered {
  readonly question: ServiceQuestion;
  readonly programmed: Explanation;
  readonly intended: Explanation;
}

interface Judged extends Judgement {
  readonly question: ServiceQuestion;
  readonly summary: string;
  readonly results: readonly ProbeResult[];
}

function inWords({ question, problems, summary }: Judged): string {
  const { about, to, from, node } = question;
  const head = `${about}: ${to} from ${JSON.stringify(from)}${node === undefined ? '' : ` at ${node}`}`;
  return [head, ...problems, summary].join('\n  ');
}

/** How much is sent. */
export interface Effort {
  /** Where several backends may answer: so many requests for each. */
  readonly requests: number;
}

/** A cluster that is asked one case after the other. */
export class CaseRunner {
  private readonly cluster: NamespaceCluster;
  private readonly lasting: Files;
  private readonly effort: Effort;
  private readonly ownerOf: (address: string) => string;
  private marker = 0;

  static async over(cluster: NamespaceCluster, effort: Effort): Promise<CaseRunner> {
    return new CaseRunner(cluster, await cluster.lastingFiles(), effort);
  }

  private constructor(cluster: NamespaceCluster, lasting: Files, effort: Effort) {
    this.cluster = cluster;
    this.lasting = lasting;
    this.effort = effort;
    const known = owners(cluster.nodes, cluster.pods);
    this.ownerOf = (address) => known.get(address) ?? address;
  }

  /** Puts the Services, waits until all nodes have them, and asks every question of the rules, of the objects and of the kernel. */
  async run(services: readonly DrawnService[]): Promise<CaseResult> {
    await this.put(services);
    const files = { ...this.lasting, ...(await this.cluster.changingFiles()) };
    const programmed = createWorkspace(memorySource(files));
    const objects = Object.entries(files).filter(
      ([name]) => !/\/nodes\/[^/]+\/(ip6?tables|nft|ipset|ipvs|ip_vs)/.test(name),
    );
    const intended = createWorkspace(memorySource(Object.fromEntries(objects)));
    const answers = questionsOf(services, this.cluster.nodes, this.cluster.pods).map((question): Answered => {
      const input = questionOf(question, NAMESPACE);
      return { question, programmed: explain(programmed, input), intended: explain(intended, input) };
    });
    const judged = await this.judgeAll(answers);
    const drift = driftOf(programmed, services);
    const open = new Map<string, number>();
    for (const { open: reason } of judged) {
      const alike = reason?.replaceAll(/[\d.:a-f]{4,}/g, 'X');
      if (alike !== undefined) open.set(alike, (open.get(alike) ?? 0) + 1);
    }
    const odd = judged.filter(({ problems }) => problems.length > 0);
    const results = judged.map((one) => one.results);
    return {
      problems: [...odd.map(inWords), ...drift.problems],
      services: new Set([...odd.map(({ question }) => question.service), ...drift.services]),
      questions: answers.length,
      connections: results.flat().length,
      delivered: results.filter((all) => all.some(({ disposition }) => disposition === 'delivered')).length,
      open,
      ways: drift.ways,
    };
  }

  private async put(services: readonly DrawnService[]): Promise<void> {
    const { api, nodes } = this.cluster;
    await api.call('DELETE', `/api/v1/namespaces/${NAMESPACE}/services`);
    await api.call('DELETE', `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`);
    await Promise.all(services.flatMap(objectsOf).map((object) => api.apply(object)));
    await this.untilControllerWrote(services);
    // Nodes have taken in all that came before it when they have this one.
    this.marker += 1;
    const number = this.marker % 250 || 250;
    for (const object of markerObjects(number)) await api.apply(object);
    const own = new Set(nodes.flatMap(({ address }) => [address.v4, address.v6]));
    const addresses = serviceAddresses(services, own);
    await this.cluster.enterAt(new Map(addresses.map((address) => [address, entryNode(address, nodes)])));
    await this.cluster.untilProgrammed(markerEndpoints(number));
    await this.cluster.forgetConnections();
  }

  /** Every Service with a selector has slices, and they name all pods. */
  private async untilControllerWrote(services: readonly DrawnService[]): Promise<void> {
    const wanted = services.flatMap(({ name, spec }) => {
      const pods = this.cluster.pods.filter((pod) => pod.spec.labels?.['app'] === spec.selector?.app).length;
      return spec.selector === undefined ? [] : spec.ipFamilies.map((family) => ({ name, family, pods }));
    });
    await this.cluster.api.until('the controller writes EndpointSlices', 60, async () => {
      const slices = await this.cluster.api.list<WrittenSlice>('/apis/discovery.k8s.io/v1/endpointslices');
      return wanted.every(({ name, family, pods }) => {
        const own = slices.filter((one) => one.metadata.labels?.[OF_SERVICE] === name && one.addressType === family);
        return own.length > 0 && own.flatMap(({ endpoints }) => endpoints ?? []).length === pods;
      });
    });
  }

  /** Sends all questions, those of one sender in one process. @returns their results, in the order of the questions */
  private async send(
    questions: readonly { readonly question: ServiceQuestion; readonly count: number }[],
    timeout?: number,
  ): Promise<readonly (readonly ProbeResult[])[]> {
    const bySender = new Map<string, number[]>();
    for (const [at, { question }] of questions.entries()) {
      const key = JSON.stringify(question.from);
      const places = bySender.get(key) ?? [];
      places.push(at);
      bySender.set(key, places);
    }
    const results: (readonly ProbeResult[])[] = [];
    await Promise.all(
      [...bySender].map(async ([key, places]) => {
        const probes = places.map((at) => {
          const { question, count } = questions[at] as { question: ServiceQuestion; count: number };
          return { probe: { to: question.to, ...(timeout === undefined ? {} : { timeout }) }, count };
        });
        const all = await this.cluster.send(JSON.parse(key) as Sender, probes);
        for (const [index, at] of places.entries()) results[at] = all[index] ?? [];
      }),
    );
    return results;
  }

  /** Sends what was answered, and holds one against the other. */
  private async judgeAll(answers: readonly Answered[]): Promise<readonly Judged[]> {
    const judgeOne = ({ question, programmed, intended }: Answered, results: readonly ProbeResult[]): Judged => ({
      ...judge(question, programmed, intended, results, this.ownerOf),
      question,
      summary: programmed.summary,
      results,
    });
    const results = await this.send(
      answers.map(({ question, programmed }) => ({
        question,
        count: requestsFor(question, programmed, this.effort.requests),
      })),
    );
    const judged = answers.map((answer, at) => judgeOne(answer, results[at] ?? []));
    // A machine that is busy loses an answer in time: only what is so again, and patiently, is a disagreement.
    const odd = judged.flatMap(({ problems }, at) => (problems.length > 0 ? [at] : []));
    const asked = odd.map((at) => answers[at] as Answered);
    const again = await this.send(
      asked.map(({ question, programmed }) => ({
        question,
        count: 2 * requestsFor(question, programmed, this.effort.requests),
      })),
      PATIENCE,
    );
    for (const [index, at] of odd.entries()) judged[at] = judgeOne(asked[index] as Answered, again[index] ?? []);
    return judged;
  }
}

/** Milliseconds. */
const PATIENCE = 4000;
const OF_SERVICE = 'kubernetes.io/service-name';

interface WrittenSlice {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  readonly addressType: string;
  readonly endpoints?: readonly unknown[] | null;
}

/** On every node the rules do what the objects ask, from all classes of clients and for all protocols: also those that cannot be sent here. */
function driftOf(facts: Facts, services: readonly DrawnService[]) {
  const world = createWorld(facts);
  const [view] = world.clusters;
  const problems: string[] = [];
  const drifted = new Set<string>();
  let ways = 0;
  for (const { name } of view?.objects?.nodes ?? []) {
    const node = new AskedNode(world, { kind: 'node', cluster: 'lab', node: name });
    for (const drawn of services) {
      const service = view?.objects?.services.find((one) => one.namespace === NAMESPACE && one.name === drawn.name);
      if (service === undefined) throw new Error(`no Service ${drawn.name} in the facts`);
      for (const { address, port, protocol, ways: all } of node.account(service, new Set(), 'ways').entries) {
        for (const { from, action, reason, drift } of all) {
          ways += 1;
          if (drift === null && action !== 'undetermined') continue;
          drifted.add(drawn.name);
          problems.push(
            `${drawn.name}: ${name}: ${address}:${port}/${protocol} from ${from.join(', ')}\n  ${drift?.text ?? reason}`,
          );
        }
      }
    }
  }
  return { problems, services: drifted, ways };
}

function markerEndpoints(number: number): readonly [v4: string, v6: string] {
  return [`10.244.99.${number}`, `fd00:244:99::${number.toString(16)}`];
}

/** A Service of both families whose endpoints no other has. */
function markerObjects(number: number): readonly KubernetesObject[] {
  const name = 'marker';
  const ports = [{ name: 'http', protocol: 'TCP', port: 80 }];
  const slices = markerEndpoints(number).map((address, at): KubernetesObject => {
    const addressType = at === 0 ? 'IPv4' : 'IPv6';
    const metadata = { name: `${name}-${at}`, namespace: NAMESPACE, labels: { [OF_SERVICE]: name } };
    const endpoints = [{ addresses: [address], conditions: { ready: true } }];
    return { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType, ports, endpoints };
  });
  const clusterIPs = [`10.96.9.${number}`, `fd00:96::9:${number.toString(16)}`];
  const spec = {
    clusterIP: clusterIPs[0],
    clusterIPs,
    ipFamilies: ['IPv4', 'IPv6'],
    ipFamilyPolicy: 'RequireDualStack',
    ports,
  };
  return [{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: NAMESPACE }, spec }, ...slices];
}
