/** What proxies in front make of a connection that is refused: status, flags in the order in which they are set, and shares of retries. */
import { expect, it } from 'vitest';
import { finishBranches } from '../../../src/explain/walk/finish.ts';
import type { End, ProxyFrame, WalkState } from '../../../src/explain/walk/state.ts';
import { PLAIN_FRAME } from './proxy-frame.ts';
import { retriesOf } from './retries.ts';

const REFUSED: End = { disposition: 'refused', reason: 'Nobody listens.' };
const VISIT = {};

function behind(host: string, frame: Partial<ProxyFrame>): WalkState {
  const choice = { visit: VISIT, way: () => 'route', host, again: 'drawn' as const };
  return {
    probability: 1,
    conditions: [],
    place: { kind: 'client' },
    flow: null,
    request: { protocol: 'tcp', http: null, tls: null },
    hops: [],
    proxies: [{ ...PLAIN_FRAME, choice, ...frame }],
    passages: [],
    met: [],
  };
}

it.each<[string, Partial<ProxyFrame>, number | null, string]>([
  ['a proxy', {}, 503, 'UF'],
  ['one that delayed the request', { flag: 'DI' }, 503, 'DI,UF'],
  ['one that tries again', { retries: retriesOf(2) }, 503, 'URX,UF'],
  ['one that delayed it and tries again', { flag: 'DI', retries: retriesOf(2) }, 503, 'DI,URX,UF'],
  ['one that would try again, but not once', { retries: retriesOf(0) }, 503, 'URX,UF'],
  ['one whose circuit breaker allows no retry', { retries: { ...retriesOf(0), spent: 'UO' } }, 503, 'UO,UF'],
  ['one that speaks gRPC', { grpc: true, retries: retriesOf(1) }, 200, 'URX,UF'],
  ['one that knows bytes alone', { http: false }, null, 'UF,URX'],
])('%s answers', (_, frame, status, flag) => {
  const [branch] = finishBranches([{ state: behind('a', frame), end: REFUSED }]);
  expect([branch?.disposition, branch?.status, branch?.flag]).toEqual(['failed', status, flag]);
  expect(branch?.reason).toContain(`(${flag})`);
});

// As the real Envoy did it: test/conformance/envoy/two-envoys.test.ts.
it.each<[string, End['heard'], Partial<ProxyFrame>, number, string]>([
  ['the connection ends', undefined, {}, 503, 'UC'],
  ['the stream is reset', 'remote_reset', {}, 503, 'UR'],
  ['the protocol is broken', 'protocol_error', {}, 502, 'UPE'],
  ['the protocol is broken, behind one that tries again', 'protocol_error', { retries: retriesOf(2) }, 502, 'URX,UPE'],
])('a proxy answers where %s', (_, heard, frame, status, flag) => {
  const end: End = { disposition: 'failed', flag: 'DPE', reason: 'It is refused.', ...(heard && { heard }) };
  const [branch] = finishBranches([{ state: behind('a', frame), end }]);
  const reason = heard ?? 'connection_termination';
  expect(branch).toMatchObject({ status, flag, detail: `upstream_reset_before_response_started{${reason}}` });
});

it('shares go over to the host that takes it', () => {
  const half = (host: string): WalkState => ({ ...behind(host, { retries: retriesOf(1) }), probability: 0.5 });
  const branches = finishBranches([
    { state: half('a'), end: REFUSED },
    { state: half('b'), end: { disposition: 'delivered', reason: 'It is taken.' } },
  ]);
  expect(branches.map(({ disposition, probability }) => [disposition, probability])).toEqual([
    ['failed', 0.25],
    ['delivered', 0.75],
  ]);
});

const REFUSAL: End = {
  disposition: 'failed',
  status: 503,
  flag: 'UH',
  detail: 'no_healthy_upstream',
  reason: 'Nobody.',
};

it('an answer that is asked for again goes over to the host that takes it', () => {
  const branches = finishBranches(
    ['a', 'b'].map((host) => ({
      state: { ...behind(host, { retries: retriesOf(1, 503) }), probability: 0.5 },
      end: host === 'a' ? REFUSAL : { disposition: 'delivered', reason: 'It is taken.' },
    })),
  );
  expect(branches.map(({ disposition, probability, flag }) => [disposition, probability, flag])).toEqual([
    ['failed', 0.25, 'UH'],
    ['delivered', 0.75, null],
  ]);
  expect(branches[0]?.reason).toBe('Nobody. The proxy of pod shop/cli passes on the last of 2 such answers (URX).');
});

