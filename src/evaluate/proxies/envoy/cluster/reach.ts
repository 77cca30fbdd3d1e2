import { isAddress } from '../../../../model/address.ts';
import type { Unknown } from '../../../../model/branching.ts';
import type {
  EnvoyConfigDump,
  EnvoyFacts,
  EnvoyOutcome,
  EnvoyStep,
  EnvoyUpstream,
  Retries,
} from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ApplicationRequest } from '../../../../model/request.ts';
import type { ConnectionContext } from '../context.ts';
import { memoised } from '../memo.ts';
import { field, fields, seconds, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { end, endAmong, step, withStep } from '../walk.ts';
import type { HostShare, Walk } from '../walk.ts';
import type { Host } from './host-set.ts';
import { upstreamTransport } from './transport-socket.ts';
import type { UpstreamTransport } from './transport-socket.ts';

/** What is sent to a host, and how often it is tried. */
export interface Sending {
  readonly retries: Retries | null;
  /** Whether it answers as gRPC does. */
  readonly grpc: boolean;
  readonly limits: EnvoyUpstream['limits'];
  readonly mapAnswer: EnvoyUpstream['mapAnswer'];
  /** What is sent to a host of the cluster. */
  readonly send: (cluster: Cursor, transport: UpstreamTransport, host: Host | null) => ApplicationRequest;
}

/** How a host is reached, the same for every request. */
export interface Reached {
  readonly cluster: Cursor;
  /** The cluster that was asked: for a host of an aggregate cluster, the aggregate one. */
  readonly asked: string;
  readonly host: Host | null;
  readonly address: string;
  readonly port: number;
  readonly transport: UpstreamTransport;
  /** The address that upstream_bind_config names. */
  readonly bindAddress: string | null;
  readonly connectTimeoutSeconds: number;
  /** Which transport socket was chosen, where there is a choice. */
  readonly secured: EnvoyStep | null;
}

/** Finds out how a host of a cluster is reached; an Unknown when its address or transport socket cannot be told. */
export function reach(
  { facts, config }: { readonly facts: EnvoyFacts; readonly config: EnvoyConfigDump },
  cluster: Cursor,
  host: Host | null,
  { address, port }: { readonly address: string; readonly port: number },
  asked = field(cluster, 'name').string() ?? '',
): Reached | Unknown {
  if (!isAddress(address)) return unknown('the host has no IP address', ...(host?.cites().slice(0, 1) ?? []));
  return reachNamed({ facts, config }, cluster, { address, port }, host, asked);
}

/** As `reach`, of a host that may be called by a name. */
export function reachNamed(
  { facts, config }: { readonly facts: EnvoyFacts; readonly config: EnvoyConfigDump },
  cluster: Cursor,
  { address, port }: { readonly address: string; readonly port: number },
  host: Host | null = null,
  asked = field(cluster, 'name').string() ?? '',
): Reached | Unknown {
  const transport = upstreamTransport(facts, config, cluster, host);
  if (isUnknown(transport)) return transport;
  return new KnownReach(config, { cluster, asked, host, address, port, transport });
}

/** Many hosts are counted for one whose connection is looked at, so that what is about it is read when somebody asks. */
class KnownReach implements Reached {
  readonly cluster: Cursor;
  readonly asked: string;
  readonly host: Host | null;
  readonly address: string;
  readonly port: number;
  readonly transport: UpstreamTransport;
  readonly secured: EnvoyStep | null;
  readonly #config: EnvoyConfigDump;

  constructor(config: EnvoyConfigDump, known: Omit<Reached, 'bindAddress' | 'connectTimeoutSeconds' | 'secured'>) {
    this.cluster = known.cluster;
    this.asked = known.asked;
    this.host = known.host;
    this.address = known.address;
    this.port = known.port;
    this.transport = known.transport;
    this.secured = securedStep(known.transport);
    this.#config = config;
  }

  get bindAddress(): string | null {
    return bindAddress(this.#config, this.cluster, this.address);
  }

  get connectTimeoutSeconds(): number {
    return seconds(field(this.cluster, 'connect_timeout')) ?? 5;
  }
}

const SECURED = new WeakMap<UpstreamTransport, EnvoyStep>();

/** The step of a transport socket, the same for each host that it serves; null: there is no choice. */
function securedStep(transport: UpstreamTransport): EnvoyStep | null {
  const { cite, reason, tls } = transport;
  if (cite === null) return null;
  let secured = SECURED.get(transport);
  if (secured === undefined) {
    secured = step('endpoint', 'secured', tls, { reasons: reason === null ? [] : [reason], cites: [cite] });
    SECURED.set(transport, secured);
  }
  return secured;
}

/** Ends a branch at a host. */
export function arrive(
  context: ConnectionContext,
  walk: Walk,
  how: Sending,
  reached: Reached,
  retryHost: () => EnvoyUpstream['retryHost'],
): EnvoyOutcome[] {
  const taken = reached.secured === null ? walk : withStep(walk, reached.secured);
  return end(taken, upstreamEnd(context, walk, how, reached, retryHost));
}

/** What is sent to a host. */
export function upstreamEnd(
  context: ConnectionContext,
  walk: Walk,
  how: Sending,
  reached: Reached,
  retryHost: () => EnvoyUpstream['retryHost'],
): EnvoyUpstream {
  const source = context.socket.keepsSource ? context.socket.remoteAddress : null;
  return new UpstreamEnd(() => reached, how, source, walk, retryHost);
}

/** Ends a branch at several hosts. @param first tells how one of them is reached */
export function arriveAmong(
  context: ConnectionContext,
  walk: Walk,
  how: Sending,
  first: () => Reached,
  hosts: readonly HostShare[],
): EnvoyOutcome[] {
  const source = context.socket.keepsSource ? context.socket.remoteAddress : null;
  return endAmong(walk, new UpstreamEnd(first, how, source, walk, () => 'drawn'), hosts);
}

/** The request as it is sent on is made when somebody reads it, since most branches are only counted. */
class UpstreamEnd implements EnvoyUpstream {
  readonly kind = 'upstream';
  readonly flag: string | null;
  readonly #source: string | null;
  readonly #reached: () => Reached;
  readonly #how: Sending;
  readonly #retryHost: () => EnvoyUpstream['retryHost'];
  readonly delaySeconds: number;
  #request: ApplicationRequest | null = null;

  /** @param source the client's address where it is kept (original_src) */
  constructor(
    reached: () => Reached,
    how: Sending,
    source: string | null,
    { flags, delay }: Pick<Walk, 'flags' | 'delay'>,
    retryHost: () => EnvoyUpstream['retryHost'],
  ) {
    this.#reached = reached;
    this.#how = how;
    this.#retryHost = retryHost;
    this.delaySeconds = delay;
    this.#source = source;
    this.flag = flags.length === 0 ? null : flags.join(',');
  }

  get bindAddress(): string | null {
    return this.#source ?? this.#reached().bindAddress;
  }

  get cluster(): string {
    return this.#reached().asked;
  }

  get address(): string {
    return this.#reached().address;
  }

  get port(): number {
    return this.#reached().port;
  }

  get request(): ApplicationRequest {
    const { cluster, transport, host } = this.#reached();
    this.#request ??= this.#how.send(cluster, transport, host);
    return this.#request;
  }

  get tls(): EnvoyUpstream['tls'] {
    return this.#reached().transport.tls;
  }

  get retries(): Retries | null {
    return this.#how.retries;
  }

  get retryHost(): EnvoyUpstream['retryHost'] {
    return this.#retryHost();
  }

  get limits(): EnvoyUpstream['limits'] {
    return this.#how.limits;
  }

  get grpc(): boolean {
    return this.#how.grpc;
  }

  mapAnswer(status: number, flags: readonly string[]): number | Unknown {
    return this.#how.mapAnswer(status, flags);
  }

  get connectTimeoutSeconds(): number {
    return this.#reached().connectTimeoutSeconds;
  }
}

/**
 * The source address that is bound: upstream_bind_config of the cluster or of the bootstrap, whose extra addresses serve the other
 * family (source/common/upstream/upstream_impl.cc, UpstreamLocalAddressSelector).
 */
function bindAddress(config: EnvoyConfigDump, cluster: Cursor, to: string): string | null {
  const own = field(cluster, 'upstream_bind_config');
  const sources = bindSources(own.exists ? own : managerBind(config.bootstrap));
  const v6 = to.includes(':');
  return sources.find((address) => address.includes(':') === v6) ?? sources[0] ?? null;
}

const managerBind = memoised((bootstrap) => fields(bootstrap, 'cluster_manager', 'upstream_bind_config'));

const bindSources = memoised((bind): readonly string[] => {
  const extra = field(bind, 'extra_source_addresses').items();
  const addresses = [field(bind, 'source_address'), ...extra.map((item) => field(item, 'address'))];
  return addresses.flatMap((address) => field(address, 'address').string() ?? []);
});
