import { describe, expect, it } from 'vitest';
import { QuestionError, type QuestionInput } from '../../../src/explain/question/question-input.ts';
import { resolveQuestion } from '../../../src/explain/question/resolve-question.ts';
import { createWorld } from '../../../src/explain/world/world.ts';
import type { Question } from '../../../src/model/question.ts';
import { ask, sampleFacts } from '../../sample-facts.ts';
import { deployment } from './workload-sample.ts';

const shop = createWorld(await sampleFacts('kube-proxy-iptables'));
const mesh = createWorld(await sampleFacts('one-node-bookinfo'));
const workloads = createWorld(await sampleFacts('kube-proxy-iptables', deployment('front', ['cli-a', 'cli-b'])));
const SHOP = { namespace: 'shop' };
const BOOKINFO = { namespace: 'bookinfo' };

function only(world: typeof shop, input: QuestionInput): Question {
  const { questions } = resolveQuestion(world, input);
  expect(questions).toHaveLength(1);
  return questions[0] as Question;
}

/** The error of a question that cannot be asked, as a person reads it. */
function refusal(world: typeof shop, input: QuestionInput): string {
  try {
    resolveQuestion(world, input);
  } catch (error) {
    if (error instanceof QuestionError) return [error.message, ...error.hints].join(' | ');
    throw error;
  }
  throw new Error(`${input.from} → ${input.to} could be asked`);
}

describe('TO', () => {
  const targets: readonly (readonly [
    to: string,
    host: string,
    port: number,
    named: string | null,
    protocol?: string,
  ])[] = [
    ['web', 'web', 80, 'service web http'],
    ['svc/web', 'web', 80, 'service web http'],
    ['service/web:9090', 'web', 9090, 'service web metrics'],
    ['web:metrics', 'web', 9090, 'service web metrics'],
    ['web:81', 'web', 81, 'service web null'],
    ['web.shop', 'web.shop', 80, 'service web http'],
    ['web.shop:9090', 'web.shop', 9090, 'service web metrics'],
    ['web.shop.svc.cluster.local', 'web.shop.svc.cluster.local', 80, 'service web http'],
    ['svc/kubernetes.default', 'kubernetes.default', 443, 'service kubernetes https'],
    ['diameter', 'diameter', 3868, 'service diameter dia', 'sctp'],
    ['dns', 'dns', 53, 'service dns dns', 'udp'],
    ['dns:dns-tcp', 'dns', 53, 'service dns dns-tcp', 'tcp'],
    ['http://web/', 'web', 80, 'service web http'],
    ['http://web:9090/metrics?x=1#part', 'web', 9090, 'service web metrics'],
    ['HTTPS://api', 'api', 443, 'service api https'],
    ['tcp://web:80', 'web', 80, 'service web http'],
    ['http://user:secret@web/', 'web', 80, 'service web http'],
    ['pod/web-a', '10.244.1.10', 8080, 'pod web-a'],
    ['pod/web-a:9999', '10.244.1.10', 9999, 'pod web-a'],
    ['10.96.10.1', '10.96.10.1', 80, 'service web http'],
    ['10.96.10.1:9090', '10.96.10.1', 9090, 'service web metrics'],
    ['10.244.1.10:8080', '10.244.1.10', 8080, 'pod web-a'],
    ['[fd00:96::109]:80', 'fd00:96::109', 80, 'service web-v6 http'],
    ['tcp://[FD00:0096::0109]:80', 'fd00:96::109', 80, 'service web-v6 http'],
    ['[::1]:80', '::1', 80, null],
    ['node/node2:30080', '10.10.0.12', 30080, null],
    ['example.com:443', 'example.com', 443, null],
    ['https://example.com/a', 'example.com', 443, null],
  ];
  it.each(targets.map(([to, host, port, named, protocol = 'tcp']) => [to, host, port, named, protocol] as const))(
    '%s is %s port %i (%s)',
    (to, host, port, named, protocol) => {
      const { target, protocol: sent } = only(shop, ask('cli-a', to, SHOP));
      const { service, servicePort, pod } = target;
      const what = service !== null ? `service ${service.name} ${servicePort?.name ?? null}` : pod && `pod ${pod.name}`;
      expect([target.host, target.port, what, sent]).toEqual([host, port, named, protocol]);
    },
  );

  it.each([
    ['wbe', 'there is no Service wbe in namespace shop | Close names in namespace shop: web'],
    ['svc/wbe', 'there is no Service wbe in namespace shop | Close names in namespace shop: web'],
    ['kubernetes', 'there is no Service kubernetes in namespace shop | In another namespace: kubernetes.default.'],
    ['zzzzzz', 'there is no Service zzzzzz in namespace shop | Services in namespace shop: api, api-nr-headless, '],
    ['web:htp', 'Service shop/web has no port named htp | Its ports: '],
    ['web:0', '0 is no port (1 to 65535)'],
    ['web:70000', '70000 is no port (1 to 65535)'],
    ['ext', 'which port of Service shop/ext? It declares none | Write ext:PORT.'],
    ['10.1.2.3', 'which port of 10.1.2.3? | Write 10.1.2.3:PORT.'],
    ['example.com', 'which port of example.com? | Write example.com:PORT or a URL.'],
    ['pod/wbe-a', 'there is no pod wbe-a in namespace shop | Close names: web-a'],
    ['pod/web-a:nope', 'which port of pod shop/web-a? | Write pod/web-a:PORT.'],
    ['node/node9:80', 'there is no node node9 | Nodes: node1 and node2.'],
    ['node/node1', 'which port of node/node1? | Write node/node1:PORT.'],
    ['ftp://web/', 'the scheme ftp:// is not known | Known schemes: '],
    ['http:///path', 'the URL http:///path names no host'],
  ])('%s: %s', (to, text) => {
    expect(refusal(shop, ask('cli-a', to, SHOP))).toContain(text);
  });

  it('says which port it took of several', () => {
    expect(only(shop, ask('cli-a', 'web', SHOP)).notes.join(' ')).toMatch(
      /^Port .*http.* was taken; Service shop\/web also has .*metrics/,
    );
  });
});

