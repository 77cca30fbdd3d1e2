import { createHmac, randomBytes } from 'node:crypto';

/** A hash of texts with a random key that nobody else ever has: 64 hexadecimal digits (HMAC-SHA-256). */
export function randomKeyedHash(): (text: string) => string {
  const key = randomBytes(32);
  return (text) => createHmac('sha256', key).update(text).digest('hex');
}
