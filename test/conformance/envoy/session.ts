import { expect } from 'vitest';
import type { EnvoyFacts, EnvoyOutcome } from '../../../src/model/envoy.ts';
import { parseCertificates } from '../../../src/parse/certificate/certificate.ts';
import { verifySignature } from '../../../src/parse/certificate/json-web-key.ts';
import { parseEnvoyClusters } from '../../../src/parse/envoy/admin.ts';
import { parseEnvoyConfigDump } from '../../../src/parse/envoy/config-dump.ts';
import type { Certificates } from './certificates.ts';
import { EnvoyProcess, readLog } from './envoy-process.ts';
import { sourcePort } from './ports.ts';
import { sendProbe } from './probe.ts';
import type { Probe, Reply } from './probe.ts';
import { sendHttp2 } from './send-http2.ts';
import { evaluateProbe, observe } from './verdict.ts';
import type { Observed } from './verdict.ts';

/** Probes under way at once. */
const WIDTH = 8;

/** What Envoy itself says that it runs. @param capturedAt RFC 3339 time that counts for certificates */
export async function readFacts(
  envoy: EnvoyProcess,
  withClusters: boolean,
  capturedAt: string | null = null,
): Promise<EnvoyFacts> {
  const artefact = (name: string, text: string): Parameters<typeof parseEnvoyConfigDump>[0] => ({
    name,
    capturedAt,
    bytes: Buffer.from(text),
  });
  const config = parseEnvoyConfigDump(artefact('config_dump.json', await envoy.admin('/config_dump?include_eds')));
  const clusters = parseEnvoyClusters(artefact('clusters.json', await envoy.admin('/clusters?format=json')));
  expect([...config.gaps, ...clusters.gaps]).toEqual([]);
  return {
    config: config.value,
    clusters: withClusters ? clusters.value : null,
    listeners: null,
    serverInfo: null,
    readCertificates: parseCertificates,
    verifySignature,
  };
}

/**
 * Sends all, some at once. Each connection has a source port that no other one of the log has. A port that a probe asks for is
 * bound once.
 */
export async function sendAll(probes: readonly Probe[], certificates: Certificates): Promise<Reply[]> {
  const replies: Reply[] = [];
  const used = new Set<string>();
  const waiting = probes.entries();
  const sendNext = async (): Promise<void> => {
    for (const [number, probe] of waiting) {
      const key = `${probe.from}:${probe.sourcePort}`;
      const taken = probe.sourcePort === 0 || used.has(key);
      used.add(key);
      const bound = taken ? { ...probe, sourcePort: sourcePort() } : probe;
      replies[number] = await (probe.version === 'h2' ? sendHttp2(bound) : sendProbe(bound, certificates));
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, sendNext));
  return replies;
}

/** A request, what the real Envoy did with it, and our answer from that Envoy's own dump. */
export interface Held {
  readonly probe: Probe;
  readonly reply: Reply;
  readonly seen: Observed;
  /** Response flags in the log of the connection manager, in its order; null: it has no entry. */
  readonly flags: string | null;
  /** How often the upstream was asked. */
  readonly attempts: number | null;
  readonly ours: readonly EnvoyOutcome[];
}

/**
 * Sends requests to an Envoy that runs a configuration, from a folder of its own, and answers each.
 * @param capturedAt RFC 3339 time that counts for tokens
 */
export async function holdAgainst(
  binary: string,
  folder: string,
  config: object,
  probes: readonly Probe[],
  certificates: Certificates,
  capturedAt: string | null = null,
): Promise<Held[]> {
  const envoy = await EnvoyProcess.start(binary, folder, config);
  try {
    const facts = await readFacts(envoy, true, capturedAt);
    const replies = await sendAll(probes, certificates);
    const log = await readLog(folder, new Set(replies.map(({ connection }) => connection)));
    return probes.map((probe, number) => {
      const reply = replies[number]!;
      const entries = log.get(reply.connection) ?? [];
      const seen = observe(entries, reply);
      const { flags = null, attempts = null } = entries.find((entry) => entry.log === 'hcm') ?? {};
      return { probe, reply, seen, flags, attempts, ours: evaluateProbe(facts, probe, reply) };
    });
  } finally {
    await envoy.stop();
  }
}
