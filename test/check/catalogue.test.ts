import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../src/check/catalogue.ts';
import { CHECKS } from '../../src/check/run-checks.ts';

const PAGES = new URL('../../docs/codes/', import.meta.url);
const index = readFileSync(new URL('README.md', PAGES), 'utf8');
/** Codes that no check finds: the comparison of replicas needs several walks. */
const ELSEWHERE = ['KR501'];

describe('the catalogue of findings', () => {
  it('has one check for every code, and a code for every check', () => {
    expect([...CHECKS.map((check) => check.code), ...ELSEWHERE].toSorted()).toEqual(Object.keys(CATALOGUE).toSorted());
  });

  it('has no page without a code', () => {
    const pages = readdirSync(PAGES).filter((name) => name.startsWith('KR'));
    expect(pages.toSorted()).toEqual(
      Object.keys(CATALOGUE)
        .map((code) => `${code}.md`)
        .toSorted(),
    );
  });

  it.each(Object.entries(CATALOGUE))('%s has its page and its line in the list', (code, { severity, title }) => {
    const page = readFileSync(new URL(`${code}.md`, PAGES), 'utf8');
    expect(page.split('\n')[0]).toBe(`# ${code}: ${title}`);
    expect(page).toContain(`Severity: ${severity}\n`);
    expect(page).toContain('## See it by hand');
    expect(page).toContain('## Mend it');
    const row = index.split('\n').find((line) => line.includes(`[${code}](${code}.md)`));
    expect(row?.split('|').map((cell) => cell.trim())).toEqual(['', `[${code}](${code}.md)`, severity, title, '']);
  });
});
