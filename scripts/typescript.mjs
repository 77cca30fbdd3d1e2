// Runs TypeScript in Node as it is: `node --import ./scripts/typescript.mjs FILE.ts`. Types are taken off at loading, so that a program
// of the tests needs no build and its stack traces name its own files.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
