import type { Catalogue, FlagEntry } from '../../src/cli/catalogue.ts';

function flag(name: string, rest: Partial<FlagEntry> = {}): FlagEntry {
  const none = { char: null, aliases: [], hidden: false, takesValue: false, options: [] };
  return { name, ...none, summary: `about ${name}`, ...rest };
}

const namespace = flag('namespace', { char: 'n', takesValue: true });
const verbose = flag('verbose', { char: 'v' });

/** A catalogue of every shape that the program's own may take: aliases, a topic of two commands, flags with fixed values. */
export const SAMPLE_CATALOGUE: Catalogue = [
  {
    name: 'explain',
    aliases: ['trace'],
    summary: 'Explain a request',
    args: [[], ['svc/web', 'web\tA pod']],
    flags: [
      namespace,
      verbose,
      flag('snapshot', { takesValue: true, aliases: ['dump'] }),
      flag('shy', { takesValue: true, hidden: true }),
      flag('header', { char: 'H', takesValue: true }),
      flag('output', { char: 'o', takesValue: true, options: ['json', 'yaml'] }),
    ],
  },
  { name: 'pc listener', aliases: [], summary: 'Listeners of a proxy', flags: [namespace], args: [[]] },
  { name: 'pc route match', aliases: [], summary: 'The route of a request', flags: [namespace], args: [['web']] },
  {
    name: 'service',
    aliases: ['svc'],
    summary: 'A Service',
    flags: [namespace, flag('header', { char: 'H' })],
    args: [],
  },
  {
    name: 'version',
    aliases: [],
    summary: 'The version',
    args: [],
    flags: [flag('output', { char: 'o', takesValue: true, options: ['json'] })],
  },
];
