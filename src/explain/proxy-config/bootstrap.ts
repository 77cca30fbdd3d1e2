import type { ProxyDump } from '../../model/proxy-dump.ts';
import { field, number, text } from '../../model/protobuf-message.ts';
import { requiredSection } from './resources.ts';
import type { Table } from './table.ts';

/**
 * The BootstrapConfigDump.
 * @throws QuestionError when the dump has none
 */
export function findBootstrap(dump: ProxyDump): unknown {
  return requiredSection(dump, 'BootstrapConfigDump').value;
}

/** Versions of Istio, its proxy and Envoy, as the node tells them; those of Istio only where it does. */
export function bootstrapTable(section: unknown): Table {
  const node = field(section, 'bootstrap', 'node');
  const istio = text(node, 'metadata', 'ISTIO_VERSION');
  const proxy = text(node, 'metadata', 'ISTIO_PROXY_SHA');
  const rows = [
    ...(istio === '' ? [] : [['Istio Version:', istio]]),
    ...(proxy === '' ? [] : [['Istio Proxy Version:', proxy.split(':')[1] ?? proxy]]),
    ['Envoy Version:', envoyVersion(field(node, 'user_agent_build_version'))],
  ];
  return { columns: null, rows, padding: 1 };
}

function envoyVersion(build: unknown): string {
  const version = ['major_number', 'minor_number', 'patch'].map((part) => number(build, 'version', part)).join('.');
  const metadata = field(build, 'metadata');
  const part = (key: string, sign: string): string =>
    field(metadata, key) === undefined ? '' : `${sign}${text(metadata, key)}`;
  return `${version}${part('build.label', '-')}${part('revision.status', '/')}${part('build.type', '/')}${part('ssl.version', '/')}`;
}
