/**
 * What `kubectl reach why` asks: which causes could have made a proxy log a response flag. In: flags, and where the proxies are (a
 * snapshot, or files). Out: the answer and its text. It knows neither flags of a command line nor the process.
 */
import { collectLooseFile } from './collect/loose-file.ts';
import { collectSnapshots } from './collect/snapshot.ts';
import { createClusterView } from './explain/world/cluster-view.ts';
import { findProxies } from './explain/proxy-config/target.ts';
import { QuestionError } from './explain/question/question-input.ts';
import { readFlags } from './explain/why/flags.ts';
import { explainFlags, type AskedProxy, type WhyAnswer } from './explain/why/why.ts';
import { parseCertificates } from './parse/certificate/certificate.ts';
import { verifySignature } from './parse/certificate/json-web-key.ts';
import { parseEnvoyClusters } from './parse/envoy/admin.ts';
import { parseEnvoyConfigDump } from './parse/envoy/config-dump.ts';
import { renderJson } from './render/json.ts';
import { renderWhy } from './render/why.ts';
import { createWorkspace } from './workspace.ts';
import { podsWithProxy } from './workspace/layout.ts';

/** What is asked, and of what. */
export interface WhyInput {
  /** `UF,URX`, or long names */
  readonly flags: string;
  /** RESPONSE_CODE_DETAILS; null: not known. */
  readonly detail: string | null;
  /** `[TYPE/]NAME[.NAMESPACE]` of a pod in the snapshots; null: every proxy there. */
  readonly target: string | null;
  readonly namespace: string | null;
  readonly snapshots: readonly string[];
  /** /config_dump of one proxy, `-` for standard input; null: none. */
  readonly file: string | null;
  /** /clusters?format=json beside it. */
  readonly clusters: string | null;
}

/**
 * Answers why proxies logged flags.
 * @throws QuestionError when a flag is none, or nothing or too much is named; InputError when a file or snapshot cannot be read
 */
export async function answerWhy(input: WhyInput): Promise<WhyAnswer> {
  readFlags(input.flags);
  return explainFlags(input.flags, input.detail, await openProxies(input));
}

async function openProxies(input: WhyInput): Promise<readonly AskedProxy[]> {
  const { file, snapshots, target } = input;
  if (file !== null && (snapshots.length > 0 || target !== null))
    throw new QuestionError('a snapshot or proxy and a file are named', ['Give either --snapshot, or --file.']);
  if (file !== null) return [await openFile(file, input.clusters)];
  if (snapshots.length === 0)
    throw new QuestionError('no snapshot is given', [
      "Name a snapshot (--snapshot PATH), or a file with the answer of a proxy's /config_dump (--file FILE).",
    ]);
  return openSnapshots(input);
}

async function openFile(path: string, clusters: string | null): Promise<AskedProxy> {
  const config = parseEnvoyConfigDump(await collectLooseFile(path));
  const [problem] = config.gaps;
  if (config.value.sections.size === 0)
    throw new QuestionError(`${path} is not a config_dump${problem === undefined ? '' : `: ${problem.problem}`}`, [
      'Capture /config_dump?include_eds of the admin port of the proxy.',
    ]);
  const statuses = clusters === null ? null : parseEnvoyClusters(await collectLooseFile(clusters)).value;
  return {
    name: null,
    facts: {
      config: config.value,
      clusters: statuses,
      listeners: null,
      serverInfo: null,
      readCertificates: parseCertificates,
      verifySignature,
    },
  };
}

async function openSnapshots({ snapshots, target, namespace }: WhyInput): Promise<readonly AskedProxy[]> {
  const source = await collectSnapshots(snapshots);
  const workspace = createWorkspace(source);
  const views = () => workspace.clusters.map(createClusterView);
  const known = podsWithProxy(source.names());
  const selection = { target, namespace, selector: null, all: false, replicas: true, from: 'snapshot' as const };
  const wanted =
    target === null
      ? known.filter((place) => namespace === null || place.namespace === namespace)
      : findProxies(selection, known, views).places;
  if (wanted.length === 0) throw new QuestionError('nothing of any proxy there was captured');
  return wanted.flatMap((place) => {
    const cluster = workspace.clusters.find(({ name }) => name === place.cluster);
    const facts = cluster?.pod(place.namespace, place.pod).envoy().value;
    return facts === undefined ? [] : [{ name: `${place.namespace}/${place.pod}`, facts }];
  });
}

/** Text of the answer. */
export async function renderWhyAnswer(
  answer: WhyAnswer,
  format: 'text' | 'json' | 'yaml',
  terminal: { readonly color: boolean; readonly columns: number },
  verbose: boolean,
): Promise<string> {
  if (format === 'text') return renderWhy(answer, terminal, verbose);
  if (format === 'json') return renderJson(answer);
  const { renderYaml } = await import('./render/yaml.ts');
  return renderYaml(answer);
}
