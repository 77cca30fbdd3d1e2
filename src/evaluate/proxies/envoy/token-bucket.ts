import type { Condition } from '../../../model/branching.ts';
import type { Cursor } from '../../../model/json.ts';
import { field } from './proto-json.ts';

/** The condition that the bucket of a rate limit is empty, or that it is not. */
export function bucketCondition(name: string, bucket: Cursor, used: boolean): Condition {
  const tokens = field(bucket, 'max_tokens').number() ?? 0;
  const rate = `of ${name} (${tokens} tokens, refilled every ${field(bucket, 'fill_interval').string() ?? '?'})`;
  return { key: `limit:${bucket.pointer}`, value: !used, subject: { kind: 'limit', rate } };
}
