import { parseAddress, type Address } from '../../model/address.ts';
import type { PodFact, ServiceFact, ServicePort } from '../../model/kubernetes.ts';
import type { Source, Target } from '../../model/question.ts';
import { listText } from '../../model/wording.ts';
import { portText } from '../sentences/names.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import { lookUpVariable } from '../world/environment.ts';
import { closeNames } from './close-names.ts';
import { NotCapturedError, QuestionError, type QuestionInput } from './question-input.ts';
import { addressOnNode, outsideAddress } from './service-address.ts';

/** TO, taken apart. */
export interface ResolvedTarget extends Target {
  /** Scheme of a URL; null when the text is none. */
  readonly scheme: string | null;
  /** Path and query of a URL; null when it has none. */
  readonly path: string | null;
  /** Whether the text wrote a port. */
  readonly portGiven: boolean;
  readonly notes: readonly string[];
}

const SCHEME_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, grpc: 80 };
const SCHEMES = new Set(['http', 'https', 'grpc', 'tcp', 'udp', 'sctp']);

/**
 * Resolves TO. A bare host that is a Service stands for that Service, as the client's namespace sees it.
 * @throws QuestionError when the text is malformed, names nothing, or leaves the port open
 */
export function resolveTarget(view: ClusterView, input: QuestionInput, source: Source): ResolvedTarget {
  const text = input.to.trim();
  const url = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text);
  if (url !== null) return urlTarget(view, input, source, (url[1] ?? '').toLowerCase(), url[2] ?? '');
  const object = /^(svc|service|services|pod|pods|po|node|nodes|no)\/(.+)$/i.exec(text);
  if (object !== null) return objectTarget(view, input, source, (object[1] ?? '').toLowerCase(), object[2] ?? '');
  const { host, port } = splitHostPort(text);
  return hostTarget(view, input, source, { host, port, scheme: null, path: null });
}

interface HostParts {
  readonly host: string;
  readonly port: string | null;
  readonly scheme: string | null;
  readonly path: string | null;
}

