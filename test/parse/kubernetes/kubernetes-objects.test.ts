import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Artefact } from '../../../src/model/artefact.ts';
import type { KubernetesObjects } from '../../../src/model/kubernetes.ts';
import { ISTIO_KINDS } from '../../../src/parse/kubernetes/generic-objects.ts';
import { kubernetesObjects } from '../../../src/parse/kubernetes/kubernetes-objects.ts';
import { type SampleName, sampleFolder } from '../../sample-facts.ts';
import { artefact, list, named } from './list.ts';

const ISTIO = Object.values(ISTIO_KINDS).flatMap((type) => type.kinds);

/** Every List of a bundled cluster, by plural. */
function bundled(sample: SampleName): Map<string, Artefact[]> {
  const folder = path.join(sampleFolder(sample), 'clusters/lab/resources');
  const lists = new Map<string, Artefact[]>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const plural = /([a-z]+)\.json$/.exec(name)?.[1];
    if (plural === undefined) continue;
    const bytes = readFileSync(path.join(folder, name));
    lists.set(plural, [...(lists.get(plural) ?? []), { name, capturedAt: null, bytes }]);
  }
  return lists;
}

/** Everything, read. */
function everything({ objects }: { readonly objects: KubernetesObjects }): number {
  const lists = [
    objects.services,
    objects.endpointSlices,
    objects.endpoints,
    objects.pods,
    objects.nodes,
    objects.namespaces,
  ];
  const others = [
    objects.configMaps,
    objects.networkPolicies,
    objects.workloads,
    objects.mutatingWebhookConfigurations,
  ];
  const istio = ISTIO.map((kind) => objects.istio(kind));
  for (const pod of objects.pods) expect(Array.isArray(pod.containers)).toBe(true);
  return [...lists, ...others, objects.serviceCIDRs, ...istio].reduce((sum, one) => sum + one.length, 0);
}

describe('the bundled clusters', () => {
  it.each(['kube-proxy-iptables', 'kube-proxy-legacy', 'one-node-bookinfo'] as const)(
    '%s is read whole, without a gap',
    (sample) => {
      const lists = bundled(sample);
      const read = kubernetesObjects(lists);
      const raw = (plural: string): string[] => {
        const { items } = JSON.parse(lists.get(plural)?.[0]?.bytes.toString() ?? '') as {
          items: { metadata: { name: string } }[];
        };
        return items.map((one) => one.metadata.name).toSorted();
      };
      const { services, pods, endpointSlices } = read.objects;
      expect(services.map((one) => one.name).toSorted()).toEqual(raw('services'));
      expect(pods.map((one) => one.name).toSorted()).toEqual(raw('pods'));
      expect(endpointSlices.map((one) => one.name).toSorted()).toEqual(raw('endpointslices'));
      expect(everything(read)).toBeGreaterThan(30);
      expect(read.gaps()).toEqual([]);
    },
  );

  it('Istio by kind', () => {
    const { objects } = kubernetesObjects(bundled('one-node-bookinfo'));
    const counts = ISTIO.map((kind) => `${kind} ${objects.istio(kind).length}`);
    expect(counts).toEqual(
      expect.arrayContaining(['VirtualService 2', 'Gateway 1', 'AuthorizationPolicy 1', 'EnvoyFilter 0']),
    );
  });
});

describe('reading on first use', () => {
  it('does not parse what nobody asks for', () => {
    const pods = artefact(list('Pod', []));
    let reads = 0;
    const watched: Artefact = {
      name: 'pods.json',
      capturedAt: null,
      get bytes() {
        reads += 1;
        return pods.bytes;
      },
    };
    const { objects, gaps } = kubernetesObjects(
      new Map([
        ['pods', [watched]],
        ['services', [artefact('nonsense', 'services.json')]],
      ]),
    );
    expect([objects.nodes, gaps(), reads]).toEqual([[], [], 0]);
    expect([objects.services, gaps().length, reads]).toEqual([[], 1, 0]);
    expect([objects.pods, objects.pods, objects.captured('pods'), reads]).toEqual([[], [], true, 1]);
  });

  it('parses a List of many kinds once', () => {
    let reads = 0;
    const value = {
      kind: 'List',
      items: [
        { kind: 'Service', ...named('s', { spec: {} }) },
        { kind: 'Pod', ...named('p') },
      ],
    };
    const both: Artefact = {
      name: 'all.json',
      capturedAt: null,
      get bytes() {
        reads += 1;
        return artefact(value).bytes;
      },
    };
    const { objects } = kubernetesObjects(
      new Map([
        ['services', [both]],
        ['pods', [both]],
      ]),
    );
    expect([objects.services.length, objects.pods.length, reads]).toEqual([1, 1, 1]);
  });
});

