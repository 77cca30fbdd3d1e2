import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { execute } from '../execute.ts';
import { progress } from '../progress.ts';
import { cached, cacheFolder, isCached, locked } from './cache.ts';

/** A Go module whose programs are built from source, at a version of its own. */
interface GoModule {
  readonly module: string;
  readonly version: string;
  /** Other modules, as `replace` wants them: a release pins what its own go.mod leaves open. */
  readonly replace: Readonly<Record<string, string>>;
  /** For the linker: what the release's own build stamps into its programs. */
  readonly stamp?: string;
  /** Build tags, with commas. */
  readonly tags?: string;
}

export const KUBERNETES_VERSION = 'v1.36.3';
/** Libraries that the kubernetes repository publishes apart: its go.mod replaces them by folders (`staging/src/k8s.io/*`). */
const STAGING =
  'api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap code-generator ' +
  'component-base component-helpers controller-manager cri-api cri-client cri-streaming csi-translation-lib ' +
  'dynamic-resource-allocation endpointslice externaljwt kms kube-aggregator kube-controller-manager kube-proxy kube-scheduler ' +
  'kubectl kubelet metrics mount-utils pod-security-admission sample-apiserver sample-cli-plugin sample-controller streaming';
const STAGING_VERSION = KUBERNETES_VERSION.replace('v1.', 'v0.');
const [, KUBERNETES_MINOR = ''] = KUBERNETES_VERSION.split('.');
/** hack/lib/version.sh */
const KUBERNETES_STAMP = Object.entries({ gitVersion: KUBERNETES_VERSION, gitMajor: '1', gitMinor: KUBERNETES_MINOR })
  .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
  .join(' ');

const KUBERNETES: GoModule = {
  module: 'k8s.io/kubernetes',
  version: KUBERNETES_VERSION,
  replace: Object.fromEntries(STAGING.split(' ').map((name) => [`k8s.io/${name}`, STAGING_VERSION])),
  stamp: KUBERNETES_STAMP,
};

/**
 * CoreDNS is made for being built with the plugins that are wanted (https://coredns.io/2017/07/25/compile-time-enabling-or-disabling-plugins/):
 * these are what Corefiles of the lab name. All of them, with the libraries of every cloud, take twice as long.
 */
const COREDNS_PLUGINS = 'errors file forward kubernetes loadbalance loop ready template';
const COREDNS_MAIN = `package main

import (
\t"github.com/coredns/coredns/coremain"
${COREDNS_PLUGINS.split(' ')
  .map((name) => `\t_ "github.com/coredns/coredns/plugin/${name}"\n`)
  .join('')})

func main() {
\tcoremain.Run()
}
`;

const COREDNS: GoModule = {
  module: 'github.com/coredns/coredns',
  version: 'v1.14.7',
  replace: {},
};

const ISTIO: GoModule = {
  module: 'istio.io/istio',
  version: 'v0.0.0-20260827124520-eed52ebb66ad',
  replace: {
    'istio.io/api': 'v1.31.1',
    'istio.io/client-go': 'v1.31.1',
    'github.com/envoyproxy/go-control-plane/envoy': 'v1.40.0',
    'github.com/envoyproxy/go-control-plane/contrib': 'v1.36.1-0.20260729145720-a2d8c7492908',
  },
  tags: 'vtprotobuf,disable_pgv',
};

/** As Istio's go.mod requires it. */
const GATEWAY_API = { module: 'sigs.k8s.io/gateway-api', version: 'v1.6.0' } as const;

/**
 * All of them are built in one module: what several use is compiled once, by which Istio takes three fifths of the time. Where they name
 * different versions of a library, all have the newest of these.
 */
const MODULES = [KUBERNETES, COREDNS, ISTIO];
const GO_MOD = [
  'module lab\n\ngo 1.26\n',
  ...MODULES.map(({ module, version }) => `require ${module} ${version}`),
  ...MODULES.flatMap(({ replace }) => Object.entries(replace)).map(
    ([name, version]) => `replace ${name} => ${name} ${version}`,
  ),
  '',
].join('\n');

/** How a program is built. */
interface GoBuild {
  readonly module: GoModule;
  /** The package; without it the lab's own. */
  readonly target?: string;
  /** Source of the lab's own main package. */
  readonly main?: string;
  /** Its speed is measured: it is compiled as a release is. */
  readonly measured?: true;
}

