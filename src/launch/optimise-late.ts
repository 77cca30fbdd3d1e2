import { setFlagsFromString } from 'node:v8';

/** Bytes of bytecode that a function runs before V8 optimises it; its own default is an eighth of that. */
const INTERRUPT_BUDGET = 540_672;

/**
 * Has V8 wait longer before it optimises a function. Where thousands of functions run a few thousand times each, as when requests to all
 * clusters of a proxy are followed, optimising them costs more than it saves: a quarter of the whole in `npm run bench`. Loops over the bytes
 * of a file lose by it.
 */
export function optimiseLate(): void {
  setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET}`);
}