describe('the same object more than once', () => {
  const virtualService = (apiVersion: string) => artefact(list('VirtualService', [named('v')], apiVersion), apiVersion);
  it.each([
    [
      ['networking.istio.io/v1alpha3', 'networking.istio.io/v1', 'networking.istio.io/v1beta1'],
      'networking.istio.io/v1',
    ],
    [['networking.istio.io/v1alpha3', 'networking.istio.io/v1beta1'], 'networking.istio.io/v1beta1'],
    [['networking.istio.io/v2', 'networking.istio.io/v10'], 'networking.istio.io/v10'],
  ])('in %j counts once, as %s', (versions, kept) => {
    for (const order of [versions, versions.toReversed()]) {
      const { objects } = kubernetesObjects(new Map([['virtualservices', order.map(virtualService)]]));
      expect(objects.istio('VirtualService').map((one) => one.apiVersion)).toEqual([kept]);
    }
  });

  it('ServiceCIDRs of two versions are the same ranges', () => {
    const range = (version: string) =>
      artefact(
        list(
          'ServiceCIDR',
          [{ metadata: { name: 'k' }, spec: { cidrs: ['10.96.0.0/16'] } }],
          `networking.k8s.io/${version}`,
        ),
        version,
      );
    const { objects } = kubernetesObjects(new Map([['servicecidrs', [range('v1'), range('v1beta1')]]]));
    expect(objects.serviceCIDRs.map((one) => one.cidr)).toEqual(['10.96.0.0/16']);
  });
});

it('tells a kind that has no objects from one that nobody captured', () => {
  const refused = artefact({ kind: 'Status', reason: 'Forbidden' });
  const { objects } = kubernetesObjects(
    new Map([
      ['services', [artefact(list('Service', []))]],
      ['pods', [refused]],
    ]),
  );
  expect(['services', 'pods', 'nodes'].map((plural) => objects.captured(plural))).toEqual([true, false, false]);
});

it('does not take a List whose items cannot be read for all that there is', () => {
  const { objects } = kubernetesObjects(new Map([['services', [artefact(list('Service', [7, 'junk']))]]]));
  expect([objects.services, objects.captured('services')]).toEqual([[], false]);
});

describe('mutated Lists', () => {
  const clean = bundled('kube-proxy-iptables');
  const plurals = ['services', 'endpointslices', 'pods', 'nodes', 'servicecidrs', 'configmaps', 'networkpolicies'];

  it('never throw, and every gap has its place', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...plurals),
        fc.array(
          fc.tuple(fc.nat(), fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('-1', 'x', -1, 1e9, null))),
          { minLength: 1, maxLength: 8 },
        ),
        (plural, changes) => {
          const [source] = clean.get(plural) ?? [];
          const value = JSON.parse(source?.bytes.toString() ?? '') as unknown;
          for (const [at, replacement] of changes) replaceAt(value, at, replacement);
          const read = kubernetesObjects(new Map([[plural, [artefact(value, plural)]]]));
          everything(read);
          for (const gap of read.gaps()) expect(`${gap.artefact} ${typeof gap.pointer}`).toBe(`${plural} string`);
        },
      ),
      { numRuns: 300, seed: 11 },
    );
  });

  it('cut anywhere give one gap and no object', () => {
    const [source] = clean.get('nodes') ?? [];
    const bytes = source?.bytes ?? Buffer.from('');
    for (let length = 0; length < bytes.length - 2; length += 97) {
      const { objects, gaps } = kubernetesObjects(
        new Map([['nodes', [{ name: 'n', capturedAt: null, bytes: bytes.subarray(0, length) }]]]),
      );
      expect([objects.nodes.length, gaps().length]).toEqual([0, 1]);
    }
  });
});

/** Replaces the n-th member of a JSON value, counted in document order. */
function replaceAt(root: unknown, n: number, replacement: unknown): void {
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      if (key === 'managedFields') continue;
      places.push({ holder: value as Record<string, unknown>, key });
      visit((value as Record<string, unknown>)[key]);
    }
  };
  visit(root);
  const place = places[n % Math.max(1, places.length)];
  if (place !== undefined) place.holder[place.key] = replacement;
}
