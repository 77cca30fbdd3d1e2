import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ProxiedEndpoint } from '../../../src/evaluate/kube-proxy/endpoints.ts';
import type { ProxiedPort } from '../../../src/evaluate/kube-proxy/service-port.ts';
import { categorizeEndpoints } from '../../../src/evaluate/kube-proxy/topology.ts';

interface Case {
  readonly name: string;
  readonly node: string;
  readonly zone: string | null;
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  readonly nodePort: boolean;
  readonly endpoints: readonly {
    readonly endpoint: string;
    readonly zones: string[] | null;
    readonly nodes: string[] | null;
    readonly ready: boolean;
    readonly serving: boolean;
    readonly terminating: boolean;
    readonly local: boolean;
  }[];
  readonly cluster: readonly string[];
  readonly local: readonly string[];
  readonly any: boolean;
}

const file = new URL('../../fixtures/kube-proxy/categorize-endpoints.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] };

describe("kube-proxy's own cases of CategorizeEndpoints", () => {
  it('are all there', () => {
    expect(cases.length).toBe(31);
  });

  it.each(cases)('$name', ({ node, zone, internalLocal, externalLocal, nodePort, endpoints, cluster, local, any }) => {
    const proxied = {
      internalPolicyLocal: internalLocal,
      externalPolicyLocal: externalLocal,
      externallyAccessible: nodePort,
      usesClusterEndpoints: !internalLocal || nodePort,
      usesLocalEndpoints: internalLocal || (externalLocal && nodePort),
    } as ProxiedPort;
    const given = endpoints.map(
      (one) =>
        ({
          text: one.endpoint,
          local: one.local,
          endpoint: { ...one, hintZones: one.zones, hintNodes: one.nodes },
        }) as unknown as ProxiedEndpoint,
    );
    const chosen = categorizeEndpoints(given, proxied, node, zone);
    expect(chosen.cluster.map((one) => one.text)).toEqual(cluster);
    expect(chosen.local.map((one) => one.text)).toEqual(local);
    expect(chosen.any).toBe(any);
  });
});
