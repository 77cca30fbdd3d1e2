import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cached } from '../build/cache.ts';
import { execute } from '../execute.ts';

/** A container image of one layer, made of files of this machine. */
export interface Image {
  /** `lab.test/tools:1` */
  readonly name: string;
  readonly entrypoint: readonly string[];
  readonly env?: readonly string[];
  /** `1337:1337`; root unless told. */
  readonly user?: string;
  /** Programs by their path in the image, each from a file of this machine. What they are linked to comes along. */
  readonly programs: Readonly<Record<string, string>>;
  /** Whole other files, at the path that they have here. */
  readonly files?: readonly string[];
  readonly links?: Readonly<Record<string, string>>;
  /** Small files by their path in the image; executable. */
  readonly scripts?: Readonly<Record<string, string>>;
}

/** Folders that are links into /usr since Debian 12. */
const MERGED = ['bin', 'sbin', 'lib', 'lib64'];

/**
 * Makes an image as `ctr images import` takes it: an OCI layout in a tar. No registry has it.
 * @returns the path of the tar, in the lab's cache; made anew when one of its files has changed
 */
export async function imageFile(image: Image): Promise<string> {
  const sources = [...Object.values(image.programs), ...(image.files ?? [])];
  const stamps = sources.map((file) => [file, statSync(file).size, Math.floor(statSync(file).mtimeMs)]);
  const key = createHash('sha256')
    .update(JSON.stringify([image, stamps]))
    .digest('hex')
    .slice(0, 12);
  const short = image.name.replace(/^.*\//, '').replace(/[^a-z0-9]+/g, '-');
  const folder = await cached(`image-${short}-${key}`, async (fresh) => {
    const root = join(fresh, 'root');
    await layRoot(root, image);
    await writeLayout(fresh, root, image);
    rmSync(root, { recursive: true });
  });
  return join(folder, 'image.tar');
}

async function layRoot(root: string, image: Image): Promise<void> {
  for (const name of MERGED) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
  for (const name of ['tmp', 'etc', 'proc', 'sys', 'dev', 'run', 'var']) mkdirSync(join(root, name));
  // iptables takes a lock there.
  symlinkSync('../run', join(root, 'var/run'));
  chmodSync(join(root, 'tmp'), 0o1777);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  const place = (path: string): string => {
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    return target;
  };
  for (const [path, file] of Object.entries(image.programs)) {
    copyFileSync(file, place(path));
    chmodSync(place(path), 0o755);
  }
  for (const file of image.files ?? []) copyFileSync(file, place(file));
  for (const file of await linkedLibraries([...Object.values(image.programs), ...(image.files ?? [])])) {
    copyFileSync(file, place(file));
    chmodSync(place(file), 0o755);
  }
  for (const [path, target] of Object.entries(image.links ?? {})) symlinkSync(target, place(path));
  for (const [path, text] of Object.entries(image.scripts ?? {})) writeFileSync(place(path), text, { mode: 0o755 });
}

/** Shared libraries, and the loader, of programs and of plugins that they load; of static programs none. */
async function linkedLibraries(files: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const file of files) {
    if (readFileSync(file).subarray(0, 4).toString('latin1') !== '\x7fELF') continue;
    const text = await execute('ldd', [file]).catch(() => '');
    for (const [, path] of text.matchAll(/(?:=>\s*|^\s+)(\/\S+) \(0x/gm)) found.add(path ?? '');
  }
  return found;
}

async function writeLayout(folder: string, root: string, image: Image): Promise<void> {
  const layout = join(folder, 'layout');
  const blobs = join(layout, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const layer = join(folder, 'layer.tar');
  const stable = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];
  await execute('tar', [...stable, '-C', root, '-cf', layer, '.']);
  const layerDigest = digestOf(readFileSync(layer));
  const size = statSync(layer).size;
  renameSync(layer, join(blobs, layerDigest));
  const put = (content: object): { digest: string; size: number } => {
    const bytes = Buffer.from(JSON.stringify(content));
    writeFileSync(join(blobs, digestOf(bytes)), bytes);
    return { digest: `sha256:${digestOf(bytes)}`, size: bytes.length };
  };
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const config = put({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {
      User: image.user ?? '',
      Entrypoint: image.entrypoint,
      Env: [path, ...(image.env ?? [])],
      WorkingDir: '/',
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
    history: [{ created: '2026-01-01T00:00:00Z', created_by: 'lab' }],
  });
  const oci = 'application/vnd.oci.image';
  const manifest = put({
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: { mediaType: `${oci}.config.v1+json`, ...config },
    layers: [{ mediaType: `${oci}.layer.v1.tar`, digest: `sha256:${layerDigest}`, size }],
  });
  const annotations = { 'io.containerd.image.name': image.name };
  const manifests = [{ mediaType: `${oci}.manifest.v1+json`, ...manifest, annotations }];
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await execute('tar', [...stable, '-C', layout, '-cf', join(folder, 'image.tar'), '.']);
  rmSync(layout, { recursive: true });
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
