import { listText } from '../model/wording.ts';
import { finding, objectsOf, visitsOf, type Check } from './check.ts';

/** S16, S19, D04: nobody answers for the name. */
export const unresolvedCheck: Check = {
  code: 'KR108',
  run: (context) =>
    visitsOf(context, 'name').flatMap(({ host, outcomes }) => {
      const failed = outcomes.find((outcome) => outcome.result === 'no-such-name');
      if (failed === undefined) return [];
      const [name = ''] = host.split('.');
      const services = objectsOf(context)?.services ?? [];
      const elsewhere = services
        .filter((service) => service.name === name)
        .map((service) => `${name}.${service.namespace}`);
      const asked = failed.queries.map((query) => query.name);
      return [
        finding('KR108', {
          subject: `name ${host}`,
          cause: `No answer exists for ${listText(asked)}${failed.reasons.length === 0 ? '' : ` (${failed.reasons.join('; ')})`}.`,
          remedy:
            elsewhere.length > 0
              ? `A Service of that name is in another namespace: use ${listText(elsewhere)}.`
              : 'Correct the name, or create the Service that should have it.',
          evidence: failed.evidence,
        }),
      ];
    }),
};
