import { Chalk, type ChalkInstance } from 'chalk';
import type { Disposition, Severity, Verdict } from '../model/explanation.ts';

/** Colours by meaning. */
export interface Palette {
  readonly dim: ChalkInstance;
  readonly strong: ChalkInstance;
  verdict(verdict: Verdict): ChalkInstance;
  disposition(disposition: Disposition): ChalkInstance;
  severity(severity: Severity): ChalkInstance;
}

/** The palette of a terminal; without colour every part of it leaves text as it is. */
export function palette(color: boolean): Palette {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  const good = chalk.green;
  const bad = chalk.red;
  const unsure = chalk.yellow;
  return {
    dim: chalk.dim,
    strong: chalk.bold,
    verdict: (verdict) => (verdict === 'reachable' ? good.bold : verdict === 'undetermined' ? unsure.bold : bad.bold),
    disposition: (disposition) => {
      if (disposition === 'delivered') return good;
      return disposition === 'undetermined' || disposition === 'leaves-snapshot' ? unsure : bad;
    },
    severity: (severity) => (severity === 'error' ? bad : severity === 'warning' ? unsure : chalk.cyan),
  };
}
