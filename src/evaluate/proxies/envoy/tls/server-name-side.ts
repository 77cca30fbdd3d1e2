import type { Certificate } from '../../../../model/certificate.ts';
import type { TlsDemands, TlsSide } from '../../../../model/tls.ts';
import { unknown } from '../proto-json.ts';
import { any, isUnknown } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { dnsNameMatches } from './dns-name.ts';

/** A client's side that demands more of the server's certificate than its configuration tells, by what it asks for. */
abstract class DemandingSide implements TlsSide {
  readonly own: TlsSide;
  readonly name: string | null;

  /** @param own what it is configured with */
  constructor(own: TlsSide, name: string | null) {
    this.own = own;
    this.name = name;
  }

  get chain(): TlsSide['chain'] {
    return this.own.chain;
  }

  get lowestVersion(): number {
    return this.own.lowestVersion;
  }

  get highestVersion(): number {
    return this.own.highestVersion;
  }

  abstract get demands(): TlsSide['demands'];

  /** Stands for it where a request is compared with another one. */
  toJSON(): string {
    return `${JSON.stringify(this.own)} ${this.name}`;
  }
}

/**
 * A client that demands the host it asks for among the names of the server's certificate as well (auto_san_validation;
 * DefaultCertValidator::verifyCertificate). A null name: which one is not known. Where nothing is verified otherwise, it is BoringSSL that
 * verifies, and trusts nobody (source/common/tls/client_context_impl.cc, newSsl). A session that a connection without such a demand has left in the same
 * cluster, a TCP proxy's, would be resumed without a look at names.
 */
export class HostSide extends DemandingSide {
  get demands(): TlsSide['demands'] {
    const { demands } = this.own;
    if (isUnknown(demands)) return demands;
    if (this.name === null) return unknown('which name of the server the client demands is not evaluated');
    return demands === null ? TRUSTS_NOBODY : { ...demands, host: this.name };
  }
}

const TRUSTS_NOBODY: TlsDemands = {
  required: true,
  authorities: [],
  allowsExpired: false,
  acceptsNames: () => true,
  host: null,
  at: null,
};

/**
 * A client that demands the server name it sends among the DNS names of the server's certificate, instead of the names that it is configured
 * with; those it demands where it sends none (auto_sni_san_validation; DefaultCertValidator::verifyCertAndUpdateStatus).
 */
export class ServerNameSide extends DemandingSide {
  get demands(): TlsSide['demands'] {
    const { demands } = this.own;
    const { name } = this;
    if (isUnknown(demands) || demands === null || name === null || name === '') return demands;
    return { ...demands, acceptsNames: (certificate) => bearsName(certificate, name) };
  }

  /** The same with another server name. */
  sending(name: string | null): ServerNameSide {
    return name === this.name ? this : new ServerNameSide(this.own, name);
  }
}

function bearsName({ names }: Certificate, host: string): Truth {
  return any(names, ({ kind, value }) => kind === 'dns' && dnsNameMatches(host, value));
}
