import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { TOKEN } from '../../../../model/request.ts';
import type { HttpRequest } from '../../../../model/request.ts';
import { field, unknown } from '../proto-json.ts';
import {
  commonOptions,
  CONTROL,
  HTTP1_METHODS,
  isUnreadableTarget,
  MANY_OF_ONE_NAME,
  MANY_UNKNOWN,
  rejected,
  takesAnyMethod,
  underscoresAction,
} from './codec-refusal.ts';
import type { CodecRefusal, CodecSettings } from './codec-refusal.ts';
import { encodingRefusal, isOfConnection, lengthRefusal, namedRefusal } from './http1-framing.ts';
import type { ManagerOptions } from './manager-options.ts';

/**
 * Why the HTTP/1 codec refuses a request, in its order: the size of its head; control characters in that; the request line; the length of
 * its body; one header after the other (underscores, their number), Host being the first; the body of a CONNECT; the encoding of a body;
 * headers that Connection names; the characters of the host (quiche::BalsaFrame, BalsaParser and ServerConnectionImpl, source/common/http/http1).
 */
export function http1Refusal({ hcm, options }: CodecSettings, http: HttpRequest): CodecRefusal | Unknown | null {
  if (isTooLarge(options, http)) {
    // What comes in several pieces is read piece by piece.
    if (holdsControls(http) || requestLine(hcm, http) !== null)
      return unknown('which of two faults the codec meets first depends on how the request arrives');
    const reason = `the request's head is larger than ${options.maxHeaderBytes} bytes`;
    return rejected(431, 'http1.headers_too_large', reason, field(hcm, 'max_request_headers_kb'));
  }
  if (holdsControls(http)) return rejected(400, 'http1.invalid_characters', 'it holds control characters');
  const line = requestLine(hcm, http);
  if (line !== null) return line;
  const framed = http.headers.some(isOfConnection);
  const fault =
    (framed ? lengthRefusal(http) : null) ??
    headerRefusal(hcm, options, http) ??
    (framed ? (bodyOfConnect(http) ?? encodingRefusal(hcm, http) ?? namedRefusal(hcm, http)) : null);
  if (fault !== null || http.method === 'CONNECT') return fault;
  return AUTHORITY.test(http.authority)
    ? null
    : rejected(
        400,
        'http.invalid_authority',
        `the host ${JSON.stringify(http.authority)} has characters that none may`,
      );
}

/** What a character of JavaScript's may take in UTF-8. */
const MOST_BYTES = 3;
/** ` HTTP/1.1\r\n`, the space before the path, and the empty line. */
const AROUND_PATH = 14;
/** `: ` and `\r\n` */
const AROUND_VALUE = 4;

/** The head counts as it is sent, with a space after each colon, as clients write it (BalsaFrame::set_max_header_length). */
function isTooLarge({ maxHeaderBytes }: ManagerOptions, http: HttpRequest): boolean {
  const { method, path, headers, authority } = http;
  const target = method === 'CONNECT' ? authority : path;
  const around = method.length + AROUND_PATH + 'host'.length + AROUND_VALUE;
  let most = around + MOST_BYTES * (target.length + authority.length);
  for (const [name, value] of headers) most += name.length + AROUND_VALUE + MOST_BYTES * value.length;
  if (most <= maxHeaderBytes) return false;
  let bytes = around + Buffer.byteLength(target) + Buffer.byteLength(authority);
  for (const [name, value] of headers) bytes += name.length + AROUND_VALUE + Buffer.byteLength(value);
  return bytes > maxHeaderBytes;
}

function holdsControls({ path, authority, headers }: HttpRequest): boolean {
  return CONTROL.test(path) || CONTROL.test(authority) || headers.some(([, value]) => CONTROL.test(value));
}

function requestLine(hcm: Cursor, { method, path, authority }: HttpRequest): CodecRefusal | Unknown | null {
  if (method === 'QUERY') return unknown('what becomes of the method QUERY depends on the version of Envoy');
  const taken = HTTP1_METHODS.has(method) || (takesAnyMethod(hcm) && TOKEN.test(method));
  if (!taken)
    return rejected(
      400,
      'http1.codec_error',
      `the codec does not take the method ${method}`,
      field(hcm, 'http_protocol_options'),
    );
  if (method === 'CONNECT')
    return isUnreadableTarget(authority)
      ? rejected(400, 'http1.codec_error', `the target ${JSON.stringify(authority)} has characters that none may`)
      : null;
  return path.startsWith('/') && /[^\x21-\x7e]/.test(path)
    ? rejected(400, 'http1.codec_error', `the path ${JSON.stringify(path)} has characters that none may`)
    : null;
}

function headerRefusal(
  hcm: Cursor,
  options: ManagerOptions,
  { headers, unknownHeaders = [] }: HttpRequest,
): CodecRefusal | Unknown | null {
  const { underscores, maxHeaders } = options;
  if (underscores === 'ALLOW' && headers.length + unknownHeaders.length < maxHeaders) return null;
  const names = new Set(['host']);
  let count = 1;
  for (const [name] of headers) {
    if (name.includes('_') && underscores !== 'ALLOW') {
      if (underscores === 'DROP_HEADER') continue;
      const reason = `the header ${name} has an underscore in its name`;
      return count > maxHeaders
        ? unknown(MANY_OF_ONE_NAME)
        : rejected(400, 'http1.unexpected_underscore', reason, underscoresAction(hcm));
    }
    names.add(name);
    count++;
    // Values of one header may be one header to Envoy, joined.
    if (names.size > maxHeaders)
      return rejected(431, 'http1.too_many_headers', `it has more than ${maxHeaders} headers`, commonOptions(hcm));
  }
  if (count > maxHeaders) return unknown(MANY_OF_ONE_NAME);
  return count + unknownHeaders.length > maxHeaders ? unknown(MANY_UNKNOWN) : null;
}

function bodyOfConnect({ method, headers }: HttpRequest): CodecRefusal | null {
  const announced = headers.some(([name, value]) => name === 'content-length' && value !== '0');
  return method === 'CONNECT' && announced ? rejected(400, 'http1.body_disallowed', 'a CONNECT has no body') : null;
}

/** HeaderUtility::authorityIsValid; an empty one passes. */
const AUTHORITY = /^[\w!$%&'()*+,.:;=@[\]~-]*$/;
