import { reportServices, type ServiceInput } from '../../../src/explain/service/service.ts';
import type { Facts } from '../../../src/model/facts.ts';
import type { ServiceAccount } from '../../../src/model/service-report.ts';
import { renderServiceAccounts } from '../../../src/service.ts';

/** What `-o json` prints. */
interface ServiceReport {
  readonly services: readonly ServiceAccount[];
  readonly looked: number;
}

const LAYOUT = { color: false, columns: 120, ledger: false, wide: false };

/** The document of a report, read as a machine reads it. */
export function reportOf(
  facts: Facts,
  input: ServiceInput,
): { readonly report: ServiceReport; readonly status: string } {
  const accounts = reportServices(facts, input);
  const text = Buffer.concat([...renderServiceAccounts(accounts, 'json', LAYOUT)]).toString();
  return { report: JSON.parse(text) as ServiceReport, status: accounts.status() };
}

/** The text of a report. */
export function pageOf(facts: Facts, input: ServiceInput, layout: Partial<typeof LAYOUT> = {}): string {
  return Buffer.concat([
    ...renderServiceAccounts(reportServices(facts, input), 'text', { ...LAYOUT, ...layout }),
  ]).toString();
}
