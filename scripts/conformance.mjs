// Runs the suites of test/conformance; its arguments are vitest's, beside `--long`: 100,000 packets in each suite that sends random ones,
// where a plain run sends 2,000. KUBECTL_REACH_PACKETS says another number, KUBECTL_REACH_SEED where to begin.
import { spawnSync } from 'node:child_process';

const LONG_PACKETS = '100000';

const args = process.argv.slice(2);
const packets = args.includes('--long') ? { KUBECTL_REACH_PACKETS: LONG_PACKETS } : {};
const words = ['vitest', 'run', '--config', 'vitest.conformance.config.ts', ...args.filter((one) => one !== '--long')];
const env = { ...packets, ...process.env };
const { status } = spawnSync('npx', words, { stdio: 'inherit', env, shell: process.platform === 'win32' });
process.exitCode = status ?? 1;
