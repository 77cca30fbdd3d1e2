import type { Unknown } from '../../../../model/branching.ts';
import type { HeardReset } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { TOKEN } from '../../../../model/request.ts';
import type { HttpRequest } from '../../../../model/request.ts';
import { field, fields, isTrue, unknown } from '../proto-json.ts';
import { commonOptions, CONTROL, MANY_OF_ONE_NAME, MANY_UNKNOWN, underscoresAction } from './codec-refusal.ts';
import type { CodecRefusal, CodecSettings } from './codec-refusal.ts';

/** The longest name or value that HPACK's decoder takes, as it is encoded (NGHTTP2_HD_MAX_NV, lib/nghttp2_hd.h). */
const LONGEST_FIELD = 65_536;

/**
 * Why the HTTP/2 codec refuses a request: nghttp2 and Envoy look at one field after the other, the pseudo headers first
 * (lib/nghttp2_http.c; ConnectionImpl::saveHeader, source/common/http/http2/codec_impl.cc).
 */
export function http2Refusal(settings: CodecSettings, http: HttpRequest): CodecRefusal | Unknown | null {
  const found = firstFault(settings, http);
  return found === null ? null : (otherLibrary(settings) ?? found);
}

/** oghttp2, which decides otherwise in part. */
function otherLibrary({ hcm, runtime }: CodecSettings): Unknown | null {
  const option = fields(hcm, 'http2_protocol_options', 'use_oghttp2_codec');
  if (!option.exists) return runtime.shown('envoy.reloadable_features.http2_use_oghttp2');
  return option.boolean() === false ? null : unknown('how oghttp2 refuses it is not evaluated', option);
}

function firstFault(settings: CodecSettings, http: HttpRequest): CodecRefusal | Unknown | null {
  const pseudo = pseudoFault(settings, http);
  if (pseudo !== null) return pseudo;
  const tally = new Tally(settings, http);
  const line = tally.beyond();
  if (line !== null) return line;
  for (const [name, value] of http.headers) {
    const fault = tally.add(name, value) ?? tally.beyond();
    if (fault !== null) return fault;
  }
  return tally.beyond(http.unknownHeaders?.length);
}

