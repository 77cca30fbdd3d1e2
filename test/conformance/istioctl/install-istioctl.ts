import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** The version of the Go module that the suite is held against, with what it replaces. */
const ISTIO = 'v0.0.0-20260827124520-eed52ebb66ad';
const GO_MOD = `module conformance

go 1.26

require istio.io/istio ${ISTIO}

replace istio.io/api => istio.io/api v1.31.1

replace istio.io/client-go => istio.io/client-go v1.31.1

replace github.com/envoyproxy/go-control-plane/envoy => github.com/envoyproxy/go-control-plane/envoy v1.40.0

replace github.com/envoyproxy/go-control-plane/contrib => github.com/envoyproxy/go-control-plane/contrib v1.36.1-0.20260729145720-a2d8c7492908
`;
const PACKAGE = 'istio.io/istio/istioctl/cmd/istioctl';

/**
 * The real istioctl, built from its Go module once into a cache folder outside of the tree, under its version. It takes some ten
 * minutes of one processor.
 * @returns the path of the binary
 */
export async function installIstioctl(): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  const folder = path.join(cache, 'kubectl-reach-conformance', `istioctl-${ISTIO.slice(1)}`);
  const binary = path.join(folder, 'istioctl');
  if (existsSync(binary)) return binary;
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  writeFileSync(path.join(fresh, 'go.mod'), GO_MOD);
  const flags = ['-trimpath', '-ldflags', '-s -w', '-tags', 'vtprotobuf,disable_pgv', '-o', 'istioctl'];
  const env = { ...process.env, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' };
  await promisify(execFile)('go', ['build', ...flags, PACKAGE], { cwd: fresh, env, maxBuffer: 64 * 1024 * 1024 });
  // Another run may have been faster.
  if (existsSync(folder)) rmSync(fresh, { recursive: true });
  else renameSync(fresh, folder);
  return binary;
}
