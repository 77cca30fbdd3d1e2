import { expect } from 'vitest';
import type { Held } from './session.ts';
import { agrees, expectedOf } from './verdict.ts';

/** Whether ours is one outcome, and what happened. */
export function expectAgreement({ seen, ours }: Pick<Held, 'seen' | 'ours'>, label: string): void {
  const [first] = ours.map(expectedOf);
  expect(
    [ours.length, first !== undefined && agrees(seen, first)],
    `${label}: ${JSON.stringify(seen)}, and ours ${JSON.stringify(first)}`,
  ).toEqual([1, true]);
}
