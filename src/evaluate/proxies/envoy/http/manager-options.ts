import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { memoised } from '../memo.ts';
import { enumName, field, isTrue, unknown } from '../proto-json.ts';
import type { PathOptions } from './path.ts';

/** What an HttpConnectionManager says about every request before it is routed. */
export interface ManagerOptions {
  /** The only protocol that it speaks; AUTO: either version of HTTP. */
  readonly codec: string;
  readonly validatesByExtension: boolean;
  /** What happens to headers with an underscore in their names. */
  readonly underscores: string;
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly path: PathOptions | Unknown;
  readonly stripsTrailingDot: boolean;
  readonly stripsPort: 'any' | 'matching' | 'none';
  readonly usesRemoteAddress: boolean;
  readonly trustedHops: number;
  readonly detectsAddressByExtension: boolean;
}

const DEFAULT_HEADERS_KB = 60;
const DEFAULT_HEADERS = 100;

/** Reads them, once for all requests. */
export const managerOptions: (hcm: Cursor) => ManagerOptions = memoised((hcm) => {
  const common = field(hcm, 'common_http_protocol_options');
  const underscores = field(common, 'headers_with_underscores_action');
  return {
    codec: enumName(field(hcm, 'codec_type'), ['AUTO', 'HTTP1', 'HTTP2', 'HTTP3']) ?? 'AUTO',
    validatesByExtension: field(hcm, 'typed_header_validation_config').exists,
    underscores: enumName(underscores, ['ALLOW', 'REJECT_REQUEST', 'DROP_HEADER']) ?? 'ALLOW',
    maxHeaderBytes: 1024 * (field(hcm, 'max_request_headers_kb').number() ?? DEFAULT_HEADERS_KB),
    maxHeaders: field(common, 'max_headers_count').number() ?? DEFAULT_HEADERS,
    path: pathOptions(hcm),
    stripsTrailingDot: isTrue(hcm, 'strip_trailing_host_dot'),
    stripsPort: isTrue(hcm, 'strip_any_host_port')
      ? 'any'
      : isTrue(hcm, 'strip_matching_host_port')
        ? 'matching'
        : 'none',
    usesRemoteAddress: isTrue(hcm, 'use_remote_address'),
    trustedHops: field(hcm, 'xff_num_trusted_hops').number() ?? 0,
    detectsAddressByExtension: field(hcm, 'original_ip_detection_extensions').items().length > 0,
  };
});

const ESCAPED_SLASHES = [
  'IMPLEMENTATION_SPECIFIC_DEFAULT',
  'KEEP_UNCHANGED',
  'REJECT_REQUEST',
  'UNESCAPE_AND_REDIRECT',
  'UNESCAPE_AND_FORWARD',
];

function pathOptions(hcm: Cursor): PathOptions | Unknown {
  const extended = field(hcm, 'path_normalization_options');
  if (extended.exists) return unknown('path_normalization_options is not evaluated', extended);
  const slashes = field(hcm, 'path_with_escaped_slashes_action');
  const action = enumName(slashes, ESCAPED_SLASHES) ?? 'IMPLEMENTATION_SPECIFIC_DEFAULT';
  const escapedSlashes = action === 'IMPLEMENTATION_SPECIFIC_DEFAULT' ? 'KEEP_UNCHANGED' : action;
  if (
    escapedSlashes !== 'KEEP_UNCHANGED' &&
    escapedSlashes !== 'REJECT_REQUEST' &&
    escapedSlashes !== 'UNESCAPE_AND_REDIRECT' &&
    escapedSlashes !== 'UNESCAPE_AND_FORWARD'
  ) {
    return unknown('the action for escaped slashes is not understood', slashes);
  }
  return { normalize: isTrue(hcm, 'normalize_path'), mergeSlashes: isTrue(hcm, 'merge_slashes'), escapedSlashes };
}
