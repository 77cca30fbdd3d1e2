import { closeNames } from '../question/close-names.ts';
import { QuestionError } from '../question/question-input.ts';

/** A logger of an Envoy. */
export interface Logger {
  readonly name: string;
  readonly level: string;
}

/** What is to be changed. */
export interface LevelChange {
  /** `LEVEL`, or `LOGGER:LEVEL` (`=` too) several times with commas; a level alone undoes what stands before it. */
  readonly level: string | null;
  /** Back to `warning`, istio's default. */
  readonly reset: boolean;
}

const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'];
const DEFAULT_LEVEL = 'warning';

/**
 * Reads the answer of /logging: `active loggers:` and a line for each (source/server/admin/logs_handler.cc).
 * @throws QuestionError when it is something else
 */
export function readLoggers(text: string): Logger[] {
  const [heading = '', ...lines] = text.trimEnd().split('\n');
  const loggers = lines.flatMap((line): Logger[] => {
    const [, name = '', level = ''] = /^\s+([\w.-]+):\s+(\w+)\s*$/.exec(line) ?? [];
    return name === '' ? [] : [{ name, level }];
  });
  if (heading.trim() === 'active loggers:' && loggers.length === lines.length && loggers.length > 0) return loggers;
  throw new QuestionError("this is not the answer of a proxy's /logging", [
    'Capture it with: curl -s -X POST localhost:15000/logging',
  ]);
}

/** A level that is asked for; of the logger `''`: of all. */
interface WantedLevel {
  readonly logger: string;
  readonly level: string;
}

/**
 * Reads which levels are asked for; nothing has to be known of the proxy.
 * @throws QuestionError when a level is none
 */
export function readLevels({ level, reset }: LevelChange): readonly WantedLevel[] {
  if (reset && level !== null) throw new QuestionError('--level cannot be combined with --reset');
  if (reset) return [{ logger: '', level: DEFAULT_LEVEL }];
  if (level === null) return [];
  return level.split(',').map((one) => {
    const [, name = '', wanted = ''] = /^(?:(.*)[:=])?([^:=]*)$/.exec(one.trim()) ?? [];
    const known = wanted === 'warn' ? 'warning' : wanted;
    if (!LEVELS.includes(known)) {
      throw new QuestionError(`unrecognized logging level: ${wanted}`, [`Levels are ${LEVELS.join(', ')}.`]);
    }
    // `ns::logger` names a logger of a proxy in istioctl's older syntax.
    return { logger: name.slice(name.lastIndexOf(':') + 1), level: known };
  });
}

/**
 * The queries of /logging that make the change.
 * @throws QuestionError when a level or logger is none
 */
export function loggersToChange(loggers: readonly Logger[], change: LevelChange): string[] {
  const names = loggers.map(({ name }) => name);
  let queries: string[] = [];
  for (const { logger, level } of readLevels(change)) {
    if (logger === '') queries = [`level=${level}`];
    else if (names.includes(logger)) queries.push(`${encodeURIComponent(logger)}=${level}`);
    else {
      const close = closeNames(logger, names);
      throw new QuestionError(
        `unrecognized logger name: ${logger}`,
        close.length === 0 ? [] : [`Close names: ${close.join(', ')}.`],
      );
    }
  }
  return queries;
}
