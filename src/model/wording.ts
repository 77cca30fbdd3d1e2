/** A probability for people: `33.3 %`, `100 %`, `< 0.1 %`. */
export function percentText(probability: number): string {
  const percent = probability * 100;
  if (percent > 0 && percent < 0.1) return '< 0.1 %';
  const rounded = Math.round(percent * 10) / 10;
  return `${Number.isInteger(rounded) ? rounded.toFixed(0) : rounded.toFixed(1)} %`;
}

/** `a`, `a and b`, `a, b and c`; at most `limit` are named, the rest are counted. */
export function listText(items: readonly string[], limit = 5, word: 'and' | 'or' = 'and'): string {
  if (items.length <= 1) return items[0] ?? 'none';
  const shown = items.length > limit ? [...items.slice(0, limit), `${items.length - limit} more`] : items;
  return `${shown.slice(0, -1).join(', ')} ${word} ${shown.at(-1) ?? ''}`;
}

/** The text with a capital first letter. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
