/** Lets a bounded number of tasks run at a time; the others wait in the order they came. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(most: number) {
    this.#free = most;
  }

  /** Runs a task when it is its turn. */
  async take<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else {
      await new Promise<void>((go) => {
        this.#waiting.push(go);
      });
    }
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  /** Runs a task for each name when it is its turn. @returns what became of each */
  async each<T>(names: readonly string[], task: (name: string) => Promise<T>): Promise<ReadonlyMap<string, T>> {
    return new Map(await Promise.all(names.map(async (name) => [name, await this.take(() => task(name))] as const)));
  }
}
