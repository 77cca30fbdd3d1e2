import type { ProxyDump } from '../../model/proxy-dump.ts';
import { QuestionError } from '../question/question-input.ts';
import { field, text } from '../../model/protobuf-message.ts';
import { sortedBy, type Table } from './table.ts';

/**
 * EcdsFilterConfigs of all sections, in the order of the dump.
 * @throws QuestionError when the dump has no such section
 */
export function listExtensions(dump: ProxyDump): readonly unknown[] {
  const sections = dump.sections('EcdsConfigDump');
  if (sections.length === 0) {
    throw new QuestionError(`${dump.artefact} has no EcdsConfigDump`, [
      'The proxy received no filter by extension discovery, or the dump was captured with a mask.',
    ]);
  }
  return sections.flatMap((section) => section.elements('ecds_filters'));
}

/** Names and types, by type and name. */
export function extensionTable(filters: readonly unknown[]): Table {
  const found = filters.map((filter) => {
    const config = field(filter, 'ecds_filter');
    const type = text(config, 'typed_config', '@type');
    return [text(config, 'name'), type.replace(/^type\.googleapis\.com\//, '')] as const;
  });
  const rows = sortedBy(found, ([name, type]) => [type, name]);
  return { columns: ['ECDS NAME', 'TYPE'], rows, padding: 5 };
}
