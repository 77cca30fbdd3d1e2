import { QuestionError } from '../question/question-input.ts';
import { parseAnyClusterName } from './cluster-name.ts';
import { list, text } from '../../model/protobuf-message.ts';
import { readPattern, type Pattern } from './pattern.ts';

const TRAITS = ['service', 'pod', 'node', 'address', 'port', 'status', 'subset', 'direction'] as const;

/** What resources of every kind can be filtered by. */
export type Trait = (typeof TRAITS)[number];

/** What is asked of a resource; a trait that is absent is not asked for. */
export type Selection = { readonly [trait in Trait]?: Pattern | undefined };

/** The values of a trait that a resource has: one that passes is enough. */
export type Traits = (trait: Trait) => readonly string[];

/**
 * Reads filters as they are typed; what is empty or 0 filters nothing, as with istioctl.
 * @throws QuestionError when a regular expression cannot be compiled, or a port is none
 */
export async function readSelection(flags: Readonly<Record<string, unknown>>): Promise<Selection> {
  const read = TRAITS.flatMap((trait) => {
    const value = flags[trait];
    if (typeof value !== 'string' || value === '') return [];
    const given = trait === 'port' ? readPort(value) : value;
    return given === '0' && trait === 'port'
      ? []
      : [readPattern(trait, given).then((pattern) => [trait, pattern] as const)];
  });
  return Object.fromEntries(await Promise.all(read));
}

const PORT_MAX = 65_535;

/** A port as resources have it, or a pattern for such ones. */
function readPort(value: string): string {
  if (/^\d+$/.test(value) && Number(value) <= PORT_MAX) return String(Number(value));
  if (/^[\d*]*\*[\d*]*$|^\/.+\/$/.test(value)) return value;
  throw new QuestionError(`--port: ${value} is no port`, [
    `Give a number from 0 to ${PORT_MAX}, one with * for any digits, or a regular expression as /RE/.`,
  ]);
}

export function isSelecting(selection: Selection): boolean {
  return TRAITS.some((trait) => selection[trait] !== undefined);
}

/** Whether each trait that is asked for has a value that passes. */
export function selects(selection: Selection, traits: Traits): boolean {
  return TRAITS.every((trait) => {
    const pattern = selection[trait];
    return pattern === undefined || traits(trait).some((value) => pattern.matches(value));
  });
}

/** What a cluster's name tells of the traits that come from a Service. */
export function clusterNameTraits(name: string): Traits {
  const parts = parseAnyClusterName(name);
  return (trait) => {
    if (parts === undefined) return trait === 'service' ? [name] : [];
    if (trait === 'service') return serviceNames(parts.host);
    if (trait === 'subset') return [parts.subset];
    if (trait === 'direction') return [parts.direction];
    return trait === 'port' ? [String(parts.port)] : [];
  };
}

/** What a Service may be called: its host, and of one in a Kubernetes cluster `NAME.NAMESPACE` and `NAME`. */
export function serviceNames(host: string): readonly string[] {
  const [, name = '', namespace = ''] = /^([^.]+)\.([^.]+)\.svc\./.exec(host) ?? [];
  return name === '' ? [host] : [host, `${name}.${namespace}.svc`, `${name}.${namespace}`, name];
}

/** The same of the Services that istiod notes in a cluster's metadata. */
export function notedServices(cluster: unknown): readonly string[] {
  return list(cluster, 'metadata', 'filter_metadata', 'istio', 'services').flatMap((service) => {
    const [name, namespace, host] = [text(service, 'name'), text(service, 'namespace'), text(service, 'host')];
    return [name, `${name}.${namespace}`, host].filter((one) => one !== '');
  });
}
