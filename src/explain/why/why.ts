/**
 * Why a proxy logged a response flag. In: flags, the details beside them, what was read of proxies. Out: for each proxy every cause that
 * could have made it log them, those that its configuration shows first, those that it disproves last. It must not read or print.
 */
import type { EnvoyFacts } from '../../model/envoy.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { Cause, Finding } from './cause.ts';
import { CONNECTION_CAUSES } from './connection-causes.ts';
import { FILTER_CAUSES } from './filter-causes.ts';
import { readFlags, type ResponseFlag } from './flags.ts';
import { HOST_CAUSES } from './host-causes.ts';
import { ProxyView } from './proxy-view.ts';
import { ROUTE_CAUSES } from './route-causes.ts';

const CAUSES: readonly Cause[] = [...ROUTE_CAUSES, ...HOST_CAUSES, ...CONNECTION_CAUSES, ...FILTER_CAUSES];

/** Places that are told of one cause; the rest is counted. */
const PLACES = 10;

/** A proxy that is asked about. */
export interface AskedProxy {
  /** `namespace/pod`; null: files of which nobody told. */
  readonly name: string | null;
  readonly facts: EnvoyFacts;
}

export interface WhyCause {
  readonly cause: string;
  /** Flags of the question that it makes. */
  readonly flags: readonly string[];
  readonly title: string;
  /**
   * `found`: every request that gets there ends so; `possible`: the configuration allows it; `open`: nothing that was read tells;
   * `ruled-out`: what was read disproves it.
   */
  readonly verdict: 'found' | 'possible' | 'open' | 'ruled-out';
  /** One clause: why that is the verdict. */
  readonly reason: string;
  readonly places: readonly { readonly text: string; readonly evidence: readonly Evidence[] }[];
  /** All places, those that are not listed included. */
  readonly count: number;
  readonly remedy: string;
}

export interface WhyAnswer {
  readonly schemaVersion: '1.0';
  readonly flags: readonly ResponseFlag[];
  readonly detail: string | null;
  readonly proxies: readonly {
    readonly proxy: string | null;
    readonly causes: readonly WhyCause[];
    /** What was not read, and so could not decide. */
    readonly notRead: readonly string[];
  }[];
}

/**
 * Answers why proxies logged flags.
 * @param flags as an access log has them: `UF,URX`, or long names
 * @param detail RESPONSE_CODE_DETAILS beside them
 * @throws QuestionError when a flag is none
 */
export function explainFlags(flags: string, detail: string | null, proxies: readonly AskedProxy[]): WhyAnswer {
  const known = readFlags(flags);
  return {
    schemaVersion: '1.0',
    flags: known,
    detail,
    proxies: proxies.map(({ name, facts }) => ({ proxy: name, ...causesOf(known, detail, facts) })),
  };
}

/** Flags whose causes are looked for along routes and clusters. */
const FOLLOWED: ReadonlySet<string> = new Set(['NC', 'NR', 'UH', 'UF', 'UC', 'UPE', 'UO']);

const RANK: Readonly<Record<WhyCause['verdict'], number>> = { found: 0, possible: 1, open: 2, 'ruled-out': 3 };

function causesOf(
  flags: readonly ResponseFlag[],
  detail: string | null,
  facts: EnvoyFacts,
): Pick<WhyAnswer['proxies'][number], 'causes' | 'notRead'> {
  const codes = flags.map(({ code }) => code);
  const notRead = [
    ...(facts.config === null ? ['config_dump'] : facts.config.complete ? [] : ['the whole config_dump']),
    ...(facts.clusters === null ? ['/clusters?format=json'] : []),
  ];
  const { config } = facts;
  const view = config === null ? null : new ProxyView(facts, config);
  const asked = CAUSES.filter((cause) => cause.flags.some((code) => codes.includes(code)));
  const causes = asked.map((cause) => judge(cause, codes, detail, view));
  // The order of the catalogue stays among those that are alike: it goes from the plain to the far-fetched.
  return { causes: causes.toSorted((one, other) => RANK[one.verdict] - RANK[other.verdict]), notRead };
}

function judge(cause: Cause, codes: readonly string[], detail: string | null, view: ProxyView | null): WhyCause {
  const findings =
    view === null ? [] : [...cause.look(view)].toSorted((one, other) => Number(other.certain) - Number(one.certain));
  const shared = {
    cause: cause.id,
    flags: cause.flags.filter((code) => codes.includes(code)),
    title: cause.title,
    remedy: cause.remedy,
  };
  const places = findings.slice(0, PLACES).map(placeOf);
  const told = { ...shared, places, count: findings.length };
  if (detail !== null && cause.details !== null && !cause.details.test(detail)) {
    return {
      ...told,
      verdict: 'ruled-out',
      reason: `the details ${JSON.stringify(detail)} are those of another cause`,
    };
  }
  if (findings.some(({ certain }) => certain))
    return { ...told, verdict: 'found', reason: 'every request that gets there ends so' };
  if (findings.length > 0)
    return { ...told, verdict: 'possible', reason: 'it depends on the request, the load or the time' };
  const missing = view === null ? 'the config_dump was not read' : unread(cause, view);
  if (missing !== null) return { ...told, verdict: 'open', reason: missing };
  if (!cause.decided) return { ...told, verdict: 'open', reason: 'no configuration tells' };
  return { ...told, verdict: 'ruled-out', reason: 'nothing in the configuration is of that kind' };
}

function unread(cause: Cause, view: ProxyView): string | null {
  if (!view.config.complete) return 'the config_dump is not whole';
  const { blindSpot } = view;
  if (blindSpot !== null && cause.flags.some((code) => FOLLOWED.has(code))) return blindSpot;
  return cause.needs === 'hosts' && view.hostsUnread
    ? 'the hosts are not in the dump: they need config_dump?include_eds or /clusters?format=json'
    : null;
}

function placeOf({ text, cites }: Finding): WhyCause['places'][number] {
  return { text, evidence: cites.filter((cursor) => cursor.exists).map((cursor) => cursor.evidence()) };
}
