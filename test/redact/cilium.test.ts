/** Cilium's tables in a redacted snapshot: nothing of the cluster is left, and the tables still tell what leads where. */
import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import type { CiliumServices } from '../../src/model/cilium.ts';
import { parseLoadBalancerList } from '../../src/parse/cilium/load-balancer-list.ts';
import { parseCiliumServices } from '../../src/parse/cilium/service-list.ts';
import { createRedaction } from '../../src/redact/redact.ts';
import { textArtefact } from '../parse/artefacts.ts';
import { backendJson, serviceJson, SLOTS_JSON } from '../parse/cilium/cilium-texts.ts';

const NODE = 'clusters/lab/nodes/node1/';
const SERVICES = JSON.stringify([
  serviceJson({ ip: '10.96.0.10', port: 53, protocol: 'UDP' }, [backendJson('10.244.0.104', 53)], {
    name: 'kube-dns',
    namespace: 'inner-shop',
  }),
]);

const places = ({ all }: CiliumServices): readonly string[] =>
  all.flatMap(({ address, backends }) => [address, ...backends.map((one) => one.address)]);

it('has pseudonyms, the same in both, where names are taken out', () => {
  const redaction = createRedaction('names', (text) => createHmac('sha256', 'a key').update(text).digest('hex'));
  const files = { 'cilium-services.json': SERVICES, 'cilium-load-balancer.json': SLOTS_JSON };
  for (const [name, text] of Object.entries(files)) redaction.learn(NODE + name, Buffer.from(text));
  const [services = '', maps = ''] = Object.entries(files).map(([name, text]) => {
    const made = redaction.redact(NODE + name, Buffer.from(text));
    return 'leftOut' in made ? `left out: ${made.leftOut}` : made.bytes.toString();
  });
  expect(`${services}${maps}`).not.toMatch(/10\.96\.|10\.244\.|inner-shop|node1/);
  const told = parseCiliumServices(textArtefact(services));
  const stands = parseLoadBalancerList(textArtefact(maps));
  expect([...told.gaps, ...stands.gaps]).toEqual([]);
  expect(places(stands.value)).toHaveLength(3);
  expect(places(stands.value).slice(0, 2)).toEqual(places(told.value));
});
