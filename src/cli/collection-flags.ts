import * as Flags from '@oclif/core/flags';

const GROUP = 'collection';
const MODES = ['auto', 'exec', 'debug-pod', 'local', 'none'] as const;

/** Flags of every command that reads nodes and proxies of a live cluster. */
export const collectionFlags = {
  'node-access': Flags.option({
    summary:
      'Read nodes through pods that are there (auto, exec), through a privileged pod made for it (debug-pod), on this machine (local), or not at all (none)',
    helpGroup: GROUP,
    helpValue: MODES.join('|'),
    options: MODES,
    default: 'auto',
  })(),
  'debug-image': Flags.string({
    summary: 'Image of the pod that --node-access debug-pod makes',
    helpValue: 'IMAGE',
    helpGroup: GROUP,
  }),
  'debug-namespace': Flags.string({
    summary: 'Namespace of that pod (without it, default)',
    helpValue: 'NAMESPACE',
    helpGroup: GROUP,
  }),
  'proxy-admin-port': Flags.integer({
    summary: "Port of the proxies' admin interfaces (without it, 15000)",
    helpValue: 'PORT',
    helpGroup: GROUP,
    min: 1,
    max: 65_535,
  }),
  'istio-namespace': Flags.string({
    char: 'i',
    aliases: ['istioNamespace'],
    summary: 'Namespace of istiod (without it, istio-system)',
    helpValue: 'NAMESPACE',
    helpGroup: GROUP,
  }),
};

/** Flags of every command that reads proxies of a live cluster, and no nodes. */
export const proxyCollectionFlags = {
  'proxy-admin-port': collectionFlags['proxy-admin-port'],
  'istio-namespace': collectionFlags['istio-namespace'],
};

/** What oclif made of {@link collectionFlags}. */
interface CollectionFlagValues {
  readonly 'node-access': (typeof MODES)[number];
  readonly 'debug-image': string | undefined;
  readonly 'debug-namespace': string | undefined;
  readonly 'proxy-admin-port': number | undefined;
  readonly 'istio-namespace': string | undefined;
}

/** How places are to be read, as the flags say. @param say tells the person something at once */
export function collectionOf(flags: CollectionFlagValues, say: (sentence: string) => void) {
  return {
    nodeAccess: flags['node-access'],
    debugImage: flags['debug-image'] ?? null,
    debugNamespace: flags['debug-namespace'] ?? null,
    proxyAdminPort: flags['proxy-admin-port'] ?? null,
    startingProxies: false,
    istioNamespace: flags['istio-namespace'] ?? null,
    say,
  };
}

/** How proxies are to be read, as {@link proxyCollectionFlags} say: as they stand, starting or not. */
export function proxyCollectionOf(
  flags: Partial<Pick<CollectionFlagValues, keyof typeof proxyCollectionFlags>>,
  say: (sentence: string) => void,
) {
  return {
    ...collectionOf(
      {
        'node-access': 'none',
        'debug-image': undefined,
        'debug-namespace': undefined,
        'proxy-admin-port': flags['proxy-admin-port'],
        'istio-namespace': flags['istio-namespace'],
      },
      say,
    ),
    startingProxies: true,
  };
}
