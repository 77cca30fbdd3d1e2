/** What a request needs RBAC to allow. */
export interface Permission {
  readonly verb: string;
  /** `''` for core. */
  readonly group: string;
  /** Plural, with a subresource behind a slash: `pods/exec`. */
  readonly resource: string;
  /** null: in every namespace, or of a kind that has none. */
  readonly namespace: string | null;
  /** Whether the kind lives in namespaces. */
  readonly namespaced: boolean;
}

/** `list pods`, `list virtualservices.networking.istio.io in namespace shop`. */
export function permissionText({ verb, group, resource, namespace, namespaced }: Permission): string {
  const where = namespace !== null ? ` in namespace ${namespace}` : namespaced ? ' in every namespace' : '';
  return `${verb} ${resource}${group === '' ? '' : `.${group}`}${where}`;
}
