/** Order of texts by code unit, the same under every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
