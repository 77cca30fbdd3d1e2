/**
 * What usually breaks a mesh, brought about on two real nodes. Each request fails for real; `explain`, asked before it is sent, must
 * foretell how, name the cause by its code with the object and the field that make it so, and the flag that the proxy's own access log
 * then shows.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../../src/model/explanation.ts';
import type { ProbeResult } from '../../lab/probe/probe.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { LATE_FAULTS, MESH_FAULTS } from '../../lab/topology/mesh-faults.ts';
import { logEntries, type LoggingPod } from '../../agreement/access-log.ts';
import { differences } from '../../agreement/agreement.ts';
import { liveAnswers } from '../../agreement/live-answers.ts';
import { FAULT_CASES, type FaultCase } from './mesh-fault-cases.ts';
import { makeFaults } from './mesh-fault-lab.ts';
import { questionOf, sendAll, withAddresses } from '../../agreement/request-question.ts';

const NAMESPACE = 'bookinfo';

let lab: Lab;
/** In the order of the cases. */
let answers: readonly Explanation[];
let results: readonly (readonly ProbeResult[])[];
let gateway: LoggingPod;

beforeAll(async () => {
  lab = await startLab(MESH_FAULTS);
  await makeFaults(lab, LATE_FAULTS, FAULT_CASES);
  const cases = await withAddresses(lab, FAULT_CASES.map(withAgent));
  answers = await liveAnswers(
    lab,
    cases.map((one) => questionOf(one, NAMESPACE)),
  );
  results = await sendAll(lab, cases, NAMESPACE);
  const pods = await lab.api.list('/api/v1/namespaces/istio-system/pods?labelSelector=istio%3Dingressgateway');
  gateway = { namespace: 'istio-system', pod: pods[0]?.metadata.name ?? '' };
  return () => lab.stop();
});

/** A request that says in the access log which one it is. */
function withAgent<T extends FaultCase>(one: T, at: number): T {
  return one.to.startsWith('http') ? { ...one, headers: { ...one.headers, 'user-agent': agentOf(at) } } : one;
}

function agentOf(at: number): string {
  return `fault-${at}`;
}

describe.each(FAULT_CASES.map((one, at) => [one.about, one, at] as const))('%s', (_about, one, at) => {
  const explanation = (): Explanation => answers[at] as Explanation;
  const sent = (): readonly ProbeResult[] => results[at] ?? [];

  it('fails, as it was foretold', () => {
    const told = `${explanation().summary}\nsent: ${JSON.stringify(sent()[0])}`;
    expect(sent().filter(({ disposition }) => disposition === 'delivered')).toEqual([]);
    expect(differences(one, explanation(), sent()), told).toEqual([]);
  });

  it(`names the cause: ${one.code}`, () => {
    const found = explanation().findings.map(
      ({ code, subject, cause, remedy }) => `${code} ${subject}: ${cause} ${remedy}`,
    );
    const text = found.filter((finding) => finding.startsWith(one.code)).join('\n');
    expect(text, `${explanation().summary}\n${found.join('\n')}`).toMatch(one.says);
  });

  const unseen = one.at === null ? ' (not held: no proxy answers in a way that its log tells)' : '';
  it.runIf(one.at !== null)(`foretells what the access log shows${unseen}`, async () => {
    const [namespace = '', pod = ''] = one.at?.split('/') ?? [];
    const place = one.at === 'gateway' ? gateway : { namespace, pod };
    const entries = await logEntries(lab, place, sent(), agentOf(at));
    const foretold = explanation().branches.map(({ status, flag }) => ({ status: status ?? 0, flag }));
    expect(
      entries.map(({ status, flag }) => ({ status, flag })),
      entries[0]?.line,
    ).toEqual(entries.map(() => foretold[0]));
  });
});
