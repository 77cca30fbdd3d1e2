import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { proxyCollectionFlags } from './collection-flags.ts';
import { connectionFlags } from './connection-flags.ts';
import { snapshotFlags } from './flags.ts';

/** Flags of every command that asks the proxies of a live cluster. `--cluster` is a proxy's to them. */
const { cluster: _, ...connection } = connectionFlags;
export const liveFlags = {
  ...connection,
  ...proxyCollectionFlags,
  // How much istioctl's client of Kubernetes logs; there is none here.
  vklog: Flags.integer({
    hidden: true,
    summary: 'What istioctl tells of its API calls; nothing here',
    helpValue: 'LEVEL',
  }),
};

/** Flags of commands that ask istiods: which ones, as istioctl has them. */
export const istiodFlags = {
  revision: Flags.string({ char: 'r', summary: 'Ask only the istiods of this revision', helpValue: 'REVISION' }),
  'xds-label': Flags.string({
    summary: 'Ask the istiods whose pods have these labels (without it, app=istiod)',
    helpValue: 'LABELS',
  }),
  timeout: Flags.string({ summary: 'Give up after this time', helpValue: 'DURATION', default: '30s' }),
};

/** Which istiods are asked, as {@link istiodFlags} say. */
export function istiodSelection(flags: {
  readonly 'istio-namespace': string | undefined;
  readonly 'xds-label': string | undefined;
  readonly revision: string | undefined;
}) {
  return {
    namespace: flags['istio-namespace'] ?? null,
    selector: flags['xds-label'] ?? null,
    revision: flags.revision ?? null,
  };
}

/** The proxy that is asked about: a pod of the cluster or of a snapshot. */
export const proxyArgs = {
  proxy: Args.string({
    description: 'Pod with the proxy: [TYPE/]NAME[.NAMESPACE]',
    ignoreStdin: true,
  }),
};

/** Flags of every command that shows a proxy's configuration: where it is. */
export const proxyFlags = {
  ...snapshotFlags,
  ...liveFlags,
  file: Flags.string({
    char: 'f',
    summary: "Read an answer of the proxy's admin port from this file, or - for standard input; repeat it for several",
    helpValue: 'FILE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'envoy-admin': Flags.string({
    summary: 'Ask the admin port of a running proxy at this address, e.g. http://127.0.0.1:15000',
    helpValue: 'URL',
  }),
};

/** Flags of commands that show several proxies at once. */
export const manyProxiesFlags = {
  selector: Flags.string({
    char: 'l',
    summary: 'Show the proxies of all pods with these labels, e.g. app=reviews',
    helpValue: 'LABELS',
  }),
  'all-namespaces': Flags.boolean({ char: 'A', summary: 'Show every proxy (with -n, of that namespace)' }),
  replicas: Flags.boolean({ summary: 'Of a Deployment, Service or Gateway, show the proxies of all pods' }),
  odd: Flags.boolean({
    summary: 'Of several proxies, show only what is not the same in all (with a Deployment, implies --replicas)',
  }),
};

const FORMATS = ['short', 'wide', 'json', 'yaml', 'reach-json', 'reach-yaml'] as const;

/** `-o`: istioctl's formats, tables that show more, and documents of our own schema. */
export function formatFlag(fallback: 'short' | 'json') {
  return Flags.option({
    char: 'o',
    summary:
      "Print it in this format: istioctl's short, json and yaml, a wide table, or JSON or YAML of our own schema",
    helpValue: FORMATS.join('|'),
    options: FORMATS,
    default: fallback,
  })();
}

/** `-o` of commands that istioctl does not have. */
export const ownFormatFlag = Flags.option({
  char: 'o',
  summary: 'Print it in this format',
  helpValue: 'short|wide|reach-json|reach-yaml',
  options: ['short', 'wide', 'reach-json', 'reach-yaml'] as const,
  default: 'short',
})();

/** `-o` of those that have one table only. */
export const ownShortFormatFlag = Flags.option({
  char: 'o',
  summary: 'Print it in this format',
  helpValue: 'short|reach-json|reach-yaml',
  options: ['short', 'reach-json', 'reach-yaml'] as const,
  default: 'short',
})();

