/** The cells of the table of routes, held against istioctl's rules written down plainly (istioctl/pkg/writer/envoy/configdump/route.go). */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { list, text, texts } from '../../../src/model/protobuf-message.ts';
import { routeTable } from '../../../src/explain/proxy-config/routes.ts';
import { readProxyDocument } from '../../../src/parse/envoy/proxy-dump.ts';

const ENDS = ['.svc.cluster.local', '.svc'];

function plainDomains(domains: readonly string[]): string {
  if (domains.length < 2) return domains.join('');
  const named = domains.filter((domain) => {
    const colons = domain.split('').filter((character) => character === ':').length;
    return colons === 0 || (colons > 2 && domain.endsWith(']'));
  });
  const short = named.filter((one) => !named.some((other) => ENDS.some((end) => one === `${other}${end}`)));
  const more = short.length > 2 ? ` + ${short.length - 2} more...` : '';
  return short.slice(0, 2).join(', ') + more;
}

interface Match {
  readonly prefix?: string;
  readonly path_separated_prefix?: string;
  readonly path?: string;
  readonly safe_regex?: { readonly regex?: string };
}

function plainMatch({
  prefix = '',
  path_separated_prefix: separated = '',
  path = '',
  safe_regex: regex,
}: Match): string {
  const parts: string[] = [];
  if (prefix !== '') parts.push(`${prefix}*`);
  if (separated !== '') parts.push(`PathPrefix:${separated}`);
  if (path !== '') parts.push(path);
  if (regex !== undefined) parts.push(`regex ${regex.regex ?? ''}`);
  return parts.join(' ');
}

/** Domains and match of each row. */
const cells = (hosts: readonly unknown[]): (readonly string[])[] =>
  routeTable([{ name: '80', virtual_hosts: hosts }], true, false).rows.map((row) => row.slice(2, 4));
const plainCells = (hosts: readonly unknown[]): (readonly string[])[] =>
  hosts.flatMap((host) => {
    const domains = plainDomains(texts(host, 'domains'));
    const routes = list(host, 'routes');
    if (routes.length === 0) return [[domains, '/*']];
    const shown = routes.filter((route) => text(route, 'route', 'cluster') !== 'PassthroughCluster');
    return shown.map((route) => [domains, plainMatch(Reflect.get(route as object, 'match') as Match)]);
  });

const DOMAIN = fc
  .tuple(
    fc.constantFrom('a', 'a.b', 'c', '10.0.0.1', '[::1]', '[fd00:1:2::3]', '*', ''),
    fc.constantFrom('', '.svc', '.svc.cluster.local'),
    fc.constantFrom('', ':80', ']'),
  )
  .map((parts) => parts.join(''));
const PATH = fc.constantFrom('', '/', '/a');
const MATCH = fc.record(
  { prefix: PATH, path: PATH, path_separated_prefix: PATH, safe_regex: fc.constantFrom({}, { regex: 'a.*' }) },
  { requiredKeys: [] },
);
const HOST = fc.record({
  name: fc.constant('h'),
  domains: fc.array(DOMAIN, { maxLength: 30 }),
  routes: fc.array(fc.record({ match: MATCH }), { maxLength: 3 }),
});

describe('the cells of a table of routes', () => {
  it('are those of the rules written down plainly', () => {
    fc.assert(
      fc.property(fc.array(HOST, { maxLength: 4 }), (hosts) => {
        expect(cells(hosts)).toEqual(plainCells(hosts));
      }),
    );
  });

  const folder = new URL('../../fixtures/one-node-bookinfo/clusters/lab/pods/bookinfo/', import.meta.url);
  const pods = readdirSync(folder).filter((pod) => !pod.startsWith('ratings') && !pod.startsWith('details'));
  it.each(pods)('of %s are, too', (pod) => {
    const bytes = readFileSync(new URL(`${pod}/envoy/config_dump.json`, folder));
    const read = readProxyDocument({ name: pod, capturedAt: null, bytes });
    if (read.kind !== 'config-dump') throw new Error('it is no dump');
    const section = read.dump.section('RoutesConfigDump');
    const hosts = (section?.elements('dynamic_route_configs') ?? []).flatMap((one) =>
      list(one, 'route_config', 'virtual_hosts'),
    );
    expect(hosts.length).toBeGreaterThan(5);
    expect(cells(hosts)).toEqual(plainCells(hosts));
  });
});
