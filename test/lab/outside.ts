import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentProgram, goProgram } from './build/go-modules.ts';
import { CLUSTER, type Network } from './network.ts';
import type { LabRecord } from './record.ts';

/** Port of the agent outside of the cluster, behind Services whose endpoints are no pods. */
const OUTSIDE_PORT = 8090;

/** The agent outside, as it is started. */
export const OUTSIDE_AGENT = { parameters: ['serve', `${OUTSIDE_PORT}/http`], env: { POD_NAME: 'outside' } } as const;

/** Files of the name server outside, which the cluster's own asks about all other names. @param folder where they will lie */
export function outsideNames(folder: string): Readonly<Record<string, string>> {
  const zone = [
    '$ORIGIN example.test.',
    '@ 60 IN SOA ns.example.test. root.example.test. 1 60 60 60 60',
    `db 60 IN A ${CLUSTER.outside.v4}`,
    `db 60 IN AAAA ${CLUSTER.outside.v6}`,
  ];
  const everythingElse = 'template ANY ANY {\n  rcode NXDOMAIN\n }';
  return {
    'example.test.zone': `${zone.join('\n')}\n`,
    Corefile: `example.test {\n file ${folder}/example.test.zone\n}\n. {\n ${everythingElse}\n}\n`,
  };
}

/** The world outside: an agent that answers, and a name server. */
export async function startOutside(record: LabRecord, network: Network): Promise<void> {
  const folder = join(record.folder, 'outside');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(outsideNames(folder))) writeFileSync(join(folder, name), text);
  const netns = network.outside;
  record.start({
    name: 'outside-dns',
    netns,
    program: await goProgram('coredns'),
    parameters: ['-conf', join(folder, 'Corefile')],
  });
  record.start({
    name: 'outside-agent',
    netns,
    program: await agentProgram(),
    ...OUTSIDE_AGENT,
  });
}
