import { expect, it } from 'vitest';
import { fileSystemError } from '../../src/collect/input-error.ts';

it.each([
  ['ENOENT', 'there is nothing at x', 'Check the path'],
  ['ENOTDIR', 'there is nothing at x', 'Check the path'],
  ['EACCES', 'reading x is not permitted', 'Change its permissions'],
  ['EPERM', 'reading x is not permitted', 'Change its permissions'],
  ['EIO', 'x cannot be read: EIO: failed', 'Try again'],
])('says what %s means for a person', (code, message, remedy) => {
  const cause = Object.assign(new Error(`${code}: failed`), { code });
  const error = fileSystemError('x', cause);
  expect(error).toMatchObject({ path: 'x', message, cause });
  expect(error.remedy).toContain(remedy);
});
