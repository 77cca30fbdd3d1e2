/**
 * The README shows real answers: each block that begins with `$ kubectl reach …` holds what the program prints. `npm run golden`
 * writes them anew.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { built, run } from '../launch/run-program.ts';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));
const BLOCK = /```console\n\$ kubectl reach (.*)\n[^]*?```\n/g;

/** Words of a command line without escapes; single and double quotes hold a word together. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}

it('shows what the program prints', async () => {
  const text = readFileSync(README, 'utf8');
  const blocks = [...text.matchAll(BLOCK)];
  expect(blocks.length).toBeGreaterThan(2);
  const shown = text.replaceAll(BLOCK, (_, line: string) => {
    const { stdout, stderr } = run(built('kubectl-reach'), words(line), { COLUMNS: '100' });
    return `\`\`\`console\n$ kubectl reach ${line}\n${stdout}${stderr}\`\`\`\n`;
  });
  await expect(shown).toMatchFileSnapshot(README);
});
