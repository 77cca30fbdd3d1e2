/**
 * What an identity can collect of a cluster. In: flags of the connection. Out: a report and its text. It knows neither flags nor the
 * process.
 */
import type { CollectionOptions } from './collect/live/collection-options.ts';
import type { ConnectionFlags } from './collect/live/connection-flags.ts';
import type { ConnectionSurroundings } from './collect/live/connection.ts';
import { orLiveError } from './live-error.ts';
import { isMet, type AccessReport } from './model/access.ts';
import { renderAccess } from './render/access.ts';
import { renderJson } from './render/json.ts';

/**
 * Asks what the identity may collect.
 * @throws InputError when no cluster is configured, LiveError when it cannot be asked
 */
export async function reviewLiveAccess(
  flags: ConnectionFlags,
  surroundings: ConnectionSurroundings,
  collection: CollectionOptions,
): Promise<AccessReport> {
  // A bundle of its own: nothing that works without a cluster pays for it.
  const { openAccess } = await import('./collect/live/live.ts');
  return await orLiveError(() => openAccess(flags, surroundings, collection));
}

/** Text of a report; `yaml` is the manifest alone. */
export async function renderAccessReport(
  report: AccessReport,
  format: 'text' | 'json' | 'yaml',
  columns: number,
): Promise<string> {
  if (format === 'text') return renderAccess(report, columns);
  if (format === 'json') return renderJson({ schemaVersion: '1.0', ...report });
  const { renderYaml } = await import('./render/yaml.ts');
  return report.manifest.map((object) => `---\n${renderYaml(object)}`).join('');
}

/** Whether everything is allowed, everywhere or in the one namespace that it was asked for. */
export function isComplete(report: AccessReport): boolean {
  return report.needs.every((need) => isMet(need, report));
}
