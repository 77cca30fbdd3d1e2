import { percentText } from '../model/wording.ts';
import type { EnvoyRequestAnswer, EnvoyRequestEnd } from '../explain/envoy-request/envoy-request.ts';
import type { EnvoyRequestOutcome } from '../explain/envoy-request/outcomes.ts';
import { escapeControls } from './escape-controls.ts';
import { harmless, isPlainText, renderJsonLine } from './json.ts';
import { palette, type Palette } from './palette.ts';

/** What becomes of one request for people: who takes the connection, then each outcome with its way and its hosts. */
export function renderEnvoyRequest(answer: EnvoyRequestAnswer, color: boolean): string {
  const colors = palette(color);
  const chain = answer.filterChain === null ? 'no filter chain' : `filter chain ${answer.filterChain}`;
  const head = answer.listener === null ? 'no listener takes it' : `listener ${answer.listener}, ${chain}`;
  const several = answer.outcomes.length > 1;
  return [escapeControls(head), ...answer.outcomes.map((outcome) => outcomeText(outcome, several, colors))].join('\n');
}

function outcomeText(outcome: EnvoyRequestOutcome, several: boolean, colors: Palette): string {
  const { condition, detail, undetermined, endpoints } = outcome;
  const reasons = [
    ...wayLines(outcome),
    ...(condition === null ? [] : [`if ${condition}`]),
    ...(undetermined === null ? [] : [`because ${undetermined}`]),
    ...(detail === null ? [] : [`details ${detail}`]),
  ];
  const hosts = endpoints.map(({ address, probability }) => {
    const share = endpoints.length > 1 ? `  ${percentText(probability)}` : '';
    return colors.dim(`    ${escapeControls(address)}${share}`);
  });
  return [
    endText(outcome, colors) + (several ? `  ${percentText(outcome.probability)}` : ''),
    ...reasons.map((reason) => `  ${escapeControls(reason)}`),
    ...hosts,
  ].join('\n');
}

function endText({ status, flag, undetermined, endpoints, cluster }: EnvoyRequestOutcome, colors: Palette): string {
  const flags = flag === null ? '' : ` (${flag})`;
  if (undetermined !== null) return colors.disposition('undetermined')('undetermined');
  if (endpoints.length > 0)
    return `${colors.disposition('delivered')(`to cluster ${escapeControls(cluster ?? '')}`)}${flags}`;
  if (status === null) return `${colors.disposition('failed')('connection closed')}${flags}`;
  return `${colors.disposition(status < 400 ? 'delivered' : 'failed')(`answers ${status}`)}${flags}`;
}

function wayLines({ virtualHost, route, cluster, endpoints }: EnvoyRequestOutcome): string[] {
  const way = [
    ...(virtualHost === null ? [] : [`virtual host ${virtualHost}`]),
    ...(route === null ? [] : [`route ${route}`]),
    ...(cluster === null || endpoints.length > 0 ? [] : [`cluster ${cluster}`]),
  ];
  return way.length === 0 ? [] : [`by ${way.join(', ')}`];
}

/** The end of a line about a request, which many have in common. */
export function renderEnvoyRequestEnd(end: EnvoyRequestEnd): string {
  return renderJsonLine(end).slice(1);
}

/** Tells such an end of others. @param marks texts in it without characters that JSON escapes, in whose places names are put */
export function refillEnvoyRequestEnd(
  end: string,
  marks: readonly string[],
): (names: readonly (string | null)[]) => string {
  const pieces: string[] = [];
  const places: number[] = [];
  let piece = '';
  let quote = '';
  for (const text of end.split('"')) {
    const place = marks.indexOf(text);
    if (place < 0) {
      piece += quote + text;
      quote = '"';
      continue;
    }
    pieces.push(piece);
    places.push(place);
    piece = '';
    quote = '';
  }
  return (names) => {
    const told: string[] = [];
    for (const [index, before] of pieces.entries()) {
      const name = names[places[index] ?? 0] ?? null;
      if (name !== null && isPlainText(name)) told.push(before, '"', name, '"');
      else told.push(before, renderJsonLine(name));
    }
    told.push(piece);
    // In one piece: it may be the end of many lines.
    return told.join('');
  };
}

/**
 * What an Envoy does with one request of many, on a line.
 * @param request as it was asked: a JSON text
 * @param end as `renderEnvoyRequestEnd` makes it
 */
export function renderEnvoyRequestLine(request: string, end: string): string {
  return `{"request":${harmless(request)},${end}`;
}
