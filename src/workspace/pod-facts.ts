import type { Artefact, Gap, Parsed } from '../model/artefact.ts';
import type { EnvoyFacts } from '../model/envoy.ts';
import type { NetnsFacts, PodFacts, Reading } from '../model/facts.ts';
import { parseCertificates } from '../parse/certificate/certificate.ts';
import { verifySignature } from '../parse/certificate/json-web-key.ts';
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
  const envoySeen = Object.keys(DOCUMENTS).some((file) => reader.has(`${folder}${file}`));
  return {
    namespace,
    name,
    netns,
    envoySeen,
    envoy: once(() => readEnvoy(reader, folder, namespace, name)),
  };
}

/** Documents are read one by one, when they are asked for: most questions need two of the four. */
function readEnvoy(reader: Reader, folder: string, namespace: string, name: string): Reading<EnvoyFacts> {
  const files = Object.keys(DOCUMENTS).map((file) => `${folder}${file}`);
  // Where none is known yet a live cluster is asked for all of them, in one round.
  const seen = files.some((file) => reader.has(file)) || files.map((file) => reader.artefact(file)).some(Boolean);
  const found: Gap[] = (['config_dump.json', 'clusters.json'] as const)
    .filter((file) => !reader.has(`${folder}${file}`))
    .flatMap((file) => {
      const request = `kubectl exec -n ${namespace} ${name} -c istio-proxy -- curl -s "localhost:15000/${DOCUMENTS[file]}"`;
      return reader.absence(`${folder}${file}`, `run \`${request} > ${folder}${file}\``);
    });
  const parsed: (readonly Gap[])[] = [];
  const document = <T>(file: File, parse: (artefact: Artefact) => Parsed<T>): (() => T | null) =>
    once(() => {
      const artefact = reader.artefact(`${folder}${file}`);
      if (artefact === undefined) return null;
      const { value, gaps } = parse(artefact);
      parsed.push(gaps);
      return value;
    });
  const config = document('config_dump.json', parseEnvoyConfigDump);
  const clusters = document('clusters.json', parseEnvoyClusters);
  const listeners = document('listeners.json', parseEnvoyListeners);
  const serverInfo = document('server_info.json', parseEnvoyServerInfo);
  const value: EnvoyFacts = {
    get config() {
      return config();
    },
    get clusters() {
      return clusters();
    },
    get listeners() {
      return listeners();
    },
    get serverInfo() {
      return serverInfo();
    },
    readCertificates: parseCertificates,
    verifySignature,
  };
  return reader.noted({
    ...(seen ? { value } : {}),
    get gaps() {
      return [...found, ...parsed.flat()];
    },
    artefact: `${folder}config_dump.json`,
  });
}
