import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { built, environment, NODE } from '../../launch/run-program.ts';

/** What a program printed, and how it ended. */
export interface Printed {
  readonly text: string;
  readonly errors: string;
  readonly status: number;
}

/** A cluster that is never asked: istioctl builds a client even for files. */
const KUBECONFIG = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'none', cluster: { server: 'http://127.0.0.1:1' } }],
  users: [{ name: 'none', user: {} }],
  contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
  'current-context': 'none',
});

/** istioctl and this tool, to be asked the same. */
export class Programs {
  readonly #istioctl: string;
  readonly #kubeconfig: string;

  /** @param folder for files of the run */
  constructor(istioctl: string, folder: string) {
    this.#istioctl = istioctl;
    this.#kubeconfig = path.join(folder, 'kubeconfig.json');
    writeFileSync(this.#kubeconfig, KUBECONFIG);
  }

  /** Runs `proxy-config WORDS --file FILE` in both. */
  ask(words: readonly string[], file: string): Promise<{ theirs: Printed; ours: Printed }> {
    return this.run(['proxy-config', ...words, '--file', file]);
  }

  /** Runs the same words in both; istioctl has some commands behind others (`x`). */
  async run(words: readonly string[], before: readonly string[] = []): Promise<{ theirs: Printed; ours: Printed }> {
    const [theirs, ours] = await Promise.all([
      print(this.#istioctl, ['-c', this.#kubeconfig, ...before, ...words]),
      print(NODE, [built('kubectl-reach'), ...words]),
    ]);
    return { theirs, ours };
  }
}

function print(program: string, words: readonly string[]): Promise<Printed> {
  return new Promise((resolve) => {
    const options = { env: environment(), maxBuffer: 256 * 1024 * 1024 };
    execFile(program, words, options, (error, text, errors) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ text, errors, status });
    });
  });
}