const PROGRAMS = {
  'kube-apiserver': { module: KUBERNETES, target: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  'kube-controller-manager': { module: KUBERNETES, target: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
  'kube-scheduler': { module: KUBERNETES, target: 'k8s.io/kubernetes/cmd/kube-scheduler' },
  'kube-proxy': { module: KUBERNETES, target: 'k8s.io/kubernetes/cmd/kube-proxy' },
  kubelet: { module: KUBERNETES, target: 'k8s.io/kubernetes/cmd/kubelet' },
  kubectl: { module: KUBERNETES, target: 'k8s.io/kubernetes/cmd/kubectl' },
  coredns: { module: COREDNS, main: COREDNS_MAIN },
  istiod: { module: ISTIO, target: 'istio.io/istio/pilot/cmd/pilot-discovery' },
  'pilot-agent': { module: ISTIO, target: 'istio.io/istio/pilot/cmd/pilot-agent' },
  istioctl: { module: ISTIO, target: 'istio.io/istio/istioctl/cmd/istioctl' },
  'measured-istioctl': { module: ISTIO, target: 'istio.io/istio/istioctl/cmd/istioctl', measured: true },
} as const satisfies Record<string, GoBuild>;

/** A program that is built from its Go module. */
export type GoProgram = keyof typeof PROGRAMS;

/** Those that a lab runs. */
export const GO_PROGRAMS: readonly GoProgram[] = (Object.keys(PROGRAMS) as GoProgram[]).filter(
  (name) => !('measured' in PROGRAMS[name]),
);

/** No debugging information and no inlining: the compiler takes a third less time, and what it makes is fast enough for a lab. */
const FAST_COMPILING = ['-gcflags', 'all=-dwarf=false -l'];

/**
 * The real program, built from its Go module once, statically linked, into the lab's cache under its version. From nothing
 * kube-apiserver and istiod take minutes each; what shares their libraries takes little after them.
 * @returns the path of the binary
 */
export async function goProgram(program: GoProgram): Promise<string> {
  const build: GoBuild = PROGRAMS[program];
  const folder = await cached(keyOf(program), async (fresh) => {
    // Two compilers at once take the same time and twice the memory.
    await locked(join(cacheFolder(), 'go.lock'), async () => {
      progress(`builds ${program} from ${build.module.module} ${build.module.version}`);
      const compiling = build.measured === true ? [] : FAST_COMPILING;
      await go(fresh, build, ['build', '-trimpath', ...compiling, '-ldflags', linking(build), '-o', program]);
    });
  });
  return join(folder, program);
}

/** Downloads the sources of a program that is not built yet: the network is idle while others are compiled. */
export async function fetchSources(program: GoProgram): Promise<void> {
  if (await isCached(keyOf(program))) return;
  const folder = await mkdtemp(join(tmpdir(), 'kubectl-reach-lab-'));
  try {
    await go(folder, PROGRAMS[program], ['list', '-deps']);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function keyOf(program: GoProgram): string {
  const { module, main = '' }: GoBuild = PROGRAMS[program];
  const own = main === '' ? '' : `-${createHash('sha256').update(main).digest('hex').slice(0, 12)}`;
  return `${program}-${module.version.slice(1)}${own}`;
}

/** Without symbols and debugging information. */
function linking({ module: { stamp } }: GoBuild): string {
  return ['-s -w', stamp ?? ''].join(' ').trim();
}

/** Folder of the sources of Istio, as the Go module holds them. */
export function istioSources(): Promise<string> {
  return sourcesOf(ISTIO);
}

/** Folder of the definitions of Gateway API's kinds, of its standard channel. */
export async function gatewayApiDefinitions(): Promise<string> {
  return join(await sourcesOf(GATEWAY_API), 'config', 'crd', 'standard');
}

async function sourcesOf({ module, version }: Pick<GoModule, 'module' | 'version'>): Promise<string> {
  const text = await execute('go', ['mod', 'download', '-json', `${module}@${version}`], { cwd: '/' });
  return (JSON.parse(text) as { Dir: string }).Dir;
}

/** The lab's own agent (test/lab/agent), built when its source changed. @returns the path of the binary */
export async function agentProgram(): Promise<string> {
  const source = join(import.meta.dirname, '..', 'agent');
  const hash = createHash('sha256');
  for (const file of readdirSync(source)) hash.update(readFileSync(join(source, file)));
  const folder = await cached(`agent-${hash.digest('hex').slice(0, 12)}`, async (fresh) => {
    const env = { ...process.env, CGO_ENABLED: '0' };
    const out = ['-o', join(fresh, 'agent'), '.'];
    await promisify(execFile)('go', ['build', '-trimpath', '-ldflags', '-s -w', ...out], { cwd: source, env });
  });
  return join(folder, 'agent');
}

/** Runs the go command for the package of a program, in a module that requires those of all programs. */
async function go(folder: string, { module, target = '.', main }: GoBuild, words: readonly string[]): Promise<void> {
  await writeFile(join(folder, 'go.mod'), GO_MOD);
  if (main !== undefined) await writeFile(join(folder, 'main.go'), main);
  const env = { ...process.env, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' };
  const options = { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 };
  await promisify(execFile)('go', [...words, '-tags', module.tags ?? '', target], options);
}
