import type { Evidence } from '../../model/evidence.ts';
import type { PodFact, ServiceFact } from '../../model/kubernetes.ts';
import type { NameQuery } from '../../model/name-resolution.ts';
import { inZone, type Handling, type KubernetesZone } from './cluster-dns.ts';
import { answerInZone } from './kubernetes-zone.ts';
import type { NameIndex } from './name-index.ts';

/** What comes of one question to the cluster's DNS server, aliases followed. */
export type Asked =
  | {
      readonly kind: 'addresses';
      readonly answers: readonly {
        readonly ip: string;
        readonly evidence: Evidence | null;
        readonly pod: PodFact | null;
      }[];
      readonly service: ServiceFact | null;
      readonly reasons: readonly string[];
      readonly evidence: readonly Evidence[];
    }
  | {
      readonly kind: 'no-such-name' | 'no-data';
      readonly service: ServiceFact | null;
      readonly reasons: readonly string[];
      readonly evidence: readonly Evidence[];
    }
  | {
      readonly kind: 'outside';
      readonly reason: string | null;
      readonly service?: ServiceFact | null;
      readonly evidence?: readonly Evidence[];
    }
  | {
      readonly kind: 'unknown';
      readonly reason: string;
      readonly service?: ServiceFact | null;
      readonly evidence?: readonly Evidence[];
    };

/** Longest chain of aliases that CoreDNS follows (plugin/backend_lookup.go, maxCnameChainLength). */
const LONGEST_CHAIN = 10;

/** Asks the cluster's DNS server for a name, in lower case and without closing dot. Every question on the way is told. */
export function ask(index: NameIndex, name: string): { readonly asked: Asked; readonly queries: readonly NameQuery[] } {
  const queries: NameQuery[] = [];
  const reasons: string[] = [];
  const evidence: Evidence[] = [];
  const seen = new Set<string>();
  const handling = index.dns.handle(name);
  const ipv4Only = handling.kind === 'kubernetes' && handling.ipv4Only;
  let first: ServiceFact | null = null;
  let at = name;
  let step = askOnce(index, handling, at);
  for (;;) {
    const { asked, alias } = step;
    queries.push(query(at, asked, alias));
    if (alias === null) return { asked: withoutIPv6(joined(asked, first, reasons, evidence), ipv4Only), queries };
    first ??= asked.service ?? null;
    reasons.push(`alias (ExternalName) of ${alias}`);
    evidence.push(...(asked.evidence ?? []));
    seen.add(at);
    // CoreDNS drops an alias that leads back, or too far, and then has no record to give
    if (seen.has(alias) || seen.size > LONGEST_CHAIN) {
      const why = seen.has(alias) ? 'the aliases form a loop' : `more than ${LONGEST_CHAIN} aliases`;
      return { asked: { kind: 'no-data', service: first, reasons: [...reasons, why], evidence }, queries };
    }
    at = alias;
    step = follow(index, handling, at);
  }
}

interface Step {
  readonly asked: Asked;
  /** The name that it is an alias of. */
  readonly alias: string | null;
}

/** An alias into the same zone is followed by the kubernetes plugin itself, another by asking the server again. */
function follow(index: NameIndex, handling: Handling, name: string): Step {
  if (handling.kind !== 'kubernetes' || !inZone(name, handling.zone))
    return askOnce(index, index.dns.handle(name), name);
  return askZone(index, handling.setup, handling.zone, name);
}

function askOnce(index: NameIndex, handling: Handling, name: string): Step {
  const { evidence } = index.dns;
  switch (handling.kind) {
    case 'unknown':
      return { asked: { kind: 'unknown', reason: handling.reason, evidence }, alias: null };
    case 'outside':
      return { asked: { kind: 'outside', reason: handling.reason }, alias: null };
    case 'hosts': {
      const answers = handling.addresses.map((ip) => ({ ip, evidence: null, pod: null }));
      const reasons = ["an entry of CoreDNS's hosts plugin"];
      return { asked: { kind: 'addresses', answers, service: null, reasons, evidence }, alias: null };
    }
    case 'kubernetes': {
      const step = askZone(index, handling.setup, handling.zone, name);
      const passes =
        step.asked.kind === 'no-such-name' && handling.setup.fallthrough.some((zone) => inZone(name, zone));
      if (!passes) return step;
      const reason = 'the kubernetes plugin passes on what it does not have (fallthrough)';
      return { asked: { kind: 'outside', reason }, alias: null };
    }
  }
}

function askZone(index: NameIndex, setup: KubernetesZone, zone: string, name: string): Step {
  const answer = answerInZone(index, setup, zone, name);
  const { service } = answer;
  switch (answer.kind) {
    case 'addresses': {
      const evidence = service === null ? index.dns.evidence : [];
      const asked: Asked = { kind: 'addresses', answers: answer.addresses, service, reasons: answer.reasons, evidence };
      return { asked, alias: null };
    }
    case 'alias':
      return { asked: { kind: 'no-data', service, reasons: [], evidence: [answer.evidence] }, alias: answer.target };
    case 'unknown':
      return { asked: { kind: 'unknown', reason: answer.reason, service }, alias: null };
    case 'no-data':
    case 'no-such-name': {
      const evidence = service === null ? [] : [service.cursor.at('spec').evidence()];
      return { asked: { kind: answer.kind, service, reasons: answer.reasons, evidence }, alias: null };
    }
  }
}

function withoutIPv6(asked: Asked, ipv4Only: boolean): Asked {
  if (!ipv4Only || asked.kind !== 'addresses') return asked;
  const answers = asked.answers.filter(({ ip }) => !ip.includes(':'));
  const reasons = [...asked.reasons, "CoreDNS's template plugin leaves out IPv6 addresses"];
  if (answers.length > 0) return answers.length === asked.answers.length ? asked : { ...asked, answers, reasons };
  return { kind: 'no-data', service: asked.service, reasons, evidence: asked.evidence };
}

/** The end of a chain of aliases, with what led there. An end without address leaves the alias without data. */
function joined(
  asked: Asked,
  first: ServiceFact | null,
  reasons: readonly string[],
  evidence: readonly Evidence[],
): Asked {
  if (first === null) return asked;
  const before = [...evidence, ...(asked.evidence ?? [])];
  switch (asked.kind) {
    case 'addresses':
      return { ...asked, reasons: [...reasons, ...asked.reasons], evidence: before };
    case 'outside':
      return {
        kind: 'outside',
        reason: [...reasons, ...(asked.reason === null ? [] : [asked.reason])].join('; '),
        service: first,
        evidence: before,
      };
    case 'unknown':
      return { kind: 'unknown', reason: [...reasons, asked.reason].join('; '), service: first, evidence: before };
    default:
      return { kind: 'no-data', service: first, reasons: [...reasons, ...asked.reasons], evidence: before };
  }
}

function query(name: string, asked: Asked, alias: string | null): NameQuery {
  const source = asked.kind === 'outside' ? 'outside' : 'cluster-dns';
  if (alias !== null) return { name, source: 'cluster-dns', answer: 'alias', addresses: [], alias };
  switch (asked.kind) {
    case 'addresses':
      return { name, source, answer: 'addresses', addresses: asked.answers.map((one) => one.ip), alias: null };
    case 'outside':
    case 'unknown':
      return { name, source, answer: 'unknown', addresses: [], alias: null };
    default:
      return { name, source, answer: asked.kind, addresses: [], alias: null };
  }
}