it('an answer that is not asked for again stays where it is', () => {
  const branches = finishBranches(
    ['a', 'b'].map((host) => ({
      state: { ...behind(host, { retries: retriesOf(1, 502) }), probability: 0.5 },
      end: host === 'a' ? REFUSAL : { disposition: 'delivered', reason: 'It is taken.' },
    })),
  );
  expect(branches.map(({ probability, reason }) => [probability, reason])).toEqual([
    [0.5, 'Nobody.'],
    [0.5, 'It is taken.'],
  ]);
});

it('what a proxy answers for a connection that fails is asked for again by the one before it', () => {
  const inner = (): ProxyFrame[] =>
    behind('10.0.0.1:80', {}).proxies.map((frame) => ({ ...frame, choice: { ...frame.choice, visit: {} } }));
  const state = behind('a', { retries: retriesOf(2, 503) });
  const [branch] = finishBranches([{ state: { ...state, proxies: [...state.proxies, ...inner()] }, end: REFUSED }]);
  expect(branch).toMatchObject({ disposition: 'failed', status: 503, flag: 'UF' });
  expect(branch?.reason).toContain('passes on the last of 3 such answers (URX)');
});

const OPEN = { reason: 'nobody knows', evidence: [] };

it.each<[string, Partial<ProxyFrame>]>([
  ['whether it is asked for again', { retries: { ...retriesOf(1), onAnswer: () => OPEN } }],
  ['whom', { retries: retriesOf(1, 503), choice: { visit: {}, way: () => '', host: 'a', again: OPEN } }],
])('undetermined where it is not known %s', (_, frame) => {
  const [branch] = finishBranches([{ state: behind('a', frame), end: REFUSAL }]);
  expect([branch?.disposition, branch?.status]).toEqual(['undetermined', null]);
  expect(branch?.reason).toContain('nobody knows');
});

const FULL: End = { disposition: 'failed', status: 503, flag: 'UO', reason: 'It is full.' };

// As the real Envoy did it: test/conformance/envoy/retries.test.ts.
it.each<[string, End, Partial<ProxyFrame>, string]>([
  ['no connection', REFUSED, {}, 'UF'],
  ['no connection, tried again', REFUSED, { retries: retriesOf(1) }, 'URX,UF'],
  [
    'no handshake',
    { disposition: 'failed', reason: 'No.', handshake: { established: false, error: null } },
    { tls: true },
    'UF',
  ],
  ['one that is closed', { disposition: 'failed', reason: 'No.' }, { retries: retriesOf(1) }, 'UO'],
  ['one that is answered', REFUSAL, { retries: retriesOf(1, 503) }, 'UO'],
  ['one that is taken', { disposition: 'delivered', reason: 'It is taken.' }, {}, 'UO'],
])('a proxy that allows no request, and gets %s', (_, end, frame, flag) => {
  const [branch] = finishBranches([{ state: behind('a', { refuses: FULL, ...frame }), end }]);
  expect([branch?.status, branch?.flag]).toEqual([503, flag]);
});

it('a proxy that allows no request leaves open what is not known to be reached', () => {
  const end: End = { disposition: 'undetermined', reason: 'Nobody knows.', unknown: OPEN };
  const [branch] = finishBranches([{ state: behind('a', { refuses: FULL }), end }]);
  expect(branch?.disposition).toBe('undetermined');
});

// As the real Envoy did it where nobody answered its SYN, with a connect_timeout of 0.7 s.
it.each<[string, Partial<ProxyFrame>, End['disposition'], string]>([
  ['no limit', {}, 'dropped', '503 UF'],
  ['no limit, where a policy lets nothing through', {}, 'denied', '503 UF'],
  ['a limit for all', { limits: { all: 0.5, each: null, other: 300, pause: 0 } }, 'dropped', '504 UT'],
  [
    'a limit for each attempt, which begins once it has a connection',
    { retries: retriesOf(2), limits: { all: 15, each: 0.3, other: 300, pause: 0.25 } },
    'dropped',
    '503 URX,UF',
  ],
])('a connection that nobody answers, with %s', (_, frame, disposition, expected) => {
  const end: End = { disposition, detail: 'timeout', reason: 'No packet gets there.' };
  const [branch] = finishBranches([{ state: behind('a', { connectTimeout: 0.7, ...frame }), end }]);
  expect(`${branch?.status} ${branch?.flag}`).toBe(expected);
});
