import type { Artefact, Gap, Parsed } from '../model/artefact.ts';
import type { EnvoyFacts } from '../model/envoy.ts';
import type { NetnsFacts, PodFacts, Reading } from '../model/facts.ts';
import { parseEnvoyClusters, parseEnvoyListeners, parseEnvoyServerInfo } from '../parse/envoy/admin.ts';
import { parseEnvoyConfigDump } from '../parse/envoy/config-dump.ts';
import { podFolder } from './layout.ts';
import { once, type Reader } from './reader.ts';

/** Path of each document on the admin port, by file. */
const DOCUMENTS = {
  'config_dump.json': 'config_dump?include_eds',
  'clusters.json': 'clusters?format=json',
  'listeners.json': 'listeners?format=json',
  'server_info.json': 'server_info',
} as const;
type File = keyof typeof DOCUMENTS;

/** Facts of one pod. */
export function podFacts(
  reader: Reader,
  cluster: string,
  namespace: string,
  name: string,
  netns: NetnsFacts,
): PodFacts {
  const folder = `${podFolder(cluster, namespace, name)}envoy/`;
  return { namespace, name, netns, envoy: once(() => readEnvoy(reader, folder, `${namespace}/${name}`)) };
}

function readEnvoy(reader: Reader, folder: string, pod: string): Reading<EnvoyFacts> {
  const gaps: (readonly Gap[])[] = [];
  const document = <T>(file: File, parse: (artefact: Artefact) => Parsed<T>): T | null => {
    const artefact = reader.artefact(`${folder}${file}`);
    if (artefact === undefined) return null;
    const parsed = parse(artefact);
    gaps.push(parsed.gaps);
    return parsed.value;
  };
  const value: EnvoyFacts = {
    config: document('config_dump.json', parseEnvoyConfigDump),
    clusters: document('clusters.json', parseEnvoyClusters),
    listeners: document('listeners.json', parseEnvoyListeners),
    serverInfo: document('server_info.json', parseEnvoyServerInfo),
  };
  const namespaced = pod.split('/');
  for (const file of ['config_dump.json', 'clusters.json'] as const) {
    if ((file === 'config_dump.json' ? value.config : value.clusters) !== null) continue;
    const remedy = `run \`kubectl exec -n ${namespaced[0]} ${namespaced[1]} -c istio-proxy -- curl -s "localhost:15000/${DOCUMENTS[file]}" > ${folder}${file}\``;
    if (!reader.has(`${folder}${file}`)) gaps.push(reader.absence(`${folder}${file}`, remedy));
  }
  const nothing = Object.values(value).every((one) => one === null);
  return reader.noted({
    ...(nothing ? {} : { value }),
    get gaps() {
      return gaps.flat();
    },
    artefact: `${folder}config_dump.json`,
  });
}
