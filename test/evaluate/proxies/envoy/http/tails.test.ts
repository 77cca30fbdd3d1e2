/** A request is taken for one that was there before only where everything that was asked of both has the same answer. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Asked } from '../../../../../src/evaluate/proxies/envoy/http/overhear.ts';
import { Tails } from '../../../../../src/evaluate/proxies/envoy/http/tails.ts';
import { end, START } from '../../../../../src/evaluate/proxies/envoy/walk.ts';
import type { EnvoyOutcome } from '../../../../../src/model/envoy.ts';
import { Cursor } from '../../../../../src/model/json.ts';

const REQUEST = ['method', 'path', 'hasPath', 'authority', 'scheme', 'internal', 'grpc', 'upgrade', 'envoyMinor'];
const SOCKET = [
  'localAddress',
  'localPort',
  'restored',
  'remoteAddress',
  'remotePort',
  'directAddress',
  'transportProtocol',
  'serverName',
  'keepsSource',
];
const CONNECTION = ['localAddress', 'localPort', 'originalAddress', 'originalPort', 'remoteAddress', 'remotePort'];

/** Everything that can be asked and answered with a scalar, by name. */
type Ask = (asked: Asked) => unknown;
const QUESTIONS: readonly (readonly [name: string, ask: Ask])[] = [
  ...REQUEST.map((part) => [`request ${part}`, ({ request }: Asked): unknown => Reflect.get(request, part)] as const),
  ...SOCKET.map((part) => [`socket ${part}`, ({ socket }: Asked): unknown => Reflect.get(socket, part)] as const),
  ...CONNECTION.map(
    (part) => [`connection ${part}`, ({ connection }: Asked): unknown => Reflect.get(connection, part)] as const,
  ),
  ['get a', ({ request }) => request.headers.get('a')],
  ['get b', ({ request }) => request.headers.get('b')],
  ['compared a', ({ request }) => request.headers.compared('a')],
  ['remote address', ({ remoteAddress }) => remoteAddress],
];

/** A request whose answers are those given; the others are 0. */
function asked(answers: Readonly<Record<string, unknown>>): Asked {
  const told = (name: string): unknown => (Object.hasOwn(answers, name) ? answers[name] : 0);
  const members = (part: string, names: readonly string[]): object =>
    Object.fromEntries(names.map((name) => [name, told(`${part} ${name}`)]));
  const headers = {
    get: (name: string) => told(`get ${name}`),
    compared: (name: string) => told(`compared ${name}`),
  };
  const original = { headers: [] };
  const made: object = {
    request: { ...members('request', REQUEST), headers, original },
    socket: { ...members('socket', SOCKET), firstBytes: { kind: 'unknown' } },
    connection: { ...members('connection', CONNECTION), request: {} },
    remoteAddress: told('remote address'),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- values of any type tell more than those of the right one
  return made as Asked;
}

function outcome(detail: string): EnvoyOutcome[] {
  return end(START, { kind: 'close', flag: null, detail, denied: false });
}

const detailOf = ([one]: readonly EnvoyOutcome[]): string | null => (one?.end.kind === 'close' ? one.end.detail : null);

/** An evaluation that asks one thing after the other, each one by the answers before. */
function evaluate(looked: Asked): EnvoyOutcome[] {
  const told: string[] = [];
  let next = 0;
  for (let count = 0; count < 4; count++) {
    const [name, ask] = QUESTIONS[next % QUESTIONS.length] ?? ['', (): unknown => 0];
    const answer = ask(looked);
    told.push(`${name}=${JSON.stringify(answer)}`);
    next = next * 3 + Number(answer ?? 2) + 1;
  }
  return outcome(told.join(' '));
}

const ROUTE = new Cursor('dump', '/route', {});

describe('a request that others were before', () => {
  it.each(QUESTIONS)('is told from them by %s', (name, ask) => {
    const tails = new Tails();
    const told = [0, 1, '1', null, true, 'null', 0].map((value) =>
      detailOf(tails.recall(ROUTE, asked({ [name]: value }), (looked) => outcome(JSON.stringify(ask(looked))))),
    );
    expect(told).toEqual(['0', '1', '"1"', 'null', 'true', '"null"', '0']);
  });

  it('ends as if it were the only one, in whatever order they come', () => {
    const answer = fc.integer({ min: 0, max: 2 });
    const requests = fc.array(fc.record(Object.fromEntries(QUESTIONS.map(([name]) => [name, answer]))), {
      minLength: 20,
      maxLength: 60,
    });
    let recalled = 0;
    fc.assert(
      fc.property(requests, (list) => {
        const tails = new Tails();
        for (const answers of [...list, ...list]) {
          recalled++;
          const told = tails.recall(ROUTE, asked(answers), (looked) => {
            recalled--;
            return evaluate(looked);
          });
          expect(detailOf(told)).toBe(detailOf(evaluate(asked(answers))));
        }
      }),
    );
    expect(recalled).toBeGreaterThan(100);
  });

  it('is followed anew where it was looked at as a whole', () => {
    const tails = new Tails();
    const whole = (looked: Asked): EnvoyOutcome[] => outcome(looked.request.original.headers.join());
    const first = tails.recall(ROUTE, asked({}), whole);
    expect(tails.recall(ROUTE, asked({}), whole)).not.toBe(first);
  });

  it('is another on another route', () => {
    const tails = new Tails();
    const other = new Cursor('dump', '/other', {});
    expect(detailOf(tails.recall(ROUTE, asked({}), () => outcome('one')))).toBe('one');
    expect(detailOf(tails.recall(other, asked({}), () => outcome('other')))).toBe('other');
  });
});
