import { runCases } from './run-cases.ts';

await runCases('kube-proxy-legacy', 0.3);
