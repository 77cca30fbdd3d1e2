import { runCases } from './run-cases.ts';

await runCases('kube-proxy-iptables', 0.3);
