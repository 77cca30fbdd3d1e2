/** A request is taken for one that was there before only where everything that was asked of both has the same answer. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AUTHORITY,
  hidesHeader,
  METHOD,
  PATH,
  PROTOCOL,
  sentHeader,
  timesSent,
  VERSION,
  WHOLE,
} from '../../../../src/evaluate/proxies/envoy/http/sent-request.ts';
import { EarlierRequests } from '../../../../src/evaluate/proxies/envoy/memory/earlier-requests.ts';
import type { Asked, Looked } from '../../../../src/evaluate/proxies/envoy/memory/overhear.ts';
import { readRuntime } from '../../../../src/evaluate/proxies/envoy/runtime.ts';
import { end, START } from '../../../../src/evaluate/proxies/envoy/walk.ts';
import type { EnvoyOutcome } from '../../../../src/model/envoy.ts';
import { Cursor } from '../../../../src/model/json.ts';
import { smallProxy } from './small-proxy.ts';

const HTTP = { method: METHOD, path: PATH, authority: AUTHORITY, version: VERSION, protocol: PROTOCOL } as const;
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
const APPLICATION = ['protocol', 'tls'];

/** Everything that can be asked and answered with a scalar, by name. */
type Ask = (looked: Looked) => unknown;
const QUESTIONS: readonly (readonly [name: string, ask: Ask])[] = [
  ...Object.entries(HTTP).map(
    ([part, question]) => [`http ${part}`, ({ sent }: Looked): unknown => sent.tell<unknown>(question)] as const,
  ),
  ...SOCKET.map((part) => [`socket ${part}`, ({ socket }: Looked): unknown => Reflect.get(socket, part)] as const),
  ...CONNECTION.map(
    (part) => [`connection ${part}`, ({ connection }: Looked): unknown => Reflect.get(connection, part)] as const,
  ),
  ...APPLICATION.map(
    (part) =>
      [`application ${part}`, ({ connection }: Looked): unknown => Reflect.get(connection.request, part)] as const,
  ),
  ['header a', ({ sent }) => sent.tell(sentHeader('a'))],
  ['header b', ({ sent }) => sent.tell(sentHeader('b'))],
];

/** A request whose answers are those given; the others are 0. */
function asked(answers: Readonly<Record<string, unknown>>): Asked {
  const told = (name: string): unknown => (Object.hasOwn(answers, name) ? answers[name] : 0);
  const members = (part: string, names: readonly string[]): object =>
    Object.fromEntries(names.map((name) => [name, told(`${part} ${name}`)]));
  const headers = ['a', 'b'].map((name) => [name, told(`header ${name}`)]);
  const made: object = {
    http: { ...members('http', Object.keys(HTTP)), headers },
    socket: { ...members('socket', SOCKET), firstBytes: { kind: 'unknown' } },
    connection: { ...members('connection', CONNECTION), request: members('application', APPLICATION) },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- values of any type tell more than those of the right one
  return made as Asked;
}

function outcome(detail: string): EnvoyOutcome[] {
  return end(START, { kind: 'close', flag: null, detail, denied: false });
}

const detailOf = ([one]: readonly EnvoyOutcome[]): string | null => (one?.end.kind === 'close' ? one.end.detail : null);

/** None of these is told of another virtual host. */
const TELLING = { tell: detailOf, refill: (told: string | null) => () => told };

/** An evaluation that asks one thing after the other, each one by the answers before. */
function evaluate(looked: Looked): EnvoyOutcome[] {
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

function remembering(): EarlierRequests<string | null> {
  const facts = smallProxy({});
  const { config } = facts;
  if (config === null) throw new Error('the small proxy has a configuration');
  return new EarlierRequests({ facts, config, runtime: readRuntime(new Cursor('', '', {})) }, TELLING);
}

describe('a request that others were before', () => {
  it.each(QUESTIONS)('is told from them by %s', (name, ask) => {
    const earlier = remembering();
    const told = [0, 1, '1', null, true, 'null', 0].map((value) =>
      earlier.recall(asked({ [name]: value }), (looked) => outcome(JSON.stringify(ask(looked)))),
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
        const earlier = remembering();
        for (const answers of [...list, ...list]) {
          recalled++;
          let alone: string | null = null;
          remembering().recall(asked(answers), (looked) => {
            const outcomes = evaluate(looked);
            alone = detailOf(outcomes);
            return outcomes;
          });
          const told = earlier.recall(asked(answers), (looked) => {
            recalled--;
            return evaluate(looked);
          });
          expect(told).toBe(alone);
        }
      }),
    );
    expect(recalled).toBeGreaterThan(100);
  });

  it.each<[string, Ask]>([
    ['the whole of it', ({ sent }) => sent.tell(WHOLE)],
    ['the HTTP on its connection', ({ connection }) => connection.request.http],
    ['a list', ({ socket }) => socket.firstBytes],
  ])('is followed anew where somebody looked at %s', (_, ask) => {
    const earlier = remembering();
    const followed: unknown[] = [];
    for (const method of ['GET', 'POST', 'GET']) {
      earlier.recall(asked({ 'http method': method }), (looked) => {
        followed.push(ask(looked));
        return outcome('');
      });
    }
    expect(followed).toHaveLength(3);
  });

  it.each<[string, Ask, readonly (readonly [string, string])[], readonly (readonly [string, string])[]]>([
    [
      'how many times a header came',
      ({ sent }) => sent.tell(timesSent('a')),
      [['a', '1,2']],
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    [
      'the values of a header',
      ({ sent }) => sent.tell(sentHeader('a')),
      [['a', '1']],
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
  ])('is told from them by %s', (_, ask, one, other) => {
    const earlier = remembering();
    const told = [one, other, one].map((headers) => {
      const request = asked({});
      return earlier.recall({ ...request, http: { ...request.http, headers } }, (looked) =>
        outcome(JSON.stringify(ask(looked))),
      );
    });
    expect(told[0]).toBe(told[2]);
    expect(told[1]).not.toBe(told[0]);
  });

  it('is told from them by a header whose value is hidden', () => {
    const earlier = remembering();
    const told = [[], ['a'], []].map((unknownHeaders) => {
      const request = asked({});
      return earlier.recall({ ...request, http: { ...request.http, unknownHeaders } }, ({ sent }) =>
        outcome(String(sent.tell(hidesHeader('a')))),
      );
    });
    expect(told).toEqual(['false', 'true', 'false']);
  });
});
