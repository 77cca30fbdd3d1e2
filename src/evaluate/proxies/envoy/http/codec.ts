/**
 * What the codec of a connection manager refuses before anything looks at the request.
 *
 * In: the connection manager, the protocol that TLS settled on, and the request as its client sends it. Out: how it is refused, or null.
 * `http1-codec.ts` and `http2-codec.ts` know the two versions.
 */
import type { Unknown } from '../../../../model/branching.ts';
import type { HttpRequest } from '../../../../model/request.ts';
import { field, unknown } from '../proto-json.ts';
import { takesAnyMethod, underscoresAction } from './codec-refusal.ts';
import type { CodecRefusal, CodecSettings } from './codec-refusal.ts';
import { http1Refusal } from './http1-codec.ts';
import { http2Refusal } from './http2-codec.ts';
import type { ManagerOptions } from './manager-options.ts';
import { SentHttp, UNDERSCORED, WHOLE } from './sent-request.ts';
import type { RequestQuestion, SentRequest } from './sent-request.ts';

type Refused = RequestQuestion<CodecRefusal | Unknown | null>;
const WITHOUT_TLS = new WeakMap<ManagerOptions, Refused>();

/**
 * Why the codec does not take a request; null: it does. A CONNECT with a protocol is asked about as it is sent. Without TLS it is one
 * question for each connection manager.
 */
export function refusedByCodec(settings: CodecSettings): Refused {
  const known = settings.settled === null ? WITHOUT_TLS.get(settings.options) : undefined;
  if (known !== undefined) return known;
  const question: Refused = { ask: ({ http }) => codecRefusal(settings, http) };
  if (settings.settled === null) WITHOUT_TLS.set(settings.options, question);
  return question;
}

function codecRefusal(settings: CodecSettings, http: HttpRequest): CodecRefusal | Unknown | null {
  const { hcm, options, settled } = settings;
  const { codec } = options;
  const alone = codec === 'HTTP1' || codec === 'HTTP2';
  const unsaid = settled?.name === 'h2' && settled.either && http.version === 'http/1.1';
  if (codec === 'HTTP3' || (alone && unsaid))
    return unknown(`the listener speaks ${codec} alone`, field(hcm, 'codec_type'));
  const read = versionRead(settings, http.version);
  if (read !== http.version) return otherVersion(settings, read);
  if (options.validatesByExtension) return unknown('an extension validates the headers');
  if (!UNDERSCORE_ACTIONS.has(options.underscores) && http.headers.some(([name]) => name.includes('_')))
    return unknown('what the listener does with an underscore in a name is not understood', underscoresAction(hcm));
  return read === 'h2' ? http2Refusal(settings, http) : http1Refusal(settings, http);
}

const UNDERSCORE_ACTIONS: ReadonlySet<string> = new Set(['ALLOW', 'REJECT_REQUEST', 'DROP_HEADER']);

/**
 * The version that the codec reads: that of codec_type; with AUTO what TLS has settled on, where anything but `h2` is HTTP/1.1, and else
 * what the first bytes look like (ConnectionManagerUtility::determineNextProtocol and autoCreateCodec).
 */
function versionRead(
  { options: { codec }, settled }: CodecSettings,
  client: HttpRequest['version'],
): HttpRequest['version'] {
  if (codec === 'HTTP1' || codec === 'HTTP2') return codec === 'HTTP2' ? 'h2' : 'http/1.1';
  if (settled === null || settled.either) return client;
  return settled.name === 'h2' ? 'h2' : 'http/1.1';
}

/**
 * HTTP/1 answers a preface of HTTP/2, whose method it may take and whose target it does not, in its own version; HTTP/2, which has no
 * stream yet, closes the connection and logs no request.
 */
function otherVersion({ hcm, options, settled }: CodecSettings, read: HttpRequest['version']): CodecRefusal {
  const [own, other] = read === 'h2' ? ['HTTP/2', 'HTTP/1.1'] : ['HTTP/1.1', 'HTTP/2'];
  const why = options.codec === 'AUTO' && settled !== null ? ` after TLS settled on ${settled.name}` : ' alone';
  return {
    kind: 'reset',
    flag: 'DPE',
    detail: read === 'h2' ? null : takesAnyMethod(hcm) ? 'http1.invalid_url' : 'http1.codec_error',
    heard: read === 'h2' ? null : 'protocol_error',
    reason: `it reads ${own}${why}, and the client speaks ${other}`,
    cites: [field(hcm, 'codec_type')],
  };
}

/** The request without the headers that DROP_HEADER takes away (checkHeaderNameForUnderscores of either codec). */
export function withoutUnderscores({ underscores }: ManagerOptions, sent: SentRequest): SentRequest {
  if (underscores !== 'DROP_HEADER' || !sent.tell(UNDERSCORED)) return sent;
  const http = sent.tell(WHOLE);
  return new SentHttp({ ...http, headers: http.headers.filter(([name]) => !name.includes('_')) });
}
