import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cacheFolder } from '../../src/launch/cache-folder.ts';

const home = '/home/ada';

it.each([
  ['linux', {}, join(home, '.cache', 'kubectl-reach')],
  ['linux', { XDG_CACHE_HOME: '/var/cache/ada' }, join('/var/cache/ada', 'kubectl-reach')],
  // The XDG Base Directory Specification: a relative path is invalid and is ignored.
  ['linux', { XDG_CACHE_HOME: 'cache' }, join(home, '.cache', 'kubectl-reach')],
  ['darwin', {}, join(home, 'Library', 'Caches', 'kubectl-reach')],
  ['darwin', { XDG_CACHE_HOME: '/tmp/x' }, join('/tmp/x', 'kubectl-reach')],
  [
    'win32',
    { LOCALAPPDATA: 'C:\\Users\\ada\\AppData\\Local' },
    join('C:\\Users\\ada\\AppData\\Local', 'kubectl-reach', 'Cache'),
  ],
  ['win32', {}, undefined],
] as const)('%s %j', (platform, environment, expected) => {
  expect(cacheFolder(environment, platform, home)).toBe(expected);
});

it('knows no place without a home', () => {
  expect(cacheFolder({}, 'linux', '')).toBeUndefined();
});
