import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execute } from '../execute.ts';
import { progress } from '../progress.ts';
import { cached } from './cache.ts';

/** Debian packages of which the lab runs programs, with their upstream version; the packaging may move with security updates. */
const VERSIONS = {
  'etcd-server': '3.4.23',
  'etcd-client': '3.4.23',
  containerd: '1.6.20',
  runc: '1.1.5',
  'containernetworking-plugins': '1.1.1',
} as const;

/** A package that the lab unpacks. */
export type DebianPackage = keyof typeof VERSIONS;

export const DEBIAN_PACKAGES = Object.keys(VERSIONS) as DebianPackage[];

/**
 * The files of a package in a folder of the lab's cache: downloaded and unpacked, never installed over the machine.
 * @returns the folder that stands for `/`
 */
export async function debianPackage(name: DebianPackage): Promise<string> {
  const version = VERSIONS[name];
  const folder = await cached(`debian-${name}-${version}`, async (fresh) => {
    progress(`downloads Debian package ${name} ${version}`);
    // apt reads `*` at the end of a version as any packaging of it.
    const download = ['download', '-q', '-o', 'APT::Sandbox::User=root', `${name}=${version}*`];
    await execute('apt-get', download, { cwd: fresh }).catch(async () => {
      await execute('apt-get', ['update', '-q']);
      await execute('apt-get', download, { cwd: fresh });
    });
    const file = (await readdir(fresh)).find((entry) => entry.endsWith('.deb'));
    if (file === undefined) throw new Error(`apt-get download ${name} gave no file`);
    await mkdir(join(fresh, 'root'));
    await execute('dpkg-deb', ['-x', join(fresh, file), join(fresh, 'root')]);
  });
  return join(folder, 'root');
}
