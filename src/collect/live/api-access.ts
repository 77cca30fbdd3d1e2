import type { RequestOptions } from 'node:https';
import type { Permission } from './permission.ts';

/** How streaming requests reach the API server: the part of a connection that exec and port-forward need. */
export interface ApiAccess {
  /** `https://host:6443/prefix`, without a slash at its end. */
  readonly server: string;
  /** Milliseconds that one request may take (`--request-timeout`); null, or without it: as long as streams may anyhow. */
  readonly timeout?: number | null;
  /** Credentials, TLS material and proxy agent as node:https takes them. Made anew for each request, since tokens expire. */
  options(): Promise<RequestOptions>;
}

/** A pod by its names. */
export interface PodName {
  readonly namespace: string;
  readonly pod: string;
}

/** Path of a subresource of a pod. */
export function podPath({ namespace, pod }: PodName, subresource: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/${subresource}`;
}

/** One whole answer of the API server, as the connection gives it. */
export interface KubeApi {
  /** For streams. */
  readonly access: ApiAccess;
  /** @throws RequestRefused */
  request(
    path: string,
    options?: {
      readonly method?: 'GET' | 'POST' | 'DELETE';
      readonly query?: Readonly<Record<string, string | number | null>>;
      readonly body?: object;
      readonly permission?: Permission | null;
      readonly signal?: AbortSignal;
      /** Whether it is made after Ctrl-C as well: it takes away what was made. */
      readonly tidiesUp?: boolean;
    },
  ): Promise<{ readonly bytes: Buffer }>;
}
