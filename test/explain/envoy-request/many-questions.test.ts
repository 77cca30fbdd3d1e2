/** What is printed for each of many requests is, to the byte, what is printed for it alone. */
import { describe, expect, it } from 'vitest';
import { EnvoyRequestAnswers, ToldRequests } from '../../../src/explain/envoy-request/envoy-request.ts';
import {
  refillEnvoyRequestEnd,
  renderEnvoyRequestEnd,
  renderEnvoyRequestLine,
} from '../../../src/render/envoy-request.ts';
import type { EnvoyFacts } from '../../../src/model/envoy.ts';
import { Random } from '../../conformance/envoy/random.ts';
import { bookinfoProxy } from '../../evaluate/proxies/envoy/snapshot.ts';

const QUESTIONS = 400;
const SEED = 20_261_122;
const HEADERS: readonly (readonly [string, string])[] = [
  ['end-user', 'jason'],
  ['end-user', 'other'],
  ['x-forwarded-for', '192.0.2.7'],
  ['x-forwarded-proto', 'https'],
  ['content-type', 'application/grpc'],
  ['origin', 'http://a.example'],
  ['access-control-request-method', 'GET'],
  ['authorization', 'Bearer abc'],
];

/** Domains of all virtual hosts that RDS delivered, some with the port of their route configuration. */
function hosts({ config }: EnvoyFacts): string[] {
  const found = (config?.routes() ?? []).flatMap((route) =>
    route.config
      .at('virtual_hosts')
      .items()
      .flatMap((host) => host.at('domains').strings()),
  );
  return ['nowhere.example', ...new Set(found.map((domain) => domain.replace('*', 'any')))];
}

function question(random: Random, facts: EnvoyFacts, names: readonly string[]): object {
  const listeners = (facts.config?.listeners() ?? []).map((listener) => listener.name);
  const address = `10.96.0.${random.pick([10, 20, 30])}:${random.pick([80, 443, 9080, 15_010])}`;
  return {
    ...(random.chance(0.7) ? { address } : { listener: random.pick(listeners) }),
    host: random.pick(names),
    path: random.pick(['/', '/reviews/1', '/productpage?u=normal', '/static/x;a=b']),
    method: random.pick(['GET', 'GET', 'POST', 'OPTIONS']),
    headers: Object.fromEntries(random.some(HEADERS, 0, 2)),
    ...random.maybe(0.3, () => ({ source: random.pick(['10.244.1.5', '10.244.2.9']) })),
    ...random.maybe(0.1, () => ({ sni: random.pick(names), alpn: ['h2'] })),
  };
}

describe.each(['bookinfo/productpage-v1-abc', 'istio-system/istio-ingressgateway-abc'])('the proxy of %s', (pod) => {
  it('answers each of many as if it were the only one', () => {
    const facts = bookinfoProxy(pod);
    const random = new Random(SEED);
    const names = hosts(facts);
    const asked = Array.from({ length: QUESTIONS }, () => question(random, facts, names));
    const many = new ToldRequests(facts, { tell: renderEnvoyRequestEnd, refill: refillEnvoyRequestEnd });
    const lines = [...asked, ...asked.toReversed()].map((one) => {
      const answer = many.ask(one);
      return typeof answer === 'string' ? answer : renderEnvoyRequestLine(JSON.stringify(one), answer.told);
    });
    const alone = asked.map((one) => {
      const answer = new EnvoyRequestAnswers(facts).answer(one);
      return 'error' in answer ? answer.error : JSON.stringify(answer);
    });
    expect(lines).toEqual([...alone, ...alone.toReversed()]);
    expect(new Set(alone.map((line) => line.slice(line.indexOf('"outcomes"')))).size).toBeGreaterThan(5);
  });
});
