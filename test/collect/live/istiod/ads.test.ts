import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { askAds } from '../../../../src/collect/live/istiod/ads.ts';
import {
  decodeDiscoveryResponse,
  encodeDiscoveryRequest,
} from '../../../../src/collect/live/istiod/discovery-codec.ts';
import { streamFailure } from '../stream-failure.ts';
import { Request, Response, startFakeIstiod, type FakeIstiod, type IstiodAnswer } from './fake-istiod.ts';

describe('the codec against that of another library', () => {
  it('writes a request', () => {
    const bytes = encodeDiscoveryRequest({
      node: { id: 'sidecar~1.2.3.4~a.b~b.svc', metadata: { NAMESPACE: 'istio-system', GENERATOR: 'event' } },
      resourceNames: ['syncz', 'edsz?proxyID=a.b'],
      typeUrl: 'istio.io/debug',
    });
    expect(Request.toObject(Request.decode(bytes))).toEqual({
      node: {
        id: 'sidecar~1.2.3.4~a.b~b.svc',
        metadata: { fields: { NAMESPACE: { string_value: 'istio-system' }, GENERATOR: { string_value: 'event' } } },
      },
      resource_names: ['syncz', 'edsz?proxyID=a.b'],
      type_url: 'istio.io/debug',
    });
  });

  it('reads an answer, with fields that it does not need', () => {
    const message = Response.fromObject({
      version_info: 'v1',
      resources: [{ type_url: 'a', value: Buffer.from('[1]') }, { type_url: 'b' }],
      canary: true,
      type_url: 'istio.io/debug',
      nonce: 'n',
      control_plane: { identifier: '{"ID":"istiod-0"}' },
    });
    expect(decodeDiscoveryResponse(Buffer.from(Response.encode(message).finish()))).toEqual({
      versionInfo: 'v1',
      typeUrl: 'istio.io/debug',
      nonce: 'n',
      resources: [
        { typeUrl: 'a', value: Buffer.from('[1]') },
        { typeUrl: 'b', value: Buffer.alloc(0) },
      ],
      controlPlane: '{"ID":"istiod-0"}',
    });
  });

  it('throws for bytes that are no message', () => {
    expect(() => decodeDiscoveryResponse(Buffer.from([0x12, 0xff, 0xff]))).toThrow(RangeError);
  });
});

describe('asking istiod', () => {
  let istiod: FakeIstiod | undefined;
  afterEach(() => istiod?.close());

  async function ask(answer: IstiodAnswer, options: { signal?: AbortSignal; deadline?: number } = {}) {
    istiod = await startFakeIstiod(answer);
    return await askAds(
      { address: `127.0.0.1:${istiod.port}`, tls: null, token: 'secret' },
      {
        typeUrl: 'istio.io/debug',
        resourceNames: ['syncz'],
        namespace: 'istio-system',
        signal: options.signal ?? new AbortController().signal,
        deadline: options.deadline ?? 5000,
      },
    );
  }

  it('gives the first answer of the type that was asked for', async () => {
    const { resources } = await ask(() => ({
      type_url: 'istio.io/debug',
      resources: [{ type_url: 'istio.io/debug', value: Buffer.from('{"a":1}') }],
    }));
    expect(resources.map(({ value }) => value.toString())).toEqual(['{"a":1}']);
    expect(istiod?.asked[0]?.request).toMatchObject({
      resource_names: ['syncz'],
      node: { id: 'sidecar~127.0.0.1~kubectl_reach.istio-system~istio-system.svc.cluster.local' },
    });
  });

  it('never sends a token in plain text', async () => {
    await ask(() => ({ type_url: 'istio.io/debug' }));
    expect(istiod?.asked[0]?.metadata.get('authorization')).toEqual([]);
  });

  it('takes an answer beyond the four megabytes of gRPC', async () => {
    const value = Buffer.alloc(9 * 1024 * 1024, 'x');
    const { resources } = await ask(() => ({ type_url: 'istio.io/debug', resources: [{ type_url: 'x', value }] }));
    expect(resources[0]?.value.length).toBe(value.length);
  });

  it.each([
    ['authentication required', status.UNAUTHENTICATED, 'forbidden'],
    ['not from this namespace', status.PERMISSION_DENIED, 'forbidden'],
    ['unknown type', status.INVALID_ARGUMENT, 'refused'],
  ] as const)('refused: %s', async (details, code, failure) => {
    const error = await streamFailure(ask(() => ({ code, details })));
    expect(error.failure).toBe(failure);
    expect(error.message).toContain(details);
  });

  it('no answer', async () => {
    expect((await streamFailure(ask(() => null, { deadline: 300 }))).failure).toBe('timeout');
  });

  it('an answer of another type is not taken', async () => {
    expect((await streamFailure(ask(() => ({ type_url: 'other' }), { deadline: 300 }))).failure).toBe('timeout');
  });

  it('broken off', async () => {
    expect((await streamFailure(ask(() => null, { signal: AbortSignal.timeout(100) }))).failure).toBe('aborted');
  });

  it('nobody there', async () => {
    const target = { address: '127.0.0.1:1', tls: null, token: null };
    const question = { typeUrl: 'x', resourceNames: [], namespace: 'n', signal: new AbortController().signal };
    expect((await streamFailure(askAds(target, { ...question, deadline: 3000 }))).failure).toBe('unreachable');
  });
});
