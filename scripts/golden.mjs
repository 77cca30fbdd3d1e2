// Writes the goldens anew, then holds the tests against them once more: output that changes between two runs is a fault.
import { spawnSync } from 'node:child_process';

const steps = ['vitest run --update=all', 'vitest run', 'git --no-pager diff --stat -- test'];

for (const step of steps) {
  console.log(`\n== ${step}`);
  const { status } = spawnSync(step, { shell: true, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
console.log('\nA golden shows what changed, not what is true: read the whole difference before you keep it.');
