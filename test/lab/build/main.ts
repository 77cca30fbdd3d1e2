import { GO_PROGRAMS, goProgram } from './go-modules.ts';

/** Fills the cache: `node --import ./scripts/typescript.mjs test/lab/build/main.ts [PROGRAM…]`. */
const asked = process.argv.slice(2);
for (const program of GO_PROGRAMS) {
  if (asked.length === 0 || asked.includes(program)) process.stdout.write(`${await goProgram(program)}\n`);
}