describe('FROM', () => {
  const sources: readonly (readonly [from: string, kind: string, name: string, more?: Partial<QuestionInput>])[] = [
    ['cli-a', 'pod', 'shop/cli-a'],
    ['pod/cli-a', 'pod', 'shop/cli-a'],
    ['cli-a.shop', 'pod', 'shop/cli-a', { namespace: 'default' }],
    ['cli-a', 'pod', 'shop/cli-a', { fromNamespace: 'shop', namespace: 'default' }],
    ['cli-a', 'pod', 'shop/cli-a', { namespace: null }],
    ['10.244.1.20', 'pod', 'shop/cli-a'],
    ['node/node1', 'node', 'node1'],
    ['node1', 'node', 'node1'],
    ['10.10.0.11', 'node', 'node1'],
    ['192.0.2.9', 'outside', '192.0.2.9'],
    ['2001:DB8::9', 'outside', '2001:db8::9'],
  ];
  it.each(sources.map(([from, kind, name, more = {}]) => [from, kind, name, more] as const))(
    '%s is %s %s',
    (from, kind, name, more) => {
      const { source } = only(shop, ask(from, '10.96.10.1:80', { ...SHOP, ...more }));
      const what =
        source.kind === 'pod'
          ? `${source.pod.namespace}/${source.pod.name}`
          : source.kind === 'node'
            ? source.node
            : source.ip;
      expect([source.kind, what]).toEqual([kind, name]);
    },
  );

  it('is every replica of a workload', () => {
    const { questions, workload } = resolveQuestion(workloads, ask('deploy/front', 'web', SHOP));
    expect(workload).toBe('deploy/front');
    expect(questions.map(({ source }) => source.kind === 'pod' && source.pod.name)).toEqual(['cli-a', 'cli-b']);
  });

  const refusals: readonly (readonly [from: string, text: string, more?: Partial<QuestionInput>])[] = [
    ['cli', 'there is no pod cli in namespace shop | Close names in namespace shop: cli-a and cli-b.'],
    ['pod/nothing-like-it', 'there is no pod nothing-like-it in namespace shop | Pods in namespace shop: api-a, '],
    [
      'web',
      'there is no pod web in namespace shop | web is a Service there: FROM is a client, such as a pod or deploy/web.',
    ],
    ['pod/cli-a', 'there is no pod cli-a in namespace default', { namespace: null }],
    ['cli-a', 'there is no pod cli-a in namespace other', { namespace: 'other' }],
    ['node/nope', 'there is no node nope | Nodes: node1 and node2.'],
    ['svc/web', 'FROM cannot be a svc: svc/web | FROM is pod/NAME, node/NAME, deploy/NAME'],
    ['deploy/fornt', 'there is no Deployment fornt in namespace shop'],
    ['deploy/idle', 'It is scaled to 0 replicas.'],
    ['cli-a', 'there is no node node7 | Nodes: node1, node2', { node: 'node7' }],
  ];
  it.each(refusals.map(([from, text, more = {}]) => [from, text, more] as const))('%s: %s', (from, text, more) => {
    expect(refusal(workloads, ask(from, 'web:80', { ...SHOP, ...more }))).toContain(text);
  });

  it('tells where a pod of that name is, when not here', () => {
    expect(refusal(shop, ask('pod/cli-a', 'web', { namespace: null }))).toContain('shop');
  });

  it('takes a Service for clients outside at the address that they can use', () => {
    const { target, notes } = only(shop, ask('192.0.2.9', 'web-lb', SHOP));
    expect(target.service?.name).toBe('web-lb');
    expect(notes.join(' ')).toContain(`load balancer address ${target.host}`);
    const port = only(shop, ask('192.0.2.9', 'web-nodeport', { ...SHOP, node: 'node2' }));
    expect([port.target.host, port.target.port]).toEqual(['10.10.0.12', 30080]);
  });
});