/** `-o` of commands that print as istioctl alone. */
export const istioctlFormatFlag = Flags.option({
  char: 'o',
  summary: 'Print it in this format',
  helpValue: 'short|json|yaml',
  options: ['short', 'json', 'yaml'] as const,
  default: 'short',
})();

const PATTERN = 'equal, with * for any text, or a regular expression as /RE/';

/** Filters by what a resource is about, in every format. */
export const traitFlags = {
  service: Flags.string({
    summary: `Only what leads to this Service, NAME[.NAMESPACE] or its host (${PATTERN})`,
    helpValue: 'SERVICE',
  }),
  pod: Flags.string({
    summary: 'Only what has an endpoint in this pod, NAME[.NAMESPACE]; needs a cluster or snapshot',
    helpValue: 'POD',
  }),
  node: Flags.string({
    summary: 'Only what has an endpoint on this node; needs a cluster or snapshot',
    helpValue: 'NODE',
  }),
  address: Flags.string({ summary: 'Only with this address', helpValue: 'ADDRESS' }),
  port: Flags.string({ summary: 'Only with this port', helpValue: 'PORT' }),
  subset: Flags.string({ summary: 'Only of this subset', helpValue: 'SUBSET' }),
  direction: Flags.string({ summary: 'Only of this direction: inbound or outbound', helpValue: 'DIRECTION' }),
};

const { service, address, port, subset, direction } = traitFlags;

/** Filters of listeners. */
export const listenerTraits = { service, address, port, subset, direction };

/** Filters of routes: of the clusters that they lead to. */
export const routeTraits = { service, port, subset, direction };

/** `--status` of resources that are active, warming, draining or rejected. */
export const stateFlag = Flags.string({
  summary: 'Only in this state: active, warming, draining or rejected (the others than active: with -o wide)',
  helpValue: 'STATE',
});

export const listenerTypeFlag = Flags.string({
  summary: 'Only listeners of this type: HTTP, TCP, HTTP+TCP or UNKNOWN',
  helpValue: 'TYPE',
});

export const verboseRowsFlag = Flags.boolean({
  summary: 'Show what each filter chain or route matches',
  default: true,
  allowNo: true,
});

export const fqdnFlag = Flags.string({ summary: 'Only clusters whose host holds this text', helpValue: 'HOST' });

export const routeNameFlag = Flags.string({ summary: 'Only the route configuration of this name', helpValue: 'NAME' });

export const endpointFlags = {
  ...traitFlags,
  cluster: Flags.string({ summary: 'Only endpoints of this cluster', helpValue: 'CLUSTER' }),
  status: Flags.string({
    summary: 'Only endpoints of this health, e.g. healthy or ejected',
    helpValue: 'STATUS',
  }),
};

/** Booleans as istioctl's users type them (`--verbose=false`), in the spelling of the framework (`--no-verbose`). */
export function spelledOut(argv: readonly string[]): string[] {
  return argv.map((word) => {
    const [, flag = '', value = ''] = /^--(verbose|with-headers)=(true|false)$/.exec(word) ?? [];
    if (flag === '') return word;
    return value === 'true' ? `--${flag}` : `--no-${flag}`;
  });
}

/** Where the proxies' answers are, as flags and arguments tell it. */
export function proxyInput(
  proxy: string | undefined,
  flags: {
    readonly file?: string[] | undefined;
    readonly snapshot: string[] | undefined;
    readonly namespace: string | undefined;
    readonly selector?: string | undefined;
    readonly 'all-namespaces'?: boolean;
    readonly replicas?: boolean;
    readonly odd?: boolean;
    readonly 'envoy-admin'?: string | undefined;
  },
) {
  return {
    target: proxy ?? null,
    namespace: flags.namespace ?? null,
    files: flags.file ?? [],
    snapshots: flags.snapshot ?? [],
    selector: flags.selector ?? null,
    all: flags['all-namespaces'] ?? false,
    replicas: (flags.replicas ?? false) || (flags.odd ?? false),
    admin: flags['envoy-admin'] ?? null,
  };
}

/** A filter of istioctl: one that is empty filters nothing. */
export function given(value: string | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}
