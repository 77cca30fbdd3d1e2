import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Artefact } from '../../../../src/model/artefact.ts';
import { probabilitySums } from '../../../../src/model/branching.ts';
import type { EnvoyConnection, EnvoyFacts, EnvoyOutcome } from '../../../../src/model/envoy.ts';
import type { HttpRequest } from '../../../../src/model/request.ts';
import { parseEnvoyClusters, parseEnvoyListeners } from '../../../../src/parse/envoy/admin.ts';
import { parseEnvoyConfigDump, type DumpReading } from '../../../../src/parse/envoy/config-dump.ts';

const POD_FOLDER = 'test/fixtures/one-node-bookinfo/clusters/lab/pods';

/** Reads a file of the repository as an artefact under its own path. */
function readArtefact(path: string): Artefact {
  return { name: path, capturedAt: null, bytes: readFileSync(path) };
}

/** The proxy of a pod of the Bookinfo sample. */
export function bookinfoProxy(pod: string): EnvoyFacts {
  const file = (name: string): Artefact => readArtefact(`${POD_FOLDER}/${pod}/envoy/${name}.json`);
  const config = parseEnvoyConfigDump(file('config_dump'));
  const clusters = parseEnvoyClusters(file('clusters'));
  const listeners = parseEnvoyListeners(file('listeners'));
  expect([...config.gaps, ...clusters.gaps, ...listeners.gaps]).toEqual([]);
  return { config: config.value, clusters: clusters.value, listeners: listeners.value, serverInfo: null };
}

/** Reads whatever is printed as Envoy prints by its lines. */
export const BY_LINES: DumpReading = { wholeBytes: 0, linesBytes: 0 };

/** A proxy from a config_dump written in the test. @param reading absent: as a short one is read */
export function proxyOf(
  configs: readonly object[],
  clusters: readonly object[] | null = null,
  reading?: DumpReading,
): EnvoyFacts {
  const artefact = (name: string, value: unknown): Artefact => ({
    name,
    capturedAt: null,
    bytes: Buffer.from(JSON.stringify(value, null, 1)),
  });
  const dump = parseEnvoyConfigDump(artefact('config_dump.json', { configs }), reading);
  return {
    config: dump.value,
    clusters:
      clusters === null ? null : parseEnvoyClusters(artefact('clusters.json', { cluster_statuses: clusters })).value,
    listeners: null,
    serverInfo: null,
  };
}

/** A plaintext HTTP/1.1 request. */
export function http(
  method: string,
  authority: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): HttpRequest {
  return { method, authority, path, headers: Object.entries(headers), scheme: 'http', version: 'http/1.1' };
}

/** A connection redirected to a listener, as istio-init's rules do. */
export function redirected(
  port: number,
  from: string,
  to: string,
  toPort: number,
  request: HttpRequest | null,
): EnvoyConnection {
  return {
    localAddress: port === 15001 ? '127.0.0.1' : to,
    localPort: port,
    originalAddress: to,
    originalPort: toPort,
    remoteAddress: from,
    remotePort: 40_000,
    request: { protocol: 'tcp', http: request, tls: null },
  };
}

/** A connection straight to a socket of the proxy. */
export function direct(from: string, to: string, port: number, request: HttpRequest | null): EnvoyConnection {
  return { ...redirected(port, from, to, port, request), localAddress: to };
}

/** An outcome in one line. */
export function summary({ end, probability }: EnvoyOutcome): string {
  const share = Number(probability.toFixed(6));
  switch (end.kind) {
    case 'upstream':
      return `${share} ${end.cluster} ${end.address}:${end.port}`;
    case 'reply':
      return `${share} ${end.status} ${end.flag ?? '-'} ${end.detail ?? '-'}`;
    case 'close':
      return `${share} close ${end.flag ?? '-'} ${end.detail ?? '-'}`;
    case 'undetermined':
      return `${share} undetermined: ${end.unknown.reason}`;
  }
}

/** Every sum of probabilities is 1 (law 3). */
export function expectComplete(outcomes: readonly EnvoyOutcome[]): void {
  for (const sum of probabilitySums(outcomes)) expect(sum).toBeCloseTo(1, 9);
}

/** The steps of an outcome of one kind. */
export function stepsOf(outcome: EnvoyOutcome, kind: string): string[] {
  return outcome.steps.filter((step) => step.kind === kind).map((step) => step.name);
}
