import { expect, it } from 'vitest';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import { httpListener, smallProxy } from '../small-proxy.ts';
import { direct, http, summary } from '../snapshot.ts';

const configuration = (status: number): object => ({
  name: `r${status}`,
  virtual_hosts: [{ name: 'v', domains: ['*'], routes: [{ match: { prefix: '/' }, direct_response: { status } }] }],
});
const scope = (key: readonly string[], more: object): object => ({
  name: key.join(),
  key: { fragments: key.map((string_key) => ({ string_key })) },
  ...more,
});
const scopes = [
  scope(['a'], { route_configuration: configuration(201) }),
  scope(['b'], { route_configuration_name: 'undelivered' }),
  scope(['c'], { route_configuration_name: 'undelivered', on_demand: true }),
];
const asked = (extractor: object, value: string | null, list: readonly object[] = scopes): string[] => {
  const fragments = [{ header_value_extractor: { name: 'X-Scope', ...extractor } }];
  const scoped_routes = {
    name: 's',
    scope_key_builder: { fragments },
    scoped_route_configurations_list: { scoped_route_configurations: list },
  };
  const facts = smallProxy({ listeners: [httpListener([], { route_config: undefined, scoped_routes })], clusters: [] });
  const request = http('GET', 'h', '/', value === null ? {} : { 'x-scope': value });
  return evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, request)).map((outcome) =>
    outcome.end.kind === 'undetermined' ? outcome.end.unknown.reason : summary(outcome),
  );
};
const NONE = ['1 404 NR route_not_found'];

it.each<[string, object, string | null, string[]]>([
  ['a scope with its own routes', { index: 0 }, 'a', ['1 201 - direct_response']],
  ['a scope whose routes did not come', { index: 0 }, 'b', NONE],
  ['a scope whose routes come on demand', { index: 0 }, 'c', ['the scope’s route configuration comes on demand']],
  ['no scope of that key', { index: 0 }, 'x', NONE],
  ['no header', { index: 0 }, null, NONE],
  ['a part of a list', { element_separator: ';', index: 1 }, 'x;a', ['1 201 - direct_response']],
  ['a list that is too short', { element_separator: ';', index: 2 }, 'x;a', NONE],
  [
    'an element by its key',
    { element_separator: ',', element: { key: 'k', separator: '=' } },
    'x,k=a,k=b',
    ['1 201 - direct_response'],
  ],
  ['a field that is not understood', { index: 0, strange: 1 }, 'a', ['the field strange is not understood']],
])('%s', (_, extractor, value, expected) => {
  expect(asked(extractor, value)).toEqual(expected);
});

it('a scope that is not understood leaves all of them unknown', () => {
  expect(asked({ index: 0 }, 'a', [...scopes, scope(['d'], { strange: 1 })])).toEqual([
    'the field strange is not understood',
  ]);
});
