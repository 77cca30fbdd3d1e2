import { runCases } from './run-cases.ts';

await runCases('istio-bookinfo', 0.4);
