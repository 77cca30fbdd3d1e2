/**
 * What `kubectl reach service`, and anybody who asks about Services, may call: apart from src/index.ts, because it needs no walk. In:
 * snapshots, and which Services. Out: a report and its text. It knows neither flags nor the process.
 */
import { collectSnapshots } from './collect/snapshot.ts';
import { reportServices, type ServiceInput } from './explain/service/service.ts';
import type { ServiceReport } from './model/service-report.ts';
import { renderJson } from './render/json.ts';
import { renderServices, type ServiceLayout } from './render/service.ts';
import { renderYaml } from './render/yaml.ts';
import { createWorkspace } from './workspace.ts';

export { serviceStatus } from './explain/service/service.ts';
export { renderGaps } from './render/gaps.ts';

/**
 * Reports on Services of a snapshot.
 * @throws QuestionError when there is no such Service or node, InputError when the path is no snapshot
 */
export async function accountServices(paths: readonly string[], input: ServiceInput): Promise<ServiceReport> {
  return reportServices(createWorkspace(await collectSnapshots(paths)), input);
}

/** Text of a report. */
export function renderServiceReport(
  report: ServiceReport,
  format: 'text' | 'json' | 'yaml',
  layout: ServiceLayout,
): string {
  switch (format) {
    case 'json':
      return renderJson(report);
    case 'yaml':
      return renderYaml(report);
    case 'text':
      return renderServices(report, layout);
  }
}
