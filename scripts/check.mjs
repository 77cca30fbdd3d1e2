// The one gate: runs each check by its name in package.json, and stops at the first that fails. With `--without test`, for who has
// run the tests already, all others.
import { spawnSync } from 'node:child_process';

const without = new Set(process.argv.slice(2).filter((word) => word !== '--without'));
const all = ['format:check', 'lint', 'typecheck', 'boundaries', 'deadcode', 'build', 'test', 'package'];
const checks = all.filter((name) => !without.has(name));

for (const name of checks) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(`npm run --silent ${name}`, { shell: true, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`\ncheck failed: ${name} (npm run ${name})`);
    process.exit(1);
  }
}
console.log(`\ncheck passed: ${checks.join(', ')}`);