function urlTarget(
  view: ClusterView,
  input: QuestionInput,
  source: Source,
  scheme: string,
  rest: string,
): ResolvedTarget {
  if (!SCHEMES.has(scheme)) {
    throw new QuestionError(`the scheme ${scheme}:// is not known`, [`Known schemes: ${listText([...SCHEMES], 9)}.`]);
  }
  const cut = rest.search(/[/?#]/);
  const authority = (cut < 0 ? rest : rest.slice(0, cut)).replace(/^.*@/, '');
  const tail = cut < 0 ? '' : rest.slice(cut).replace(/#.*$/, '');
  const { host, port } = splitHostPort(authority);
  if (host === '') throw new QuestionError(`the URL ${input.to} names no host`);
  const path = tail === '' ? '/' : tail.startsWith('/') ? tail : `/${tail}`;
  return hostTarget(view, input, source, { host, port, scheme, path });
}

function objectTarget(
  view: ClusterView,
  input: QuestionInput,
  source: Source,
  kind: string,
  rest: string,
): ResolvedTarget {
  const { host: name, port } = splitHostPort(rest);
  if (kind.startsWith('s')) {
    const dot = name.indexOf('.');
    const namespace = dot < 0 ? targetNamespace(input, source) : name.slice(dot + 1);
    const service = view.service(namespace, dot < 0 ? name : name.slice(0, dot));
    if (service === undefined) throw noSuchService(view, namespace, dot < 0 ? name : name.slice(0, dot));
    return serviceTarget(view, input, source, service, {
      host: clientName(service, source),
      port,
      scheme: null,
      path: null,
    });
  }
  if (kind.startsWith('p')) return podTarget(view, input, source, name, port);
  const address = view.nodeNamed(name)?.addresses[0]?.address;
  if (address === undefined) throw new QuestionError(`there is no node ${name}`, [`Nodes: ${listText(view.nodes)}.`]);
  return plain(input, { host: address, port: requiredPort(input, port), scheme: null, path: null });
}

function podTarget(
  view: ClusterView,
  input: QuestionInput,
  source: Source,
  name: string,
  port: string | null,
): ResolvedTarget {
  const namespace = targetNamespace(input, source);
  const pod = view.pod(namespace, name);
  if (pod === undefined) {
    const names = (view.objects?.pods ?? []).filter((one) => one.namespace === namespace).map((one) => one.name);
    const near = closeNames(name, names);
    const hint =
      near.length > 0 ? `Close names: ${listText(near)}.` : `Pods in namespace ${namespace}: ${listText(names)}.`;
    throw new QuestionError(`there is no pod ${name} in namespace ${namespace}`, [hint]);
  }
  const ip = pod.ips[0];
  if (ip === undefined) throw new QuestionError(`pod ${namespace}/${name} has no address yet`);
  const number = podPort(pod, port);
  if (number === undefined)
    throw new QuestionError(`which port of pod ${namespace}/${name}?`, [`Write pod/${name}:PORT.`]);
  const target = plain(input, { host: ip, port: String(number), scheme: null, path: null });
  return { ...target, pod, portGiven: port !== null };
}

function podPort(pod: PodFact, port: string | null): number | undefined {
  const ports = pod.containers
    .filter((container) => container.name !== 'istio-proxy')
    .flatMap((container) => container.ports);
  if (port === null) return ports[0]?.containerPort;
  return /^\d+$/.test(port) ? validPort(port) : ports.find((one) => one.name === port)?.containerPort;
}

function hostTarget(view: ClusterView, input: QuestionInput, source: Source, parts: HostParts): ResolvedTarget {
  const address = parseAddress(parts.host);
  if (address !== undefined) return addressTarget(view, input, address, parts);
  if (parts.host.startsWith('$')) return variableTarget(view, input, source, parts);
  const service = serviceNamed(view, input, source, parts.host);
  if (service !== undefined)
    return serviceTarget(view, input, source, service, { ...parts, host: dialled(input, source, service, parts.host) });
  const defaultPort = parts.scheme === null ? undefined : SCHEME_PORTS[parts.scheme];
  if (parts.port === null && defaultPort === undefined) {
    if (!parts.host.includes('.')) throw noSuchService(view, targetNamespace(input, source), parts.host);
    throw new QuestionError(`which port of ${parts.host}?`, [`Write ${parts.host}:PORT or a URL.`]);
  }
  if (!parts.host.includes('.') && parts.scheme === null)
    throw noSuchService(view, targetNamespace(input, source), parts.host);
  return plain(input, { ...parts, port: parts.port ?? String(defaultPort) });
}

/** `$REVIEWS_SERVICE_HOST:$REVIEWS_SERVICE_PORT`: what the client's environment holds; the Service's first port by default. */
function variableTarget(view: ClusterView, input: QuestionInput, source: Source, parts: HostParts): ResolvedTarget {
  if (source.kind !== 'pod') throw new QuestionError(`${parts.host} is an environment variable, and FROM is no pod`);
  const host = lookUpVariable(view, source.pod, parts.host.slice(1));
  const named =
    parts.port?.startsWith('$') === true ? lookUpVariable(view, source.pod, parts.port.slice(1)).value : parts.port;
  const port = named ?? (host.service?.ports[0] === undefined ? null : String(host.service.ports[0].port));
  const target = plain(input, { ...parts, port: requiredPort(input, port) });
  const servicePort = host.service?.ports.find((one) => one.port === target.port) ?? null;
  return { ...target, service: host.service, servicePort };
}

function addressTarget(view: ClusterView, input: QuestionInput, address: Address, parts: HostParts): ResolvedTarget {
  const defaultPort = parts.scheme === null ? undefined : SCHEME_PORTS[parts.scheme];
  const at = view.servicesAt(address.text);
  const only = at[0]?.service;
  const port = parts.port ?? (defaultPort === undefined ? String(only?.ports[0]?.port ?? '') : String(defaultPort));
  const number = requiredPort(input, port === '' ? null : port);
  const match =
    (at.find((one) => one.service.ports.some((its) => its.port === Number(number))) ?? at[0])?.service ?? null;
  const servicePort = match?.ports.find((its) => its.port === Number(number)) ?? null;
  return {
    ...plain(input, { ...parts, host: address.text, port: number }),
    service: match,
    servicePort,
    pod: view.podAt(address.text) ?? null,
  };
}

/** The Service that a host name means to the client: `name`, `name.namespace`, or with `svc` and the cluster's domain behind. */
function serviceNamed(view: ClusterView, input: QuestionInput, source: Source, host: string): ServiceFact | undefined {
  const [name = '', namespace, marker] = host.replace(/\.$/, '').split('.');
  if (namespace === undefined) return view.service(targetNamespace(input, source), name);
  if (marker !== undefined && marker !== 'svc') return undefined;
  return view.service(namespace, name);
}

/** The host as the client writes it: a bare name of another namespace needs that namespace behind it. */
function dialled(input: QuestionInput, source: Source, service: ServiceFact, host: string): string {
  const written = /^[a-z]+:\/\//i.test(input.to);
  return written || host.includes('.') ? host : clientName(service, source);
}

function clientName(service: ServiceFact, source: Source): string {
  const own = source.kind === 'pod' ? source.pod.namespace : null;
  return own === service.namespace ? service.name : `${service.name}.${service.namespace}`;
}

function serviceTarget(
  view: ClusterView,
  input: QuestionInput,
  source: Source,
  service: ServiceFact,
  parts: HostParts,
): ResolvedTarget {
  const defaultPort = parts.scheme === null ? undefined : SCHEME_PORTS[parts.scheme];
  const { port, servicePort, notes } = chosenPort(service, parts.port, defaultPort);
  const target = plain(input, { ...parts, port: String(port) });
  const found = { ...target, service, servicePort, notes, portGiven: parts.port !== null };
  const address =
    source.kind === 'outside'
      ? outsideAddress(view, input, service, servicePort, port)
      : source.kind === 'node' && parts.scheme === null
        ? addressOnNode(service, port)
        : null;
  return address === null ? found : { ...found, ...address, notes: [...notes, ...address.notes] };
}

function chosenPort(
  service: ServiceFact,
  text: string | null,
  defaultPort: number | undefined,
): { readonly port: number; readonly servicePort: ServicePort | null; readonly notes: readonly string[] } {
  const name = `${service.namespace}/${service.name}`;
  if (text !== null && !/^\d+$/.test(text)) {
    const named = service.ports.find((one) => one.name === text);
    if (named === undefined) {
      throw new QuestionError(`Service ${name} has no port named ${text}`, [
        `Its ports: ${listText(service.ports.map(portText))}.`,
      ]);
    }
    return { port: named.port, servicePort: named, notes: [] };
  }
  const wanted = text === null ? defaultPort : validPort(text);
  if (wanted !== undefined)
    return { port: wanted, servicePort: service.ports.find((one) => one.port === wanted) ?? null, notes: [] };
  const [first, second] = service.ports;
  if (first === undefined)
    throw new QuestionError(`which port of Service ${name}? It declares none`, [`Write ${service.name}:PORT.`]);
  const others = service.ports.slice(1).map(portText);
  const notes =
    second === undefined ? [] : [`Port ${portText(first)} was taken; Service ${name} also has ${listText(others)}.`];
  return { port: first.port, servicePort: first, notes };
}

function plain(input: QuestionInput, parts: HostParts): ResolvedTarget {
  return {
    host: parts.host,
    port: validPort(parts.port ?? ''),
    service: null,
    servicePort: null,
    pod: null,
    text: input.to,
    scheme: parts.scheme,
    path: parts.path,
    portGiven: parts.port !== null,
    notes: [],
  };
}

function requiredPort(input: QuestionInput, port: string | null): string {
  if (port === null) throw new QuestionError(`which port of ${input.to}?`, [`Write ${input.to}:PORT.`]);
  return port;
}

function validPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65535) throw new QuestionError(`${text} is no port (1 to 65535)`);
  return port;
}

/** `host`, `host:port`, `[v6]`, `[v6]:port`, or a bare IPv6 address. */
function splitHostPort(text: string): { readonly host: string; readonly port: string | null } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] ?? null };
  const colon = text.indexOf(':');
  if (colon < 0 || text.indexOf(':', colon + 1) >= 0) return { host: text, port: null };
  return { host: text.slice(0, colon), port: text.slice(colon + 1) };
}

