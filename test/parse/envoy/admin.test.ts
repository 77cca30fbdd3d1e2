import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Artefact } from '../../../src/model/artefact.ts';
import { parseEnvoyClusters, parseEnvoyListeners, parseEnvoyServerInfo } from '../../../src/parse/envoy/admin.ts';

const FOLDER = 'test/fixtures/one-node-bookinfo/clusters/lab/pods/bookinfo/productpage-v1-abc/envoy';

function artefact(bytes: Buffer): Artefact {
  return { name: 'file.json', capturedAt: null, bytes };
}

const sample = (name: string): Artefact => artefact(readFileSync(`${FOLDER}/${name}.json`));

describe('parseEnvoyClusters', () => {
  it.each([
    ['whole', undefined],
    ['through the byte index', 0],
  ])('finds clusters by name, %s', (_, limit) => {
    const { value, gaps } = parseEnvoyClusters(sample('clusters'), limit);
    expect(gaps).toEqual([]);
    const ratings = value.cluster('outbound|9080||ratings.bookinfo.svc.cluster.local');
    expect(ratings?.at('host_statuses', 0, 'address', 'socket_address').evidence()).toEqual({
      artefact: 'file.json',
      pointer: '/cluster_statuses/0/host_statuses/0/address/socket_address',
      raw: '{"address":"10.244.1.21","port_value":9080}',
    });
    expect(value.cluster('nosuch')).toBeUndefined();
  });

  it('notes a status without a name', () => {
    const { value, gaps } = parseEnvoyClusters(artefact(Buffer.from('{"cluster_statuses":[{"x":1},{"name":"a"}]}')));
    expect(value.cluster('a')?.pointer).toBe('/cluster_statuses/1');
    expect(gaps).toMatchObject([{ pointer: '/cluster_statuses/0', problem: 'a cluster status without a name' }]);
  });

  it('says what it got instead', () => {
    const { value, gaps } = parseEnvoyClusters(sample('config_dump'));
    expect(value.cluster('agent')).toBeUndefined();
    expect(gaps.map(({ problem }) => problem)).toEqual([
      'this is not the answer of /clusters?format=json: it is that of /config_dump',
    ]);
  });

  it('an Envoy without clusters answers with an empty object', () => {
    const { value, gaps } = parseEnvoyClusters(artefact(Buffer.from('{}\n')));
    expect(gaps).toEqual([]);
    expect(value.cluster('a')).toBeUndefined();
  });

  it('keeps whole statuses of a file that was cut off', () => {
    const { bytes } = sample('clusters');
    const { value, gaps } = parseEnvoyClusters(artefact(bytes.subarray(0, bytes.length / 2)));
    expect(gaps).toHaveLength(1);
    expect(value.cluster('outbound|9080||ratings.bookinfo.svc.cluster.local')).toBeDefined();
  });
});

describe('parseEnvoyListeners and parseEnvoyServerInfo', () => {
  it('give the document', () => {
    expect(parseEnvoyListeners(sample('listeners')).value?.at('listener_statuses').items()).toHaveLength(7);
    expect(parseEnvoyServerInfo(sample('server_info')).value?.at('state').string()).toBe('LIVE');
  });

  it('of an Envoy without listeners is an empty object', () => {
    const { value, gaps } = parseEnvoyListeners(artefact(Buffer.from('{}\n')));
    expect(gaps).toEqual([]);
    expect(value?.at('listener_statuses').items()).toEqual([]);
  });

  it.each([
    ['text', 'no healthy upstream'],
    ['nothing', ''],
    ['another document', '{"configs":[]}'],
  ])('give null and a gap for %s', (_, text) => {
    for (const parse of [parseEnvoyListeners, parseEnvoyServerInfo]) {
      const { value, gaps } = parse(artefact(Buffer.from(text)));
      expect(value).toBeNull();
      expect(gaps).toHaveLength(1);
    }
  });
});
