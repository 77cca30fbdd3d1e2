/** What proxies in front make of a connection that is refused: status, flags in the order in which they are set, and shares of retries. */
import { expect, it } from 'vitest';
import { finishBranches } from '../../../src/explain/walk/finish.ts';
import type { End, ProxyFrame, WalkState } from '../../../src/explain/walk/state.ts';
import type { PodFact } from '../../../src/model/kubernetes.ts';

const REFUSED: End = { disposition: 'refused', reason: 'Nobody listens.' };
const VISIT = {};

function behind(host: string, frame: Partial<ProxyFrame>): WalkState {
  const choice = { visit: VISIT, way: () => 'route', host, redraws: 0 };
  const pod = { namespace: 'shop', name: 'cli' } as PodFact;
  const proxy = { pod, http: true, tls: false, retries: 0, resetRetries: 0, connectTimeout: null, flag: null, choice };
  return {
    probability: 1,
    conditions: [],
    place: { kind: 'client' },
    flow: null,
    request: { protocol: 'tcp', http: null, tls: null },
    hops: [],
    proxies: [{ ...proxy, ...frame }],
    passages: [],
    met: [],
  };
}

it.each<[string, Partial<ProxyFrame>, number | null, string]>([
  ['a proxy', {}, 503, 'UF'],
  ['one that delayed the request', { flag: 'DI' }, 503, 'DI,UF'],
  ['one that tries again', { retries: 2 }, 503, 'URX,UF'],
  ['one that delayed it and tries again', { flag: 'DI', retries: 2 }, 503, 'DI,URX,UF'],
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
  ['the protocol is broken, behind one that tries again', 'protocol_error', { resetRetries: 2 }, 502, 'URX,UPE'],
])('a proxy answers where %s', (_, heard, frame, status, flag) => {
  const end: End = { disposition: 'failed', flag: 'DPE', reason: 'It is refused.', ...(heard && { heard }) };
  const [branch] = finishBranches([{ state: behind('a', frame), end }]);
  const reason = heard ?? 'connection_termination';
  expect(branch).toMatchObject({ status, flag, detail: `upstream_reset_before_response_started{${reason}}` });
});

it('shares go over to the host that takes it', () => {
  const half = (host: string): WalkState => ({ ...behind(host, { retries: 1 }), probability: 0.5 });
  const branches = finishBranches([
    { state: half('a'), end: REFUSED },
    { state: half('b'), end: { disposition: 'delivered', reason: 'It is taken.' } },
  ]);
  expect(branches.map(({ disposition, probability }) => [disposition, probability])).toEqual([
    ['failed', 0.25],
    ['delivered', 0.75],
  ]);
});
