/**
 * Random configurations of a mesh for MESH_BASE, and requests to ask of it. In: a source of randomness. Out: objects as the API server
 * takes them, and questions. The same seed gives the same.
 */
import { Random } from '../envoy/random.ts';
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { INGRESS } from '../../lab/istio/install.ts';
import { serviceEntry } from '../../lab/topology/mesh-objects.ts';
import { signedToken } from '../../lab/topology/signed-tokens.ts';
import type { RequestQuestion } from '../../agreement/request-question.ts';
import { SECURE_HOSTS } from './gateway-secrets.ts';
import { randomDestinationRules } from './random-destination-rules.ts';
import { APPS, METHODS, portOf, SERVICES, USERS, type Entries } from './random-names.ts';
import { randomElsewhere } from './random-elsewhere.ts';
import { GATEWAY_HOSTS, randomGateways } from './random-gateways.ts';
import { randomPolicies } from './random-policies.ts';
import { routes, virtualServices } from './random-routes.ts';
import { randomSecureEntries, secureGateway } from './random-secure-entries.ts';
import { randomServiceEntries } from './random-service-entries.ts';
import { randomSidecars } from './random-sidecars.ts';

export interface RandomMesh {
  /** `{store}` in them stands for the address of a pod. */
  readonly objects: readonly KubernetesObject[];
  readonly questions: readonly RequestQuestion[];
}

const PATHS = ['/', '/a', '/a/b', '/b?x=1', '/c/9'];
/** Those whose proxy takes what they send to addresses that nobody has. */
const WITH_SIDECAR: readonly RequestQuestion['from'][] = [
  { pod: 'cli-a' },
  { pod: 'cli-a' },
  { pod: 'productpage-v1' },
  { pod: 'cli', namespace: 'limited' },
];
const SENDERS: readonly RequestQuestion['from'][] = [
  { pod: 'cli-a' },
  { pod: 'cli-a' },
  { pod: 'productpage-v1' },
  { pod: 'plain', namespace: 'plain' },
  { pod: 'cli', namespace: 'limited' },
];

/** @param marker host that every proxy is told of: where it is known, so is all else */
export function randomMesh(random: Random, marker: string, count: number): RandomMesh {
  const plain = randomServiceEntries(random);
  const secure = randomSecureEntries(random);
  const entries = [...plain, ...secure];
  const objects = [
    markerEntry(marker),
    ...randomDestinationRules(random),
    ...APPS.filter(() => random.chance(0.6)).flatMap((name) => virtualServices(random, name, entries)),
    ...randomElsewhere(random, entries),
    ...randomPolicies(random),
    ...entries.flatMap((entry) => entry.objects),
    ...randomSidecars(random, marker, entries),
    // A gateway that leads to itself would never come to an end.
    ...randomGateways(random, plain),
    ...secureGateway(random, () => routes(random, random.pick(SERVICES), plain)),
  ];
  return { objects, questions: Array.from({ length: count }, (_, at) => question(random, at, entries)) };
}

function markerEntry(host: string): KubernetesObject {
  return serviceEntry('marker', {
    hosts: [host],
    addresses: ['240.240.9.9'],
    ports: [{ number: 9999, name: 'tcp', protocol: 'TCP' }],
    resolution: 'STATIC',
    endpoints: [{ address: '192.0.2.1' }],
  });
}

/** One is none, and one has run out. */
const TOKENS = [
  'none',
  signedToken({ sub: USERS[0], aud: 'shop' }),
  signedToken({ sub: USERS[0], group: 'a', of: { city: 'Ulm' } }),
  signedToken({ sub: USERS[1], group: ['a', 'b'] }),
  signedToken({ sub: USERS[0], exp: 1_700_000_000 }),
];

/** A token where it usually stands, or elsewhere. */
function credentials(random: Random): Readonly<Record<string, string>> {
  const token = random.pick(TOKENS);
  const usual = { authorization: `Bearer ${token}` };
  return random.pick([usual, usual, { 'x-token': `T ${token}` }, { 'x-token': token }, { cookie: `token=${token}` }]);
}

function question(random: Random, at: number, entries: Entries): RequestQuestion {
  const path = random.chance(0.05) ? `/a?token=${random.pick(TOKENS)}` : random.pick(PATHS);
  const headers = {
    ...random.maybe(0.5, () => ({ 'x-user': random.pick(USERS) })),
    ...random.maybe(0.25, () => credentials(random)),
    ...random.maybe(0.1, () => ({ origin: `http://${random.pick(['one', 'two'])}.example.test` })),
    ...random.maybe(0.1, () => ({ 'access-control-request-method': 'GET' })),
  };
  const method = random.chance(0.7) ? 'GET' : random.pick([...METHODS, 'OPTIONS']);
  const about = `request ${at}`;
  if (random.chance(0.2)) {
    const host = random.pick(GATEWAY_HOSTS);
    return {
      about,
      from: 'outside',
      to: `http://${INGRESS.v4}${path}`,
      node: 'node1',
      method,
      headers: { host, ...headers },
    };
  }
  if (random.chance(0.06)) {
    const host = random.pick([...SECURE_HOSTS, 'nobody.example.test']);
    return {
      about,
      from: 'outside',
      to: `https://${host}${path}`,
      address: INGRESS.v4,
      node: 'node1',
      method,
      headers: { host, ...headers },
    };
  }
  if (random.chance(0.25)) return { about, ...entryQuestion(random, path, entries), method, headers };
  const from = random.pick(SENDERS);
  if (random.chance(0.1)) return { about, from, to: 'http://store.bookinfo:8082/', method, headers };
  if (random.chance(0.1)) return { about, from: random.pick(WITH_SIDECAR), to: 'tcp://store.bookinfo:9000' };
  if (random.chance(0.05)) return { about, from, to: 'tcp://raw.plain:9000' };
  const name = random.pick(SERVICES);
  const full = name.includes('.') ? name : `${name}.bookinfo`;
  return { about, from, to: `http://${full}:${portOf(name)}${path}`, method, headers };
}

function entryQuestion(
  random: Random,
  path: string,
  entries: Entries,
): Pick<RequestQuestion, 'from' | 'to' | 'address'> {
  const { host, address, port, speaks } = random.pick(entries);
  const from = random.pick(WITH_SIDECAR);
  if (speaks === 'text') return { from, to: `tcp://${address}:${port}` };
  if (speaks === 'https') return { from, to: `https://${host}:${port}${path}`, address };
  return random.chance(0.5)
    ? { from, to: `http://${address}:${port}${path}` }
    : { from, to: `http://${host}:${port}${path}`, address };
}
