/** Which address a connection manager takes for that of the client. In: its configuration and the request. Out: the address, or a refusal. */
import { parseAddress } from '../../../../model/address.ts';
import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { AcceptedSocket } from '../listener/accepted-socket.ts';
import { memoised } from '../memo.ts';
import { field, typedMessage, typeName, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { earlyChanges } from './manager-doubts.ts';
import type { ManagerOptions } from './manager-options.ts';
import { hidesHeader, sentHeader, timesSent } from './sent-request.ts';
import type { SentRequest } from './sent-request.ts';
import { readStatusCode } from './status-code.ts';

/** The address that extensions detect. `null`: they detect none. */
export interface Detected {
  readonly address: string | null | Unknown;
  /** The status of the answer to a request whose address nobody detects; null: it goes on. */
  readonly refusedWith: number | null;
  readonly cite: Cursor;
}

const CUSTOM_HEADER = 'envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig';
const FORBIDDEN = 403;

interface Detectors {
  /** The header that a single extension reads; null: there is another one, or several. */
  readonly header: string | null;
  readonly refusedWith: number | null;
  /** Whether one that is not understood, or is not the only one, may refuse. */
  readonly mayRefuse: boolean;
}

const readDetectors: (hcm: Cursor) => Detectors = memoised((hcm) => {
  const configs = field(hcm, 'original_ip_detection_extensions')
    .items()
    .map((one) => field(one, 'typed_config'));
  const mayRefuse = configs.some((any) => field(typedMessage(any), 'reject_with_status').exists);
  const [only] = configs;
  if (only === undefined || configs.length > 1 || typeName(only) !== CUSTOM_HEADER)
    return { header: null, refusedWith: null, mayRefuse };
  const config = typedMessage(only);
  const name = (field(config, 'header_name').string() ?? '').toLowerCase();
  return { header: earlyChanges(hcm)?.has(name) === false ? name : null, refusedWith: refusal(config), mayRefuse };
});

/** What is no error is 403 (CustomHeaderIPDetection::toErrorCode). */
function refusal(config: Cursor): number | null {
  const status = field(config, 'reject_with_status');
  if (!status.exists) return null;
  const code = readStatusCode(field(status, 'code')) ?? FORBIDDEN;
  return code >= 400 && code < 600 ? code : FORBIDDEN;
}

/**
 * The address that original_ip_detection_extensions find (ConnectionManagerUtility::mutateRequestHeaders); of a single one that reads a
 * header it is known.
 */
export function detectAddress(hcm: Cursor, { detectsAddressByExtension }: ManagerOptions, http: SentRequest): Detected {
  const cite = field(hcm, 'original_ip_detection_extensions');
  if (!detectsAddressByExtension) return { address: null, refusedWith: null, cite };
  const { header, refusedWith, mayRefuse } = readDetectors(hcm);
  const open = { address: unknown('an extension detects the client address', cite), refusedWith: null, cite };
  if (header === null) return open;
  if (http.tell(hidesHeader(header)) || http.tell(timesSent(header)) > 1) return open;
  const address = parseAddress(http.tell(sentHeader(header)) ?? '')?.text ?? null;
  return { address, refusedWith: address === null && mayRefuse ? refusedWith : null, cite };
}

/** Whether extensions may refuse a request in a way that is not known. */
export function mayRefuseAddress(hcm: Cursor, { address }: Detected): boolean {
  return isUnknown(address) && readDetectors(hcm).mayRefuse;
}

/** The downstream address: the peer's with use_remote_address; else the last valid address of x-forwarded-for, if there is one. */
export function remoteAddress(
  hcm: Cursor,
  { trustedHops, usesRemoteAddress, detectsAddressByExtension }: ManagerOptions,
  detected: Detected,
  http: SentRequest,
  socket: AcceptedSocket,
): string | Unknown {
  if (detectsAddressByExtension) return detected.address ?? socket.remoteAddress;
  const fromPeer = usesRemoteAddress && trustedHops === 0;
  if (!fromPeer && http.tell(hidesHeader(FORWARDED_FOR)))
    return unknown('a proxy before this one sets the header x-forwarded-for');
  if (fromPeer) return socket.remoteAddress;
  const value = http.tell(sentHeader(FORWARDED_FOR));
  if (value === null) return socket.remoteAddress;
  if (trustedHops > 0 || http.tell(timesSent(FORWARDED_FOR)) > 1)
    return unknown('the client address follows x-forwarded-for', field(hcm, 'xff_num_trusted_hops'));
  const last = value.split(',').at(-1)?.trim() ?? '';
  return parseAddress(last)?.text ?? socket.remoteAddress;
}

const FORWARDED_FOR = 'x-forwarded-for';