const AUTHORITY = /^[\w!$%&'()*+,.:;=[\]~-]+$/;
// eslint-disable-next-line no-control-regex
const OUTSIDE_PATH = /[\0-\x20\x7f]/;

function pseudoFault(settings: CodecSettings, http: HttpRequest): CodecRefusal | null {
  const { method, path, authority, protocol } = http;
  if (protocol !== undefined && !isTrue(field(settings.hcm, 'http2_protocol_options'), 'allow_connect'))
    return invalid(settings, 'a CONNECT with a protocol is not allowed', field(settings.hcm, 'http2_protocol_options'));
  if (!TOKEN.test(method)) return invalid(settings, `the method ${JSON.stringify(method)} is none`);
  const hasPath = method !== 'CONNECT' || protocol !== undefined;
  if (hasPath && OUTSIDE_PATH.test(path))
    return invalid(settings, `the path ${JSON.stringify(path)} has characters that none may`);
  // Without a host it may be absent or empty, which are two faults.
  return authority !== '' && !AUTHORITY.test(authority)
    ? invalid(settings, `the host ${JSON.stringify(authority)} has characters that none may`)
    : null;
}

/** Headers of the connection, which a request over HTTP/2 must not have (lib/nghttp2_http.c, http_request_on_header). */
const OF_CONNECTION = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

const isOfConnection = (name: string, value: string): boolean =>
  OF_CONNECTION.has(name) || (name === 'te' && value.toLowerCase() !== 'trailers');

/** A request of HTTP/1.1 as a proxy sends it on over HTTP/2 (ConnectionManagerUtility::mutateRequestHeaders takes them away). */
export function withoutConnectionHeaders(http: HttpRequest): HttpRequest {
  const own = http.headers.filter(([name, value]) => !isOfConnection(name, value));
  return own.length === http.headers.length ? http : { ...http, headers: own };
}

/** The fields so far: where several of one name may be one to Envoy, both the least and the most that they count. */
class Tally {
  readonly #settings: CodecSettings;
  readonly #names = new Set<string>();
  #least: number;
  #most: number;
  #fewest: number;
  #upMost: number;
  #dropped = false;

  constructor(settings: CodecSettings, http: HttpRequest) {
    this.#settings = settings;
    const pseudo = pseudoHeaders(http);
    this.#least = pseudo.reduce((bytes, part) => bytes + Buffer.byteLength(part), 0);
    this.#most = this.#least;
    this.#fewest = pseudo.length / 2;
    this.#upMost = this.#fewest;
  }

  /** What is wrong with a header; it is counted. */
  add(name: string, value: string): CodecRefusal | Unknown | null {
    const { hcm, options } = this.#settings;
    const bytes = Buffer.byteLength(value);
    if (bytes > LONGEST_FIELD) return unknown(`whether HPACK takes the header ${name} depends on how it is encoded`);
    if (isOfConnection(name, value)) return invalid(this.#settings, `HTTP/2 has no header ${name}`);
    if (CONTROL.test(value)) return invalid(this.#settings, `the header ${name} holds control characters`);
    if ((name === 'content-length' && !/^\d+$/.test(value)) || (name === 'host' && value === ''))
      return invalid(this.#settings, `the header ${name} cannot be ${JSON.stringify(value)}`);
    if (name === 'content-length' && this.#names.has(name))
      return unknown('which content-length counts is not evaluated');
    if (name.includes('_') && options.underscores !== 'ALLOW') {
      this.#dropped = true;
      if (options.underscores === 'DROP_HEADER') return null;
      return this.#reset(UNDERSCORE, `the header ${name} has an underscore in its name`, underscoresAction(hcm));
    }
    this.#count(name, value, bytes);
    return null;
  }

  /**
   * Of a cookie its name does not count; of a second one the `; ` between them does, and each of its parts may have come by itself. Host
   * counts beside :authority from 1.39 on, where it is no more than that the dump does not tell.
   */
  #count(name: string, value: string, bytes: number): void {
    const again = this.#names.has(name);
    this.#names.add(name);
    if (name === 'cookie') {
      this.#least += bytes + (again ? 2 : 0);
      this.#most += bytes + (again ? 2 : 0);
      this.#fewest += 1;
      this.#upMost += value.split('; ').length;
      return;
    }
    const own = name.length + bytes;
    const ignored = name === 'host' && (this.#settings.envoyMinor ?? 0) < HOST_COUNTS;
    this.#least += ignored ? 0 : again ? Math.min(own, bytes + 1) : own;
    this.#most += again ? Math.max(own, bytes + 1) : own;
    this.#fewest += ignored || again ? 0 : 1;
    this.#upMost += 1;
  }

  /** What limit they are beyond, or may be. @param unseen further headers that there may be */
  beyond(unseen = 0): CodecRefusal | Unknown | null {
    const { hcm, options } = this.#settings;
    const { maxHeaderBytes, maxHeaders } = options;
    if (this.#least > maxHeaderBytes) {
      const reason = `the headers are larger than ${maxHeaderBytes} bytes`;
      return this.#reset('http2.header_list_size_too_large', reason, field(hcm, 'max_request_headers_kb'));
    }
    if (this.#most > maxHeaderBytes) return unknown('how large headers of one name are together is not evaluated');
    if (this.#fewest > maxHeaders)
      return this.#reset('http2.too_many_headers', `it has more than ${maxHeaders} headers`, commonOptions(hcm));
    if (this.#upMost > maxHeaders) return unknown(MANY_OF_ONE_NAME);
    return this.#upMost + unseen > maxHeaders ? unknown(MANY_UNKNOWN) : null;
  }

  /** The first detail of a stream stays, that of a header which was dropped as well (StreamImpl::setDetails). */
  #reset(detail: string, reason: string, cite: Cursor): CodecRefusal {
    const first = this.#dropped ? UNDERSCORE : detail;
    return { kind: 'reset', flag: 'DR', detail: first, heard: 'remote_reset', reason, cites: [cite] };
  }
}

const UNDERSCORE = 'http2.unexpected_underscore';
/** From this minor version on Host counts as a header. */
const HOST_COUNTS = 39;

function pseudoHeaders({ method, path, authority, scheme, protocol }: HttpRequest): readonly string[] {
  const own = [':method', method, ':authority', authority];
  if (method === 'CONNECT' && protocol === undefined) return own;
  const rest = [...own, ':scheme', scheme, ':path', path];
  return protocol === undefined ? rest : [...rest, ':protocol', protocol];
}

/** The whole connection is closed, unless it is told to reset such streams alone (Http2::Utility::initializeAndValidateOptions). */
function invalid({ hcm }: CodecSettings, reason: string, ...cites: readonly Cursor[]): CodecRefusal {
  const options = field(hcm, 'http2_protocol_options');
  const own = field(options, 'override_stream_error_on_invalid_http_message');
  const shared = field(hcm, 'stream_error_on_invalid_http_message');
  const old = isTrue(options, 'stream_error_on_invalid_http_messaging');
  const alone = own.exists ? own.boolean() === true : shared.exists ? shared.boolean() === true : old;
  const heard: HeardReset | null = alone ? 'protocol_error' : null;
  return { kind: 'reset', flag: 'DPE', detail: 'http2.invalid.header.field', heard, reason, cites };
}
