import { describe, expect, it } from 'vitest';
import { readSelector } from '../../../src/explain/proxy-config/label-selector.ts';
import { loggersToChange, readLoggers } from '../../../src/explain/proxy-config/loggers.ts';
import { readPattern } from '../../../src/explain/proxy-config/pattern.ts';

describe('patterns', () => {
  it.each<readonly [pattern: string, text: string, matches: boolean]>([
    ['v1', 'v1', true],
    ['v1', 'v10', false],
    ['HEALTHY', 'healthy', true],
    ['rev*', 'reviews', true],
    ['*iews', 'reviews', true],
    ['r*i*s', 'reviews', true],
    ['a*a', 'a', false],
    ['*', '', true],
    ['r*x*s', 'reviews', false],
    ['/^rev.*s$/', 'reviews', true],
    ['/^v[12]$/', 'v3', false],
    ['/view/', 'reviews', true],
  ])('%s of %s: %s', async (pattern, text, matches) => {
    expect((await readPattern('service', pattern)).matches(text)).toBe(matches);
  });

  it('a regular expression that is none is refused', async () => {
    await expect(readPattern('service', '/(/')).rejects.toThrow('--service: /(/ is no regular expression');
  });
});

describe('label selectors', () => {
  const labels = { app: 'reviews', version: 'v1', 'istio.io/rev': 'default' };
  it.each<readonly [selector: string, matches: boolean]>([
    ['app=reviews', true],
    ['app==reviews,version=v2', false],
    ['version!=v2', true],
    ['other!=x', true],
    ['app', true],
    ['!app', false],
    ['!other', true],
    ['version in (v1, v2)', true],
    ['version notin (v1, v2)', false],
    ['other notin (a)', true],
    ['other in (a)', false],
    ['istio.io/rev=default', true],
  ])('%s: %s', (selector, matches) => {
    expect(readSelector(selector)(labels)).toBe(matches);
  });

  it.each(['', 'a=b=c', 'a in b', ','])('%j is none', (selector) => {
    expect(() => readSelector(selector)).toThrow('is no label selector');
  });
});

describe('loggers', () => {
  const loggers = readLoggers('active loggers:\n  admin: warning\n  http: debug\n');
  it.each<readonly [level: string | null, reset: boolean, queries: readonly string[]]>([
    [null, false, []],
    [null, true, ['level=warning']],
    ['debug', false, ['level=debug']],
    ['warn', false, ['level=warning']],
    ['http:debug,admin=trace', false, ['http=debug', 'admin=trace']],
    ['http:debug,info', false, ['level=info']],
    ['ns::http:off', false, ['http=off']],
  ])('%s, reset %s', (level, reset, queries) => {
    expect(loggersToChange(loggers, { level, reset })).toEqual(queries);
  });

  it.each<readonly [level: string, problem: string]>([
    ['loud', 'unrecognized logging level: loud'],
    ['none', 'unrecognized logging level: none'],
    ['htp:debug', 'unrecognized logger name: htp'],
  ])('%s', (level, problem) => {
    expect(() => loggersToChange(loggers, { level, reset: false })).toThrow(problem);
  });

  it('another answer is refused', () => {
    expect(() => readLoggers('{"configs":[]}')).toThrow("this is not the answer of a proxy's /logging");
  });
});
