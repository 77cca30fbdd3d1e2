import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { snapshotFlags } from './flags.ts';

const PORT_MAX = 65_535;

/** The proxy that is asked about: a pod of a snapshot. */
export const proxyArgs = {
  proxy: Args.string({
    description: 'Pod with the proxy, in the snapshot: [TYPE/]NAME[.NAMESPACE]',
    ignoreStdin: true,
  }),
};

/** Flags of every command that shows a proxy's configuration. */
export const proxyFlags = {
  ...snapshotFlags,
  file: Flags.string({
    char: 'f',
    summary: "Read an answer of the proxy's admin port from this file, or - for standard input; repeat it for several",
    helpValue: 'FILE',
    multiple: true,
    multipleNonGreedy: true,
  }),
};

/** `-o`, with istioctl's formats. */
export function formatFlag(fallback: 'short' | 'json') {
  return Flags.option({
    char: 'o',
    summary: 'Print it in this format',
    helpValue: 'short|json|yaml',
    options: ['short', 'json', 'yaml'] as const,
    default: fallback,
  })();
}

export const listenerFlags = {
  address: Flags.string({ summary: 'Only with this address', helpValue: 'ADDRESS' }),
  type: Flags.string({ summary: 'Only listeners of this type: HTTP, TCP, HTTP+TCP or UNKNOWN', helpValue: 'TYPE' }),
};

export const portFlag = Flags.integer({ summary: 'Only with this port', helpValue: 'PORT', min: 0, max: PORT_MAX });

export const verboseRowsFlag = Flags.boolean({
  summary: 'Show what each filter chain or route matches',
  default: true,
  allowNo: true,
});

export const clusterFlags = {
  fqdn: Flags.string({ summary: 'Only clusters whose host holds this text', helpValue: 'HOST' }),
  direction: Flags.string({ summary: 'Only clusters of this direction: inbound or outbound', helpValue: 'DIRECTION' }),
  subset: Flags.string({ summary: 'Only clusters whose subset holds this text', helpValue: 'SUBSET' }),
};

export const routeNameFlag = Flags.string({ summary: 'Only the route configuration of this name', helpValue: 'NAME' });

export const endpointFlags = {
  address: Flags.string({ summary: 'Only endpoints with this address', helpValue: 'ADDRESS' }),
  port: portFlag,
  cluster: Flags.string({ summary: 'Only endpoints of this cluster', helpValue: 'CLUSTER' }),
  status: Flags.string({ summary: 'Only endpoints of this health, e.g. healthy', helpValue: 'STATUS' }),
};

/** The filters that `endpointFlags` ask for. */
export function endpointQuery(flags: {
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly cluster: string | undefined;
  readonly status: string | undefined;
}) {
  return {
    address: given(flags.address),
    port: given(flags.port),
    cluster: given(flags.cluster),
    status: given(flags.status),
  };
}

/** Booleans as istioctl's users type them (`--verbose=false`), in the spelling of the framework (`--no-verbose`). */
export function spelledOut(argv: readonly string[]): string[] {
  return argv.map((word) => {
    const [, flag = '', value = ''] = /^--(verbose|with-headers)=(true|false)$/.exec(word) ?? [];
    if (flag === '') return word;
    return value === 'true' ? `--${flag}` : `--no-${flag}`;
  });
}

/** Where the proxy's answers are, as flags and arguments tell it. */
export function proxyInput(
  proxy: string | undefined,
  flags: {
    readonly file: string[] | undefined;
    readonly snapshot: string[] | undefined;
    readonly namespace: string | undefined;
  },
) {
  return {
    target: proxy ?? null,
    namespace: flags.namespace ?? null,
    files: flags.file ?? [],
    snapshots: flags.snapshot ?? [],
  };
}

/** A filter of istioctl: one that is empty or 0 filters nothing. */
export function given<T extends string | number>(value: T | undefined): T | null {
  return value === undefined || value === '' || value === 0 ? null : value;
}
