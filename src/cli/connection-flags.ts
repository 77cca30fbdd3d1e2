import * as Flags from '@oclif/core/flags';

const GROUP = 'connection';
const text = (summary: string, helpValue: string) => Flags.string({ summary, helpValue, helpGroup: GROUP });

export const namespaceFlag = Flags.string({
  char: 'n',
  summary: 'Namespace to ask about',
  helpValue: 'NAMESPACE',
});

/** kubectl's flags for the choice of a cluster and an identity; -c is istioctl's. */
export const connectionFlags = {
  kubeconfig: Flags.string({ char: 'c', summary: 'Read this kubeconfig', helpValue: 'FILE', helpGroup: GROUP }),
  context: text('Use this context of the kubeconfig', 'NAME'),
  cluster: text('Use this cluster of the kubeconfig', 'NAME'),
  user: text('Use this user of the kubeconfig', 'NAME'),
  server: text('Ask this API server', 'URL'),
  token: text('Bearer token for the API server', 'TOKEN'),
  as: text('Ask as this user', 'NAME'),
  'as-group': Flags.string({
    summary: 'Ask as a member of this group; repeat it for several',
    helpValue: 'NAME',
    helpGroup: GROUP,
    multiple: true,
    multipleNonGreedy: true,
  }),
  'as-uid': text('Ask as the user with this UID', 'UID'),
  // istioctl has it under the other name.
  'request-timeout': Flags.string({
    aliases: ['kubeclient-timeout'],
    summary: 'Give each request this long, e.g. 10s; 0: for ever (30s without it)',
    helpValue: 'DURATION',
    helpGroup: GROUP,
  }),
  'insecure-skip-tls-verify': Flags.boolean({ summary: "Do not check the API server's certificate", helpGroup: GROUP }),
  'certificate-authority': text('Trust the authorities in this file', 'FILE'),
  'tls-server-name': text("Expect this name in the API server's certificate", 'NAME'),
  'cluster-name': text('Name of the cluster in the answer (without it, the one in the kubeconfig)', 'NAME'),
};

/** What oclif made of {@link connectionFlags}. */
interface ConnectionFlagValues {
  readonly namespace: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly cluster: string | undefined;
  readonly user: string | undefined;
  readonly server: string | undefined;
  readonly token: string | undefined;
  readonly as: string | undefined;
  readonly 'as-group': string[] | undefined;
  readonly 'as-uid': string | undefined;
  readonly 'request-timeout': string | undefined;
  readonly 'insecure-skip-tls-verify': boolean;
  readonly 'certificate-authority': string | undefined;
  readonly 'tls-server-name': string | undefined;
  readonly 'cluster-name': string | undefined;
}

/** The connection that the flags ask for. */
export function connectionOf(flags: ConnectionFlagValues) {
  return {
    kubeconfig: flags.kubeconfig ?? null,
    context: flags.context ?? null,
    cluster: flags.cluster ?? null,
    user: flags.user ?? null,
    namespace: flags.namespace ?? null,
    server: flags.server ?? null,
    token: flags.token ?? null,
    as: flags.as ?? null,
    asGroups: flags['as-group'] ?? [],
    asUid: flags['as-uid'] ?? null,
    insecureSkipTlsVerify: flags['insecure-skip-tls-verify'],
    certificateAuthority: flags['certificate-authority'] ?? null,
    tlsServerName: flags['tls-server-name'] ?? null,
    requestTimeout: flags['request-timeout'] === '' ? null : (flags['request-timeout'] ?? null),
    clusterName: flags['cluster-name'] ?? null,
  };
}
