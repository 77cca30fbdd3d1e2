/**
 * What `kubectl reach service`, and anybody who asks about Services, may call: apart from src/index.ts, because it needs no walk. In:
 * snapshots, and which Services. Out: a report as text, Service by Service. It knows neither flags nor the process.
 */
import { collectSnapshots } from './collect/snapshot.ts';
import { reportServices, type ServiceAccounts, type ServiceInput } from './explain/service/service.ts';
import { documentPieces } from './render/json.ts';
import { piecesOf } from './render/pieces.ts';
import { renderServices, type ServiceLayout } from './render/service.ts';
import { yamlPieces } from './render/yaml.ts';
import { createWorkspace } from './workspace.ts';

export { renderGaps } from './render/gaps.ts';

/** The version of docs/schema/service.schema.json. */
const SCHEMA_VERSION = '1.0';

/**
 * Reports on Services of a snapshot.
 * @throws QuestionError when there is no such Service or node, InputError when the path is no snapshot
 */
export async function accountServices(paths: readonly string[], input: ServiceInput): Promise<ServiceAccounts> {
  return reportServices(createWorkspace(await collectSnapshots(paths)), input);
}

/** The text of a report, whose Services are looked at as it is made. */
export function* renderServiceAccounts(
  accounts: ServiceAccounts,
  format: 'text' | 'json' | 'yaml',
  layout: ServiceLayout,
): Generator<Buffer> {
  const rest = piecesOf(textsOf(accounts, format, layout));
  yield Buffer.from(yield* rest);
}

function* textsOf(
  accounts: ServiceAccounts,
  format: 'text' | 'json' | 'yaml',
  layout: ServiceLayout,
): Generator<string> {
  const head = { schemaVersion: SCHEMA_VERSION };
  const lists = [['services', accounts.services]] as const;
  const tail = (): object => ({ looked: accounts.looked, gaps: accounts.gaps() });
  if (format === 'yaml') {
    yield* yamlPieces(head, lists, tail);
    return;
  }
  yield* format === 'json' ? documentPieces(head, lists, tail) : renderServices(accounts, layout);
  yield '\n';
}
