// Runs the suites of test/conformance; its arguments are vitest's, beside `--long`: 100,000 packets or requests in each suite that sends
// random ones, where a plain run sends 2,000 packets and 3,000 requests. KUBECTL_REACH_PACKETS and ENVOY_CONFORMANCE_REQUESTS say another
// number, KUBECTL_REACH_SEED and ENVOY_CONFORMANCE_SEED where to begin, KUBECTL_REACH_GROUNDS how many rulesets are tried side by side (2).
import { spawnSync } from 'node:child_process';

const LONG = '100000';

const args = process.argv.slice(2);
const numbers = args.includes('--long') ? { KUBECTL_REACH_PACKETS: LONG, ENVOY_CONFORMANCE_REQUESTS: LONG } : {};
const words = ['vitest', 'run', '--config', 'vitest.conformance.config.ts', ...args.filter((one) => one !== '--long')];
const env = { ...numbers, ...process.env };
const { status } = spawnSync('npx', words, { stdio: 'inherit', env, shell: process.platform === 'win32' });
process.exitCode = status ?? 1;
