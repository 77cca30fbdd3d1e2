/** How text for people may look where it goes. */
export interface Terminal {
  readonly color: boolean;
  /** Width in columns. */
  readonly columns: number;
}

const USUAL_COLUMNS = 80;

/**
 * What standard output can show. `--no-color` wins, then NO_COLOR (no-color.org: any value but the empty one), then
 * FORCE_COLOR (`0` and `false` switch off), then whether it is a terminal that is not `dumb`.
 */
export function describeTerminal(
  stream: { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined },
  environment: Readonly<Record<string, string | undefined>>,
  noColor: boolean,
): Terminal {
  return {
    color: !noColor && wantsColor(stream.isTTY === true, environment),
    columns: stream.columns ?? (Number(environment['COLUMNS']) || USUAL_COLUMNS),
  };
}

function wantsColor(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  if (environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== '') return false;
  const force = environment['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  return isTerminal && environment['TERM'] !== 'dumb';
}
