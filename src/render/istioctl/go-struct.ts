import { array, object, plainTree, scalar, type JsonTree } from './json-tree.ts';

/** A field of a Go struct: the JSON name, what it holds, and whether it is left out when it is empty. */
type GoField = readonly [name: string, kind: GoKind, omitEmpty?: 'omitempty'];

/**
 * How Go writes a value of that type: a text; a number; any JSON; a list of texts or structs (null when there is none); a map with
 * sorted keys (likewise); a struct, or a pointer to one, which is left out or null when there is none.
 */
type GoKind =
  | 'string'
  | 'number'
  | 'boolean'
  | 'any'
  | 'strings'
  | { readonly list: readonly GoField[] }
  | { readonly map: readonly GoField[] | 'numbers' }
  | { readonly struct: readonly GoField[] }
  | { readonly pointer: readonly GoField[] };

const GATEWAY: readonly GoField[] = [['destination', 'string']];
const CERTIFICATE: readonly GoField[] = [
  ['pem', 'string'],
  ['serialNumber', 'string'],
  ['validFrom', 'string'],
  ['expirationTime', 'string'],
];
const CONNECTION: readonly GoField[] = [
  ['src', 'string'],
  ['originalDst', 'string'],
  ['actualDst', 'string'],
  ['protocol', 'string'],
];

/** The structs of istioctl/pkg/writer/ztunnel/configdump/api.go. */
export const ZTUNNEL: Readonly<
  Record<'workload' | 'service' | 'policy' | 'certificate' | 'connections', readonly GoField[]>
> = {
  workload: [
    ['uid', 'string'],
    ['workloadIps', 'strings'],
    ['waypoint', { pointer: GATEWAY }, 'omitempty'],
    ['networkGateway', { pointer: GATEWAY }, 'omitempty'],
    ['protocol', 'string'],
    ['name', 'string'],
    ['namespace', 'string'],
    ['serviceAccount', 'string'],
    ['workloadName', 'string'],
    ['workloadType', 'string'],
    ['canonicalName', 'string'],
    ['canonicalRevision', 'string'],
    ['clusterId', 'string'],
    ['trustDomain', 'string', 'omitempty'],
    [
      'locality',
      {
        struct: [
          ['region', 'string', 'omitempty'],
          ['zone', 'string', 'omitempty'],
          ['subzone', 'string', 'omitempty'],
        ],
      },
    ],
    ['node', 'string'],
    ['network', 'string', 'omitempty'],
    ['status', 'string'],
    ['hostname', 'string'],
    ['capacity', 'number'],
    [
      'applicationTunnel',
      {
        struct: [
          ['protocol', 'string'],
          ['port', 'number', 'omitempty'],
        ],
      },
    ],
    ['authorizationPolicies', 'strings', 'omitempty'],
  ],
  service: [
    ['name', 'string'],
    ['namespace', 'string'],
    ['hostname', 'string'],
    ['vips', 'strings'],
    ['cidrVips', 'any', 'omitempty'],
    ['ports', { map: 'numbers' }],
    [
      'loadBalancer',
      {
        pointer: [
          ['mode', 'string'],
          ['routingPreferences', 'strings'],
          ['healthPolicy', 'string'],
        ],
      },
      'omitempty',
    ],
    ['waypoint', { pointer: GATEWAY }, 'omitempty'],
    [
      'endpoints',
      {
        map: [
          ['workloadUid', 'string'],
          ['service', 'string'],
          ['address', 'string', 'omitempty'],
          ['port', { map: 'numbers' }],
        ],
      },
    ],
    ['subjectAltNames', 'strings', 'omitempty'],
    ['ipFamilies', 'string'],
    ['canonical', 'boolean', 'omitempty'],
    ['visibility', 'string', 'omitempty'],
  ],
  policy: [
    ['name', 'string'],
    ['namespace', 'string'],
    ['scope', 'string'],
    ['action', 'string'],
    ['rules', 'any'],
  ],
  certificate: [
    ['identity', 'string'],
    ['state', 'string'],
    ['certChain', { list: CERTIFICATE }],
    ['rootCerts', { list: CERTIFICATE }],
  ],
  connections: [
    ['state', 'string', 'omitempty'],
    [
      'connections',
      {
        struct: [
          ['inbound', { list: CONNECTION }],
          ['outbound', { list: CONNECTION }],
        ],
      },
    ],
    [
      'info',
      {
        struct: [
          ['name', 'string'],
          ['namespace', 'string'],
          ['trustDomain', 'string'],
          ['serviceAccount', 'string'],
        ],
      },
    ],
  ],
};

/** Values as Go writes them when it has read them into structs: only known fields, in their order, with zero values. */
export function goTree(value: unknown, fields: readonly GoField[]): JsonTree {
  const members = fields.flatMap(([name, kind, omitEmpty]) => {
    const member = own(value, name);
    const isEmpty = member === undefined || member === null || member === '' || member === 0 || member === false;
    const isHollow = isEmpty || (Array.isArray(member) && member.length === 0);
    return omitEmpty === 'omitempty' && isHollow ? [] : [[name, goValue(member, kind)] as const];
  });
  return object(members, 'message');
}

function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}

function goValue(value: unknown, kind: GoKind): JsonTree {
  if (kind === 'string') return scalar(typeof value === 'string' ? value : '');
  if (kind === 'number') return scalar({ number: typeof value === 'number' ? String(value) : '0' });
  if (kind === 'boolean') return scalar(value === true);
  if (kind === 'any' || kind === 'strings') return value === undefined ? scalar(null) : plainTree(value);
  if ('list' in kind) {
    const { list } = kind;
    if (!Array.isArray(value)) return scalar(null);
    const elements = value.map((one: unknown) => goTree(one, list));
    return array(elements, 'field');
  }
  if ('map' in kind) return goMap(value, kind.map);
  if ('pointer' in kind) return value === undefined || value === null ? scalar(null) : goTree(value, kind.pointer);
  return goTree(value, kind.struct);
}

/** Keys of maps are sorted as texts, also where they are numbers. */
function goMap(value: unknown, fields: readonly GoField[] | 'numbers'): JsonTree {
  if (typeof value !== 'object' || value === null) return scalar(null);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const members = entries.map(([key, member]: [string, unknown]) => {
    return [key, fields === 'numbers' ? goValue(member, 'number') : goTree(member, fields)] as const;
  });
  return object(members, 'field');
}
