/** A ztunnel's /config_dump: what it knows of the mesh, as plain JSON. */
export interface ZtunnelDump {
  readonly workloads: readonly unknown[];
  readonly services: readonly unknown[];
  readonly policies: readonly unknown[];
  readonly certificates: readonly unknown[];
  /** Of each workload on the node: its connections. */
  readonly workloadStates: readonly unknown[];
  /** The whole document as it came. */
  readonly text: string;
}
