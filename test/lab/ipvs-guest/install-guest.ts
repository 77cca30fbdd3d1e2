import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { cached } from '../build/cache.ts';
import { execute } from '../execute.ts';
import { progress } from '../progress.ts';

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

/** Installs once, into the cache of the lab; packages under their versions, the agent under its source. */
export async function installGuest(): Promise<GuestFiles> {
  const packages = await cached(`ipvs-guest-${hash(PACKAGES)}`, async (folder) => {
    progress('downloads a kernel with IPVS (Debian user-mode-linux)');
    await execute('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...PACKAGES], { cwd: folder });
    for (const file of readdirSync(folder)) await execute('dpkg', ['-x', file, '.'], { cwd: folder });
  });
  const source = path.join(import.meta.dirname, 'agent');
  const files = readdirSync(source).toSorted();
  const texts = files.map((file) => readFileSync(path.join(source, file), 'utf8'));
  const agent = await cached(`ipvs-guest-agent-${hash(texts)}`, async (folder) => {
    const build = ['build', '-trimpath', '-ldflags', '-s -w', '-o', path.join(folder, 'agent'), '.'];
    await execute('go', build, { cwd: source, env: { CGO_ENABLED: '0' } });
  });
  const modules = path.join(packages, 'usr', 'lib', 'uml', 'modules');
  const [version] = readdirSync(modules);
  if (version === undefined) throw new Error(`no kernel modules in ${modules}`);
  return {
    kernel: path.join(packages, 'usr', 'bin', 'linux.uml'),
    agent: path.join(agent, 'agent'),
    modules: path.join(modules, version),
    packages,
  };
}

function hash(texts: readonly string[]): string {
  return createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 12);
}
