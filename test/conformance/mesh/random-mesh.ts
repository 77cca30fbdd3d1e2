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
import { ENDED_HOST, randomGatewayApi, ROUTED_HOSTS, UNTOUCHED_HOSTS } from './random-gateway-api.ts';
import { LEAVING, randomEgress } from './random-egress.ts';
import { INGRESS_HOSTS, randomIngresses } from './random-ingresses.ts';
import { randomEnvoyFilters } from './random-envoy-filters.ts';
import { PASSED_ON, randomPassage, TLS_PLACES } from './random-passage.ts';
import { askPlace, GHOST, POD_PLACES, randomServices, type Place } from './random-services.ts';
import { routes, virtualServices } from './random-routes.ts';
import { randomSecureEntries, secureGateway } from './random-secure-entries.ts';
import { randomServiceEntries } from './random-service-entries.ts';
import { randomSidecars } from './random-sidecars.ts';

export interface RandomMesh {
  /** `{store}` in them stands for the address of a pod. */
  readonly objects: readonly KubernetesObject[];
  readonly questions: readonly RequestQuestion[];
}

const PATHS = [
  '/',
  '/a',
  '/a/b',
  '/b?x=1',
  '/c/9',
  '/',
  '/a',
  '/a/b',
  '/b?x=1',
  '/c/9',
  '/a//b',
  '/a%2Fb',
  '/a/./b',
  '/A',
];
/** What a request to a pod's address may call it. */
const NAMES = [
  'store.bookinfo:8080',
  'details.bookinfo:9080',
  'details',
  'one.passed.example.test',
  'nobody.example.test',
];
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
  const services = randomServices(random);
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
    ...services.objects,
    ...randomPassage(random),
    ...randomGatewayApi(random),
    ...randomEgress(random),
    ...randomIngresses(random),
    ...randomEnvoyFilters(random),
  ];
  const asked = { entries, places: services.places };
  return { objects, questions: Array.from({ length: count }, (_, at) => question(random, at, asked)) };
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

/** What may be asked. */
interface Asked {
  readonly entries: Entries;
  readonly places: readonly Place[];
}

type Made = Omit<RequestQuestion, 'about' | 'method' | 'headers'> & {
  readonly headers?: Readonly<Record<string, string>>;
};

/** Shares of the kinds of questions, and how each is made. */
const KINDS: readonly (readonly [share: number, make: (random: Random, path: string, asked: Asked) => Made])[] = [
  [14, (random, path) => atGateway(random.pick(GATEWAY_HOSTS), path)],
  [8, (random, path) => atGateway(random.pick(ROUTED_HOSTS), path)],
  [6, (random, path) => atSecureGateway(random.pick([...SECURE_HOSTS, 'nobody.example.test', ENDED_HOST]), path)],
  [6, (random, path) => fromOutside(random.pick(PASSED_ON), path)],
  [3, (random, path) => atSecureGateway(random.pick(UNTOUCHED_HOSTS), path)],
  [16, (random, path, { entries }) => entryQuestion(random, path, entries)],
  [14, (random, path, { places }) => ({ from: random.pick(SENDERS), ...askPlace(random.pick(places), path) })],
  [5, (random, path) => ({ from: random.pick(WITH_SIDECAR), ...askPlace(random.pick(LEAVING), path) })],
  [5, (random, path) => atIngress(random, path)],
  // The only client whose agent answers queries.
  [1, (random, path) => ({ from: { pod: 'cli', namespace: 'limited' }, ...askPlace(random.pick(GHOST.places), path) })],
  [5, (random, path) => toPod(random, path)],
  [3, (random, path) => ({ from: random.pick(SENDERS), ...askPlace(random.pick(TLS_PLACES), path) })],
  [4, (random) => ({ from: random.pick(SENDERS), to: 'http://store.bookinfo:8082/' })],
  [4, (random) => ({ from: random.pick(WITH_SIDECAR), to: 'tcp://store.bookinfo:9000' })],
  [2, (random) => ({ from: random.pick(SENDERS), to: 'tcp://raw.plain:9000' })],
  [30, (random, path) => toService(random, path)],
];

function question(random: Random, at: number, asked: Asked): RequestQuestion {
  const path = random.chance(0.05) ? `/a?token=${random.pick(TOKENS)}` : random.pick(PATHS);
  const headers = {
    ...random.maybe(0.5, () => ({ 'x-user': random.pick(USERS) })),
    ...random.maybe(0.25, () => credentials(random)),
    ...random.maybe(0.1, () => ({ origin: `http://${random.pick(['one', 'two'])}.example.test` })),
    ...random.maybe(0.1, () => ({ 'access-control-request-method': 'GET' })),
    ...random.maybe(0.05, () => ({ x_under: '1' })),
    ...random.maybe(0.03, () => ({ 'x-forwarded-for': '192.0.2.9', 'x-forwarded-proto': 'https' })),
  };
  const method = random.chance(0.7) ? 'GET' : random.pick([...METHODS, 'OPTIONS']);
  const total = KINDS.reduce((sum, [share]) => sum + share, 0);
  let left = random.below(total);
  const [, make] = KINDS.find(([share]) => (left -= share) < 0)!;
  const made = make(random, path, asked);
  const about = `request ${at}`;
  return made.to.startsWith('tcp:')
    ? { about, ...made }
    : { about, method, ...made, headers: { ...headers, ...made.headers } };
}

function atGateway(host: string, path: string): Made {
  return { from: 'outside', to: `http://${INGRESS.v4}${path}`, node: 'node1', headers: { host } };
}

function atSecureGateway(host: string, path: string): Made {
  return { ...fromOutside({ host, port: 443, address: INGRESS.v4, speaks: 'https' }, path), headers: { host } };
}

function atIngress(random: Random, path: string): Made {
  const host = random.pick(INGRESS_HOSTS);
  return random.chance(0.7) ? atGateway(host, path) : atSecureGateway(host, path);
}

function fromOutside(place: Place, path: string): Made {
  return { from: 'outside', node: 'node1', ...askPlace(place, path) };
}

/** A pod by its address, under a name or none. */
function toPod(random: Random, path: string): Made {
  const asked = askPlace(random.pick(POD_PLACES), path);
  return {
    from: random.pick(SENDERS),
    ...asked,
    ...(asked.to.startsWith('http:') ? random.maybe(0.3, () => ({ headers: { host: random.pick(NAMES) } })) : {}),
  };
}

function toService(random: Random, path: string): Made {
  const name = random.pick(SERVICES);
  const full = name.includes('.') ? name : `${name}.bookinfo`;
  return { from: random.pick(SENDERS), to: `http://${full}:${portOf(name)}${path}` };
}

function entryQuestion(random: Random, path: string, entries: Entries): Made {
  const { host, address, port, speaks } = random.pick(entries);
  const from = random.pick(WITH_SIDECAR);
  if (speaks === 'text') return { from, to: `tcp://${address}:${port}` };
  if (speaks === 'https') return { from, to: `https://${host}:${port}${path}`, address };
  return random.chance(0.5)
    ? { from, to: `http://${address}:${port}${path}` }
    : { from, to: `http://${host}:${port}${path}`, address };
}
