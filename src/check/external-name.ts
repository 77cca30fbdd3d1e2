import { isAddress } from '../model/address.ts';
import { finding, visitsOf, type Check, type CheckContext } from './check.ts';
import { serviceName, serviceSubject } from './services-met.ts';

/**
 * S18: DNS alone leads on to the external name; the client still says the Service's name, in TLS and in HTTP.
 * Source: https://kubernetes.io/docs/concepts/services-networking/service/#externalname (its warning).
 */
export const externalNameHostCheck: Check = {
  code: 'KR117',
  run: (context) => {
    const { request, target } = context.trace.question;
    const service = asked(context);
    const said = request.tls?.sni ?? request.http?.authority ?? null;
    if (service === null || said === null || isAddress(service.externalName)) return [];
    const host = said.replace(/:\d{1,5}$/, '');
    if (host !== target.host || host === service.externalName) return [];
    const where = request.tls === null ? 'the Host header' : 'the TLS handshake';
    return [
      finding('KR117', {
        subject: serviceSubject(service.fact),
        cause: `The client says ${host} in ${where}, but ${service.externalName} answers: its certificate and virtual hosts are for its own name.`,
        remedy: `Let the client use ${service.externalName} itself, or set the name that it sends (SNI, Host) to that.`,
        evidence: [service.fact.cursor.at('spec', 'externalName').evidence()],
      }),
    ];
  },
};

/** S19: an alias has to lead to a name; digits and dots are one that nobody has. */
export const externalAddressCheck: Check = {
  code: 'KR118',
  run: (context) => {
    const service = asked(context);
    if (service === null || !isAddress(service.externalName)) return [];
    return [
      finding('KR118', {
        subject: serviceSubject(service.fact),
        cause: `spec.externalName of ${serviceName(service.fact)} is the address ${service.externalName}, which DNS takes for a name that does not exist.`,
        remedy: 'Make it a Service without selector and write an EndpointSlice with the address, or give a DNS name.',
        evidence: [service.fact.cursor.at('spec', 'externalName').evidence()],
      }),
    ];
  },
};

/** S19: aliases that lead back to one before them never come to an address. */
export const aliasCircleCheck: Check = {
  code: 'KR122',
  run: (context) =>
    visitsOf(context, 'name').flatMap(({ host, outcomes }) =>
      outcomes.flatMap(({ queries, service, evidence }) => {
        const names = queries.map(({ name }) => name);
        const back = queries.find(({ alias }, at) => alias !== null && names.slice(0, at + 1).includes(alias))?.alias;
        if (back === undefined || back === null) return [];
        const circle = [...names.slice(names.indexOf(back)), back];
        return [
          finding('KR122', {
            subject: service === null ? `name ${host}` : serviceSubject(service),
            cause: `The aliases of ExternalName Services lead in a circle (${circle.join(' → ')}), so that none of these names has an address.`,
            remedy:
              'Let spec.externalName of one of them be the name of a Service with endpoints, or of a host outside.',
            evidence,
          }),
        ];
      }),
    ),
};

function asked({ trace: { question } }: CheckContext) {
  const fact = question.target.service;
  return fact?.type === 'ExternalName' && fact.externalName !== null
    ? { fact, externalName: fact.externalName.replace(/\.$/, '') }
    : null;
}