describe('the request', () => {
  it.each<readonly [what: string, to: string, more: Partial<QuestionInput>, expected: object | null]>([
    [
      'a URL',
      'http://reviews:9080/reviews/1?x=y',
      {},
      { method: 'GET', path: '/reviews/1?x=y', authority: 'reviews:9080' },
    ],
    ['a URL without path', 'http://reviews:9080', {}, { path: '/' }],
    ['a port declared as HTTP', 'reviews', {}, { method: 'GET', path: '/', authority: 'reviews:9080' }],
    [
      'the port of the scheme',
      'http://istio-ingressgateway.istio-system/',
      {},
      { authority: 'istio-ingressgateway.istio-system' },
    ],
    ['a method', 'reviews', { method: 'delete' }, { method: 'DELETE' }],
    [
      'headers',
      'reviews',
      { headers: ['End-User:  jason ', 'X-A: b:c'] },
      {
        headers: [
          ['end-user', 'jason'],
          ['x-a', 'b:c'],
        ],
      },
    ],
    [
      'a Host header',
      'http://10.96.1.12:9080/',
      { headers: ['Host: nosuch.example'] },
      { authority: 'nosuch.example', headers: [] },
    ],
    [':authority', 'reviews', { headers: [':authority: a.example'] }, { authority: 'a.example', headers: [] }],
    ['https', 'https://reviews:9080/', {}, { scheme: 'https' }],
    ['gRPC', 'grpc://reviews:9080/a.B/C', {}, { method: 'POST', version: 'h2', path: '/a.B/C' }],
    ['raw bytes', 'tcp://reviews:9080', {}, null],
    ['raw bytes to a port that declares nothing', 'tcp://10.96.1.12:12345', {}, null],
  ])('%s', (_, to, more, expected) => {
    const { http } = only(mesh, ask('productpage-v1-abc', to, { ...BOOKINFO, ...more })).request;
    expect([http]).toMatchObject([expected]);
  });

  it.each([
    ['what speaks gRPC', 'grpc-reviews', 'reviews', { method: 'POST', version: 'h2' }],
    ['it by a URL of HTTP', 'grpc-reviews', 'http://reviews:9080/', { method: 'GET', version: 'http/1.1' }],
    ['what speaks gRPC-Web', 'grpc-web', 'reviews', { method: 'GET', version: 'http/1.1' }],
    ['what speaks HTTP/2', 'http2', 'reviews', { method: 'GET', version: 'http/1.1' }],
  ])('asks %s', async (_, name, to, expected) => {
    const rename = (text: string): string => text.replaceAll('"name":"http","protocol"', `"name":"${name}","protocol"`);
    const world = createWorld(await sampleFacts('one-node-bookinfo', { 'resources/core/v1/services.json': rename }));
    expect(only(world, ask('productpage-v1-abc', to, BOOKINFO)).request.http).toMatchObject(expected);
  });

  it.each<readonly [text: string, to: string, more: Partial<QuestionInput>]>([
    ['-H wants "Name: value", not "abc"', 'reviews', { headers: ['abc'] }],
    ['-H wants "Name: value", not "a b: c"', 'reviews', { headers: ['a b: c'] }],
    ['--resolve wants HOST:IP, not abc', 'reviews', { resolve: ['abc'] }],
    ['--resolve wants HOST:IP, not a:b', 'reviews', { resolve: ['a:b'] }],
    ['HTTP cannot be asked over udp', 'http://reviews:9080/', { protocol: 'udp' }],
    ['HTTP cannot be asked over udp', 'udp://reviews:9080', { method: 'GET' }],
  ])('%s', (text, to, more) => {
    expect(refusal(mesh, ask('productpage-v1-abc', to, { ...BOOKINFO, ...more }))).toContain(text);
  });
});
