import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { makeCertificates } from './certificates.ts';
import type { Certificates } from './certificates.ts';
import { Upstreams } from './upstreams.ts';

/** What the cases of a suite share. */
export interface Grounds {
  readonly certificates: Certificates;
  readonly upstreams: Upstreams;
  /** A new folder for one case. */
  folder(name: string): string;
}

/**
 * Certificates and upstreams of a suite, made before its first test and gone after its last one; not to be asked for earlier.
 * @param hosts how many upstreams
 */
export function prepareGrounds(hosts: number): Grounds {
  const root = mkdtempSync(path.join(tmpdir(), 'kubectl-reach-envoy-'));
  let certificates!: Certificates;
  let upstreams!: Upstreams;
  beforeAll(async () => {
    certificates = makeCertificates(root);
    upstreams = await Upstreams.start(hosts);
  }, 300_000);
  afterAll(() => {
    upstreams.stop();
    rmSync(root, { recursive: true, force: true });
  });
  return {
    get certificates() {
      return certificates;
    },
    get upstreams() {
      return upstreams;
    },
    folder: (name) => {
      const folder = path.join(root, name.replaceAll(/\W/g, '-'));
      mkdirSync(folder);
      return folder;
    },
  };
}
