import { InputError } from '../input-error.ts';

/** Milliseconds that a request may take when nobody says. */
const DEFAULT_MS = 30_000;
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Reads `--request-timeout` as kubectl does (client-go/tools/clientcmd/helpers.go, ParseTimeout): seconds, or a duration of Go
 * (`1m30s`); 0 waits for ever.
 * @param flag the flag that it is the value of
 * @returns milliseconds; null: no deadline
 * @throws InputError when it is neither
 */
export function requestTimeout(text: string | null, flag = '--request-timeout'): number | null {
  if (text === null) return DEFAULT_MS;
  if (/^\d{1,9}$/.test(text)) return Number(text) === 0 ? null : Number(text) * 1000;
  const parts = [...text.matchAll(/(\d{1,9}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new InputError(
      text,
      `${flag} wants a duration, not ${text}`,
      'Write for example 10, 30s or 1m30s; 0 waits for ever.',
    );
  }
  const milliseconds = parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ''] ?? 0), 0);
  return milliseconds === 0 ? null : Math.max(1, Math.ceil(milliseconds));
}
