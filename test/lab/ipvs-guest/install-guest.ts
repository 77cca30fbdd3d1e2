import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import path from 'node:path';

/** Debian's packages, each with its version: a kernel that is a plain program, and what the guest runs that a machine may lack. */
const PACKAGES = [
  'user-mode-linux=6.1um4+b13',
  'ipvsadm=1:1.31-1+b1',
  'libnl-3-200=3.7.0-0.2+b1',
  'libnl-genl-3-200=3.7.0-0.2+b1',
  'libpopt0=1.19+dfsg-1',
];

/** What a guest is started from. */
export interface GuestFiles {
  readonly kernel: string;
  /** Its first process. */
  readonly agent: string;
  /** `modules.dep` stands in it. */
  readonly modules: string;
  /** Root of the unpacked packages. */
  readonly packages: string;
}

/** Installs once, into a cache folder outside of the tree, whose name is made of the packages' versions and the agent's source. */
export function installGuest(): GuestFiles {
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  const source = path.join(import.meta.dirname, 'agent');
  const key = createHash('sha256').update(PACKAGES.join(' '));
  for (const file of readdirSync(source).toSorted()) key.update(readFileSync(path.join(source, file)));
  const folder = path.join(cache, 'kubectl-reach-lab', `ipvs-guest-${key.digest('hex').slice(0, 12)}`);
  if (!existsSync(folder)) {
    const fresh = `${folder}.${process.pid}`;
    mkdirSync(fresh, { recursive: true });
    const run = (program: string, parameters: readonly string[], cwd: string): void => {
      const env = { ...process.env, CGO_ENABLED: '0' };
      execFileSync(program, parameters, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
    };
    run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...PACKAGES], fresh);
    for (const file of readdirSync(fresh)) run('dpkg', ['-x', file, '.'], fresh);
    run('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', path.join(fresh, 'agent'), '.'], source);
    // Another run may have been faster.
    if (existsSync(folder)) rmSync(fresh, { recursive: true });
    else renameSync(fresh, folder);
  }
  const modules = path.join(folder, 'usr', 'lib', 'uml', 'modules');
  const [version] = readdirSync(modules);
  if (version === undefined) throw new Error(`no kernel modules in ${modules}`);
  return {
    kernel: path.join(folder, 'usr', 'bin', 'linux.uml'),
    agent: path.join(folder, 'agent'),
    modules: path.join(modules, version),
    packages: folder,
  };
}
