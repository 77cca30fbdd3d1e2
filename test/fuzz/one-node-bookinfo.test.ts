import { runCases } from './run-cases.ts';

await runCases('one-node-bookinfo', 0.4);