/** Where TO's bare names are looked up: -n, else the client's own namespace. */
function targetNamespace(input: QuestionInput, source: Source): string {
  return input.namespace ?? (source.kind === 'pod' ? source.pod.namespace : (input.contextNamespace ?? 'default'));
}

/** That there is no Service of the name, with what is close. */
export function noSuchService(view: ClusterView, namespace: string, name: string): QuestionError {
  const services = view.objects?.services ?? [];
  if (services.length === 0) {
    const absent = `there is no Service ${name} in namespace ${namespace}`;
    return new NotCapturedError(absent, 'no Services were listed', 'services');
  }
  const elsewhere = services.filter((one) => one.name === name).map((one) => `${one.name}.${one.namespace}`);
  const here = services.filter((one) => one.namespace === namespace).map((one) => one.name);
  const near = closeNames(name, here);
  const hints = [
    ...(elsewhere.length > 0 ? [`In another namespace: ${listText(elsewhere)}.`] : []),
    ...(near.length > 0 ? [`Close names in namespace ${namespace}: ${listText(near)}.`] : []),
  ];
  const all =
    here.length > 0
      ? `Services in namespace ${namespace}: ${listText(here)}.`
      : `Namespace ${namespace} has no Services.`;
  return new QuestionError(`there is no Service ${name} in namespace ${namespace}`, hints.length > 0 ? hints : [all]);
}
