import type { ChannelCredentials } from '@grpc/grpc-js';
import { OWN_PROXY } from '../../../model/proxy-sync.ts';
import { quoted, StreamError } from '../stream/stream-error.ts';
import { decodeDiscoveryResponse, encodeDiscoveryRequest, type DiscoveryResponse } from './discovery-codec.ts';

const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';
const DEADLINE_MS = 30_000;

/** How istiod is spoken to on its discovery ports: 15010 in plain text, 15012 with TLS. */
export interface AdsTarget {
  /** `127.0.0.1:15012` */
  readonly address: string;
  /** TLS with this authority and server name; null: in plain text. Without an authority the server is not verified. */
  readonly tls: { readonly authority: Buffer | null; readonly serverName: string } | null;
  /** Bearer token, sent over TLS alone; null: none. */
  readonly token: string | null;
}

interface AdsQuestion {
  /** `istio.io/debug`, `istio.io/debug/syncz`, `istio.io/debug/config_dump` */
  readonly typeUrl: string;
  readonly resourceNames: readonly string[];
  /** Namespace of istiod: callers from elsewhere are told less. */
  readonly namespace: string;
  readonly signal: AbortSignal;
  readonly deadline?: number;
}

/** Statuses of gRPC (google.golang.org/grpc/codes). */
const DEADLINE_EXCEEDED = 4;
const PERMISSION_DENIED = 7;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/**
 * Asks istiod over its discovery service for one of its debug types, as istioctl does (istio.io/istio/pkg/adsc, istioctl/pkg/multixds):
 * one request, the first answer of that type, no acknowledgement.
 * @throws StreamError
 */
export async function askAds(target: AdsTarget, question: AdsQuestion): Promise<DiscoveryResponse> {
  // Loaded here: no other question needs it, and it costs more to load than most of them take.
  const { Client, credentials, Metadata } = await import('@grpc/grpc-js');
  const { tls, token } = target;
  const secured: ChannelCredentials =
    tls === null
      ? credentials.createInsecure()
      : credentials.createSsl(tls.authority, null, null, { rejectUnauthorized: tls.authority !== null });
  const client = new Client(target.address, secured, {
    'grpc.enable_http_proxy': 0,
    'grpc.enable_retries': 0,
    'grpc.max_receive_message_length': -1,
    ...(tls === null
      ? {}
      : { 'grpc.ssl_target_name_override': tls.serverName, 'grpc.default_authority': tls.serverName }),
  });
  const metadata = new Metadata();
  if (tls !== null && token !== null) metadata.set('authorization', `Bearer ${token}`);
  const deadline = Date.now() + (question.deadline ?? DEADLINE_MS);
  const { namespace, resourceNames, typeUrl, signal } = question;
  const node = {
    id: `sidecar~127.0.0.1~${OWN_PROXY}.${namespace}~${namespace}.svc.cluster.local`,
    metadata: {
      GENERATOR: 'event',
      NAMESPACE: namespace,
      SERVICE_ACCOUNT: 'default',
      ISTIO_VERSION: '65536.65536.65536',
    },
  };
  const call = client.makeBidiStreamRequest(METHOD, encodeDiscoveryRequest, decodeDiscoveryResponse, metadata, {
    deadline,
  });
  const abort = (): void => call.cancel();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await new Promise<DiscoveryResponse>((resolve, reject) => {
      call.on('data', (response: DiscoveryResponse) => {
        if (response.typeUrl === typeUrl) resolve(response);
      });
      call.on('error', (error: Error & { readonly code?: number; readonly details?: string }) =>
        reject(
          signal.aborted
            ? new StreamError('aborted', 'it was broken off')
            : adsError(error.code, error.details ?? error.message),
        ),
      );
      call.on('end', () => reject(new StreamError('cut-off', 'istiod ended the stream without an answer')));
      call.write({ node, resourceNames, typeUrl });
      if (signal.aborted) abort();
    });
  } finally {
    signal.removeEventListener('abort', abort);
    call.cancel();
    client.close();
  }
}

function adsError(code: number | undefined, details: string): StreamError {
  const said = quoted(details);
  switch (code) {
    case UNAUTHENTICATED:
    case PERMISSION_DENIED:
      return new StreamError('forbidden', `istiod does not answer this identity: ${said}`);
    case DEADLINE_EXCEEDED:
      return new StreamError('timeout', 'istiod gave no answer of this type in time');
    case UNAVAILABLE:
      return new StreamError('unreachable', `there is no connection to istiod: ${said}`);
    case undefined:
    default:
      return new StreamError('refused', `istiod refused: ${said}`);
  }
}
