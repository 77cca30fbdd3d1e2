/** Flags that kubectl has for the choice of a cluster and an identity; `null` stands for what was not given. */
export interface ConnectionFlags {
  readonly kubeconfig: string | null;
  readonly context: string | null;
  readonly cluster: string | null;
  readonly user: string | null;
  readonly namespace: string | null;
  readonly server: string | null;
  readonly token: string | null;
  readonly as: string | null;
  readonly asGroups: readonly string[];
  readonly asUid: string | null;
  readonly insecureSkipTlsVerify: boolean;
  readonly certificateAuthority: string | null;
  readonly tlsServerName: string | null;
  /** As typed: `30s`, `1m`, `10`, `0`. */
  readonly requestTimeout: string | null;
  /** Name of the cluster in artefacts; null: the one that kubeconfig gives it. */
  readonly clusterName: string | null;
}
