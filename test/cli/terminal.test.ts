import { expect, it } from 'vitest';
import { describeTerminal } from '../../src/cli/terminal.ts';

const terminal = { isTTY: true, columns: 60 };

it.each([
  { what: 'a terminal', stream: terminal, environment: {}, flag: false, color: true, columns: 60 },
  { what: 'a pipe', stream: {}, environment: {}, flag: false, color: false, columns: 80 },
  { what: 'a pipe with COLUMNS', stream: {}, environment: { COLUMNS: '132' }, flag: false, color: false, columns: 132 },
  {
    what: 'COLUMNS that is no number',
    stream: {},
    environment: { COLUMNS: 'wide' },
    flag: false,
    color: false,
    columns: 80,
  },
  { what: '--no-color', stream: terminal, environment: { FORCE_COLOR: '1' }, flag: true, color: false, columns: 60 },
  {
    what: 'NO_COLOR',
    stream: terminal,
    environment: { NO_COLOR: '1', FORCE_COLOR: '1' },
    flag: false,
    color: false,
    columns: 60,
  },
  { what: 'an empty NO_COLOR', stream: terminal, environment: { NO_COLOR: '' }, flag: false, color: true, columns: 60 },
  {
    what: 'FORCE_COLOR in a pipe',
    stream: {},
    environment: { FORCE_COLOR: '1' },
    flag: false,
    color: true,
    columns: 80,
  },
  {
    what: 'FORCE_COLOR=0',
    stream: terminal,
    environment: { FORCE_COLOR: '0' },
    flag: false,
    color: false,
    columns: 60,
  },
  { what: 'a dumb terminal', stream: terminal, environment: { TERM: 'dumb' }, flag: false, color: false, columns: 60 },
])('$what', ({ stream, environment, flag, color, columns }) => {
  expect(describeTerminal(stream, environment, flag)).toEqual({ color, columns });
});
