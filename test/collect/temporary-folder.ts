import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pack, type Header } from 'tar-stream';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** A folder with these files, which goes away with the test. */
export function temporaryFolder(files: Readonly<Record<string, string | Buffer>> = {}): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kubectl-reach-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const full = path.join(folder, name);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, content);
  }
  return folder;
}

/** An entry of an archive: a file by its text, or whatever the header says. */
export type ArchiveEntry = Partial<Header> & { readonly name: string; readonly text?: string | Buffer };

/** A tar archive as bytes. */
export async function tarOf(entries: readonly ArchiveEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { text = '', ...header } of entries) tar.entry({ ...header }, text);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Writes a gzip-compressed tar archive, and gives its path. */
export async function archiveFile(entries: readonly ArchiveEntry[], name = 'snapshot.tar.gz'): Promise<string> {
  const folder = temporaryFolder({ [name]: gzipSync(await tarOf(entries)) });
  return path.join(folder, name);
}
