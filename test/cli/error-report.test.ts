import { readFileSync } from 'node:fs';
import { CLIError } from '@oclif/core/errors';
import { expect, it } from 'vitest';
import { InputError } from '../../src/collect/input-error.ts';
import { CliError } from '../../src/cli/cli-error.ts';
import { QuestionError } from '../../src/explain/question/question-input.ts';
import { reportError } from '../../src/cli/error-report.ts';

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

it.each([
  {
    what: 'an error with what to do next',
    error: new CliError('no pod is called "web"', { remedy: 'Close: web-0, web-1.' }),
    text: 'error: no pod is called "web"\nClose: web-0, web-1.\n',
    status: 2,
  },
  {
    what: 'its own status',
    error: new CliError('out of reach', { status: 4 }),
    text: 'error: out of reach\n',
    status: 4,
  },
  {
    what: 'a question that cannot be asked',
    error: new QuestionError('there is no pod "web"', ['Pods of the namespace: web-0.', 'Name one of them.']),
    text: 'error: there is no pod "web"\nPods of the namespace: web-0.\nName one of them.\n',
    status: 2,
  },
  {
    what: 'input that cannot be read',
    error: new InputError('x', 'there is nothing at x', 'Check the path.'),
    text: 'error: there is nothing at x\nCheck the path.\n',
    status: 2,
  },
  { what: 'one without hints', error: new QuestionError('no'), text: 'error: no\n', status: 2 },
  {
    what: "oclif's parse errors",
    error: new CLIError('Nonexistent flag: --x\nSee more help with --help'),
    text: 'error: nonexistent flag: --x\nAdd --help to see the flags and examples.\n',
    status: 2,
  },
  {
    what: "oclif's missing arguments, without its advice about flags that ours are not",
    error: new CLIError(
      'Missing 1 required arg:\nto  Where\n\nNote: --snapshot allows multiple values. Because\nAlternatively',
    ),
    text: 'error: missing 1 required arg:\nto  Where\nAdd --help to see the flags and examples.\n',
    status: 2,
  },
  {
    what: "oclif's errors of a flag's own parser",
    error: new CLIError('Parsing --dport \n\tExpected an integer but received: x\nSee more help with --help'),
    text: 'error: --dport: Expected an integer but received: x\nAdd --help to see the flags and examples.\n',
    status: 2,
  },
  {
    what: 'a file that is not there',
    error: thrownBy(() => readFileSync('no/such/file')),
    text: 'error: cannot read no/such/file: there is no such file or folder\nCheck the path and its permissions.\n',
    status: 2,
  },
  {
    what: 'a fault of the tool',
    error: new TypeError('x is undefined'),
    text: 'error: unexpected failure: x is undefined\nThis is a fault of the tool. Run the command again with DEBUG=* to see where, and report it.\n',
    status: 1,
  },
  {
    what: 'control characters and reordering in text from a cluster',
    error: new CliError('no pod "\u001b[2Jweb\u202e\u0007\r"', {}),
    text: 'error: no pod "\\x1b[2Jweb\\u202e\\x07\\x0d"\n',
    status: 2,
  },
])('$what', ({ error, text, status }) => {
  expect(reportError(error, false)).toEqual({ text, status });
});

it('shows where it was thrown only on demand', () => {
  const error = new TypeError('x is undefined');
  expect(reportError(error, false).text).not.toContain('error-report.test');
  expect(reportError(error, true).text).toContain('error-report.test');
});
