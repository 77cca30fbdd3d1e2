import { describe, expect, it } from 'vitest';
import { statedResources, troubleNotes } from '../../../src/explain/proxy-config/inventory/stated-resources.ts';
import { field } from '../../../src/model/protobuf-message.ts';
import type { ProxyDump } from '../../../src/model/proxy-dump.ts';
import { readProxyDocument } from '../../../src/parse/envoy/proxy-dump.ts';

const ADMIN = 'type.googleapis.com/envoy.admin.v3.';

function dumpOf(type: string, section: object): ProxyDump {
  const bytes = Buffer.from(JSON.stringify({ configs: [{ '@type': `${ADMIN}${type}`, ...section }] }));
  const document = readProxyDocument({ name: 'config_dump.json', capturedAt: null, bytes });
  if (document.kind !== 'config-dump') throw new Error('it is no dump');
  return document.dump;
}

const listener = (name: string, more: object = {}): object => ({ name, ...more });
const failure = (name: string, details: string): object => ({ failed_configuration: listener(name), details });

/** As Envoy lists them: failures of the last update stand at the end again, without the listener's name. */
const LISTENERS = dumpOf('ListenersConfigDump', {
  dynamic_listeners: [
    { name: 'a', active_state: { listener: listener('a') } },
    { name: 'b', active_state: { listener: listener('b') }, error_state: failure('b', 'no file') },
    { name: 'c', error_state: failure('c', 'no port') },
    { name: 'd', active_state: { listener: listener('d') }, draining_state: { listener: listener('d') } },
    { name: 'e', warming_state: { listener: listener('e') } },
    { error_state: failure('b', 'no file') },
    { error_state: failure('c', 'no port') },
    { error_state: failure('', 'no name') },
  ],
});
const CLUSTERS = dumpOf('ClustersConfigDump', {
  dynamic_active_clusters: [{ cluster: { name: 'a' } }],
  dynamic_warming_clusters: ['b', 'c', 'd', 'e'].map((name) => ({ cluster: { name } })),
});

describe('states', () => {
  it('each refusal is told once, and one of a listener that runs is no listener of its own', () => {
    const told = [...statedResources(LISTENERS, 'listener')].map(({ resource, state, rejection }) => [
      field(resource, 'name'),
      state,
      rejection?.reason ?? null,
    ]);
    expect(told).toEqual([
      ['a', 'active', null],
      ['b', 'active', 'no file'],
      ['c', 'rejected', 'no port'],
      ['d', 'active', null],
      ['d', 'draining', null],
      ['e', 'warming', null],
      ['', 'rejected', 'no name'],
    ]);
  });

  it('one alone can be asked for', () => {
    const only = (state: 'warming' | 'draining' | 'rejected'): unknown[] =>
      [...statedResources(LISTENERS, 'listener', {}, state)].map(({ resource }) => field(resource, 'name'));
    expect([only('warming'), only('draining'), only('rejected')]).toEqual([['e'], ['d'], ['c', '']]);
  });
});

describe('notes beside a table of what is active', () => {
  it.each<readonly [kind: 'listener' | 'cluster' | 'route', dump: ProxyDump, notes: readonly string[]]>([
    [
      'listener',
      LISTENERS,
      [
        'The proxy rejected an update of listener b (an older version of it runs): no file',
        'The proxy rejected an update of listener c (no version of it runs): no port',
        'The proxy rejected an update of listener without a name (no version of it runs): no name',
        '1 listener is warming (not in use yet): e',
      ],
    ],
    ['cluster', CLUSTERS, ['4 clusters are warming (not in use yet): b, c, d, …']],
    ['route', CLUSTERS, []],
  ])('of each %s', (kind, dump, notes) => {
    expect(troubleNotes(dump, kind)).toEqual(notes);
  });
});
