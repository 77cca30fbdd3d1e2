/**
 * What local_reply_config makes of answers that a proxy gives itself (source/common/local_reply/local_reply.cc): the first mapper whose
 * filter holds may give them another status and another body. In: the connection manager and an answer. Out: the answer that is sent.
 */
import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { headerTest } from '../match/header-match.ts';
import type { HeaderView } from '../match/header-match.ts';
import { memoised } from '../memo.ts';
import { enumName, field, fields, unknown, unknownField } from '../proto-json.ts';
import type { Runtime } from '../runtime.ts';
import { all, any, isUnknown } from '../truth.ts';
import type { Truth } from '../truth.ts';

/** An answer before it is mapped. */
interface Answer {
  readonly status: number;
  /** Response flags that are set by then. */
  readonly flags: readonly string[];
  /** Whether it is given as gRPC does. */
  readonly grpc: boolean;
  /** Those of the request; null: they are not known. */
  readonly headers: HeaderView | null;
}

/** An answer as it is sent. */
interface MappedAnswer {
  readonly status: number;
  /** null: it is not known; undefined: it stays. */
  readonly body: string | null | undefined;
}

const KNOWN_MAPPER = new Set(['filter', 'status_code', 'body', 'body_format_override', 'headers_to_add']);
const OPERATIONS = ['EQ', 'GE', 'LE', 'NE'];

const mappersOf = memoised((hcm): readonly Cursor[] => fields(hcm, 'local_reply_config', 'mappers').items());

export function mapAnswer(hcm: Cursor, runtime: Runtime, answer: Answer): MappedAnswer | Unknown {
  const recommended = fields(hcm, 'proxy_status_config', 'set_recommended_response_code');
  if (recommended.boolean() === true)
    return unknown(`proxy_status_config may change the answer ${answer.status}`, recommended);
  const [first] = mappersOf(hcm);
  if (first === undefined) return { status: answer.status, body: undefined };
  if (answer.grpc) return unknown('what local_reply_config makes of an answer to gRPC is not evaluated', first);
  for (const mapper of mappersOf(hcm)) {
    const beyond = unknownField(mapper, KNOWN_MAPPER);
    if (beyond !== undefined) return beyond;
    const applies = holds(field(mapper, 'filter'), runtime, answer);
    if (isUnknown(applies)) return applies;
    if (applies) return { status: field(mapper, 'status_code').number() ?? answer.status, body: bodyOf(mapper) };
  }
  return { status: answer.status, body: undefined };
}

function bodyOf(mapper: Cursor): string | null | undefined {
  if (field(mapper, 'body_format_override').exists) return null;
  const body = field(mapper, 'body');
  return body.exists ? (field(body, 'inline_string').string() ?? null) : undefined;
}

/** Whether an AccessLogFilter holds (source/common/access_log/access_log_impl.cc). */
function holds(filter: Cursor, runtime: Runtime, answer: Answer): Truth {
  const [kind, ...others] = filter.entries().filter(([, value]) => value.exists);
  const [name, value] = kind ?? ['', filter];
  if (others.length > 0) return unknown('a filter of local_reply_config is not understood', filter);
  switch (name) {
    case 'status_code_filter':
      return compares(field(value, 'comparison'), runtime, answer.status);
    case 'response_flag_filter':
      return hasFlag(value, answer);
    case 'and_filter':
      return all(field(value, 'filters').items(), (one) => holds(one, runtime, answer));
    case 'or_filter':
      return any(field(value, 'filters').items(), (one) => holds(one, runtime, answer));
    case 'header_filter':
      return answer.headers === null
        ? unknown('what headers the request has when local_reply_config looks at them is not known', value)
        : headerTest(field(value, 'header'))(answer.headers);
    case 'not_health_check_filter':
      // Health checks that the proxy answers itself are not followed.
      return true;
    default:
      return unknown(`the filter ${name} of local_reply_config is not evaluated`, value);
  }
}

function compares(comparison: Cursor, runtime: Runtime, status: number): Truth {
  const value = field(comparison, 'value');
  const overridden = runtime.overridden(field(value, 'runtime_key').string() ?? '');
  if (overridden !== null) return overridden;
  const limit = field(value, 'default_value').number() ?? 0;
  switch (enumName(field(comparison, 'op'), OPERATIONS) ?? 'EQ') {
    case 'EQ':
      return status === limit;
    case 'GE':
      return status >= limit;
    case 'LE':
      return status <= limit;
    case 'NE':
      return status !== limit;
    default:
      return unknown('a comparison of local_reply_config is not understood', comparison);
  }
}

/** Which are set only once the answer is made: of what the codec refuses, and of a local rate limit. */
const LATE_FLAGS: ReadonlySet<string> = new Set(['DPE', 'RL']);

/** Without a list any flag will do. */
function hasFlag(filter: Cursor, { flags }: Answer): boolean {
  const wanted = field(filter, 'flags').strings();
  const set = flags.filter((flag) => !LATE_FLAGS.has(flag));
  return wanted.length === 0 ? set.length > 0 : wanted.some((flag) => set.includes(flag));
}
