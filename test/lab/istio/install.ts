import { readdirSync } from 'node:fs';
import path from 'node:path';
import { gatewayApiDefinitions, goProgram } from '../build/go-modules.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { attempt, execute } from '../execute.ts';
import { progress } from '../progress.ts';
import type { LabRecord } from '../record.ts';
import type { IstioSettings } from '../topology/topology.ts';
import { HUB, TAG } from './images.ts';

/** External addresses of the ingress gateway. */
export const INGRESS = { v4: '198.51.100.200' } as const;

/** What differs from an installation of a release. */
const SETTINGS = [
  'profile=default',
  `hub=${HUB}`,
  `tag=${TAG}`,
  'values.global.imagePullPolicy=Never',
  // Envoy as its own project releases it has none of Istio's extensions.
  'values.pilot.env.PILOT_ENABLE_METADATA_EXCHANGE=false',
  'values.pilot.env.PILOT_ENABLE_ALPN_FILTER=false',
  'values.telemetry.enabled=false',
  // The nodes share one machine.
  'values.pilot.autoscaleEnabled=false',
  'values.pilot.resources.requests.cpu=10m',
  'values.pilot.resources.requests.memory=64Mi',
  'values.global.proxy.resources.requests.cpu=10m',
  'values.global.proxy.resources.requests.memory=32Mi',
  'values.gateways.istio-ingressgateway.autoscaleEnabled=false',
  'values.gateways.istio-ingressgateway.resources.requests.cpu=10m',
  'values.gateways.istio-ingressgateway.resources.requests.memory=32Mi',
  'meshConfig.accessLogFile=/dev/stdout',
];

/** Installs Istio as its users do: the real istioctl applies the charts that it carries and waits until all of it is ready. */
export async function installIstio(record: LabRecord, { api }: ControlPlane, settings: IstioSettings): Promise<void> {
  progress('installs Istio');
  const kubeconfig = administrator(record);
  const set = [...SETTINGS, ...(settings.set ?? [])].flatMap((setting) => ['--set', setting]);
  const parameters = ['install', '--skip-confirmation', '--kubeconfig', kubeconfig, ...set];
  const ended = await attempt(await goProgram('istioctl'), parameters, { timeout: 240_000 });
  if (ended.status !== 0) throw new Error(`istioctl install: ${ended.stderr}${ended.stdout.toString()}`);
  // What a load balancer's controller would write.
  const gateway = '/api/v1/namespaces/istio-system/services/istio-ingressgateway/status';
  const body = { status: { loadBalancer: { ingress: [{ ip: INGRESS.v4, ipMode: 'VIP' }] } } };
  await api.call('PATCH', gateway, { body, contentType: 'application/merge-patch+json' });
}

/** Makes the kinds of Gateway API known to the API server, as its users do with the real kubectl. */
export async function installGatewayApi(record: LabRecord): Promise<void> {
  const folder = await gatewayApiDefinitions();
  const files = readdirSync(folder).filter((name) => /k8s\.io_[a-z]+\.yaml$/.test(name));
  const parameters = ['--kubeconfig', administrator(record), 'apply', '--server-side'];
  for (const file of files) parameters.push('-f', path.join(folder, file));
  await execute(await goProgram('kubectl'), parameters);
}

function administrator({ folder }: LabRecord): string {
  return path.join(folder, 'kubeconfig', 'admin.yaml');
}
