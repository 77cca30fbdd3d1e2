import { uniqueEvidence, type Evidence } from '../model/evidence.ts';
import type { Finding } from '../model/explanation.ts';
import type { ClusterFacts, Facts } from '../model/facts.ts';
import type { KubernetesObjects } from '../model/kubernetes.ts';
import type { Trace, Visit } from '../model/trace.ts';
import { CATALOGUE, type Code } from './catalogue.ts';

/** What a check may look at. */
export interface CheckContext {
  readonly facts: Facts;
  readonly cluster: ClusterFacts;
  readonly trace: Trace;
}

/** One thing that can be wrong. */
export interface Check {
  readonly code: Code;
  run(context: CheckContext): readonly Finding[];
}

/** A check's finding; the severity is the catalogue's, and each place is cited once. */
export function finding(
  code: Code,
  about: {
    readonly subject: string;
    readonly cause: string;
    readonly remedy: string;
    readonly evidence: readonly Evidence[];
  },
): Finding {
  return { code, severity: CATALOGUE[code].severity, ...about, evidence: uniqueEvidence(about.evidence) };
}

/** The visits of one kind, in the order of the walk. */
export function visitsOf<Kind extends Visit['kind']>(
  context: CheckContext,
  kind: Kind,
): readonly Extract<Visit, { readonly kind: Kind }>[] {
  return context.trace.visits.filter((visit): visit is Extract<Visit, { readonly kind: Kind }> => visit.kind === kind);
}

/** The cluster's objects; undefined when none were read. */
export function objectsOf(context: CheckContext): KubernetesObjects | undefined {
  return context.cluster.objects().value;
}
