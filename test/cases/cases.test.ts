/**
 * Cases that came from people: each folder holds a `case.yaml` with the command line, what really happened and why, and under
 * `expect/` the full output, which `npm run golden` writes. The command line may name `input/`, the case's own snapshot.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { built, run } from '../launch/run-program.ts';

/** What a person knows to be true; nothing of it comes from our own output. */
interface Case {
  readonly why: string;
  readonly command: readonly string[];
  readonly status: number;
  /** Words that the answer must hold, whatever its layout. */
  readonly says: readonly string[];
}

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

describe.each(names)('%s', (name) => {
  const { why, command, status, says } = parse(readFileSync(`${FOLDER}${name}/case.yaml`, 'utf8')) as Case;
  const words = command.map((word) => word.replace(/^input(?=\/|$)/, `test/cases/${name}/input`));
  const answer = (...more: string[]) => run(built('kubectl-reach'), [...words, ...more], { COLUMNS: '100' });

  it('ends as it really did', () => {
    const { status: actual, stdout, stderr } = answer();
    expect({ status: actual, stderr }, why).toEqual({ status, stderr: '' });
    for (const word of says) expect(stdout, why).toContain(word);
  });

  it.each([
    ['answer.txt', []],
    ['answer.json', ['-o', 'json']],
  ])('%s', async (file, flags) => {
    await expect(answer(...flags).stdout).toMatchFileSnapshot(`${FOLDER}${name}/expect/${file}`);
  });
});
