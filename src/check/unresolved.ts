import type { NameOutcome } from '../model/name-resolution.ts';
import { listText } from '../model/wording.ts';
import { finding, objectsOf, visitsOf, type Check, type CheckContext } from './check.ts';

/** S16, S19, D04: nobody in the cluster answers for the name. */
export const unresolvedCheck: Check = {
  code: 'KR108',
  run: (context) =>
    visitsOf(context, 'name').flatMap(({ host, outcomes }) => {
      const failed = outcomes.find((outcome) => outcome.result === 'no-such-name' || outcome.result === 'outside');
      const elsewhere = namesakes(context, host).filter((name) => name !== host);
      if (failed === undefined || (failed.result === 'outside' && elsewhere.length === 0)) return [];
      return [
        finding('KR108', {
          subject: `name ${host}`,
          cause: causeOf(failed),
          remedy:
            elsewhere.length > 0
              ? `A Service of that name is in another namespace: use ${listText(elsewhere)}.`
              : 'Correct the name, or create the Service that should have it.',
          evidence: failed.evidence,
        }),
      ];
    }),
};

function causeOf(failed: NameOutcome): string {
  const asked = failed.queries.map((query) => query.name);
  const because = failed.reasons.length === 0 ? '' : ` (${failed.reasons.join('; ')})`;
  return `The cluster's DNS has no answer for ${listText(asked)}${because}.`;
}

/** Services named as the first label, when the host is no longer than a Service's short name. */
function namesakes(context: CheckContext, host: string): readonly string[] {
  const [name = '', , third] = host.split('.');
  if (third !== undefined) return [];
  const services = objectsOf(context)?.servicesHaving(name, 'name') ?? [];
  return services.filter((service) => service.name === name).map((service) => `${name}.${service.namespace}`);
}
