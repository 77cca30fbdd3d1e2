import type { DrawnService } from './generate.ts';
import type { CaseResult, CaseRunner } from './run-case.ts';

/** Runs of a case at most; each takes some seconds. */
const ATTEMPTS = 60;

/** A case that fails, and how. */
interface Failing {
  readonly services: readonly DrawnService[];
  readonly problems: readonly string[];
}

/** Drops Services, ports, fields, slices and endpoints as long as what is left still fails. */
export async function shrink(
  runner: CaseRunner,
  drawn: readonly DrawnService[],
  { problems, services }: CaseResult,
): Promise<Failing> {
  let smallest: Failing = { services: drawn, problems };
  let attempts = 0;
  const tries = async (candidate: readonly DrawnService[]): Promise<boolean> => {
    if (attempts >= ATTEMPTS) return false;
    attempts += 1;
    try {
      const result = await runner.run(candidate);
      if (result.problems.length === 0) return false;
      smallest = { services: candidate, problems: result.problems };
      return true;
    } catch {
      // What the API server does not take is no case.
      return false;
    }
  };
  for (const name of services) {
    if (await tries(drawn.filter((service) => service.name === name))) break;
  }
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (const candidate of smallerCases(smallest.services)) {
      isSmaller = await tries(candidate);
      if (isSmaller) break;
    }
  }
  return smallest;
}

/** The same Services with one thing less, the largest things first. */
function* smallerCases(services: readonly DrawnService[]): Generator<readonly DrawnService[]> {
  if (services.length > 1) for (const one of services) yield services.filter((other) => other !== one);
  for (const one of services) {
    for (const smaller of smallerServices(one)) yield services.map((other) => (other === one ? smaller : other));
  }
}

/** Fields without which a Service is another one, or none. */
const NEEDED = new Set(['type', 'clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'ports']);

function* smallerServices(service: DrawnService): Generator<DrawnService> {
  const { spec, ingress, slices } = service;
  if (spec.ports.length > 1) {
    for (const port of spec.ports)
      yield { ...service, spec: { ...spec, ports: spec.ports.filter((other) => other !== port) } };
  }
  for (const field of Object.keys(spec).filter((name) => !NEEDED.has(name))) {
    yield { ...service, spec: { ...spec, [field]: undefined } };
  }
  for (const one of ingress) yield { ...service, ingress: ingress.filter((other) => other !== one) };
  for (const slice of slices) {
    yield { ...service, slices: slices.filter((other) => other !== slice) };
    for (const endpoint of slice.endpoints) {
      const fewer = { ...slice, endpoints: slice.endpoints.filter((other) => other !== endpoint) };
      yield { ...service, slices: slices.map((other) => (other === slice ? fewer : other)) };
    }
  }
}
