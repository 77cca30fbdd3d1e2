import * as Flags from '@oclif/core/flags';

/** Headers of a request, as curl takes them. */
export const headerFlag = Flags.string({
  char: 'H',
  summary: 'HTTP header, as "Name: value"; repeat it for several',
  helpValue: 'HEADER',
  multiple: true,
  multipleNonGreedy: true,
});

/** The methods of RFC 9110 and RFC 5789, the usual ones first. */
export const offeredMethods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE'];

/** What a request asks of a proxy that is given it. */
export const requestFlags = {
  path: Flags.string({ summary: 'Path with query', helpValue: 'PATH', default: '/' }),
  method: Flags.string({ char: 'X', summary: 'HTTP method', helpValue: 'METHOD', default: 'GET' }),
  header: headerFlag,
};
