import { parseAddress } from '../../model/address.ts';
import type { ServicePort } from '../../model/kubernetes.ts';
import type { Question } from '../../model/question.ts';
import { TOKEN } from '../../model/request.ts';
import type { ApplicationRequest, HttpRequest } from '../../model/request.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import type { World } from '../world/world.ts';
import { QuestionError, type QuestionInput } from './question-input.ts';
import { resolveSource } from './source.ts';
import { resolveTarget, type ResolvedTarget } from './target.ts';

/** One question for each client that FROM names. */
export interface ResolvedQuestions {
  readonly questions: readonly Question[];
  /** `deploy/productpage`, when FROM names several pods. */
  readonly workload: string | null;
}

/**
 * Turns what a person typed into questions that can be walked: finds the parties, the port and the protocol.
 * @throws QuestionError when it cannot be asked, with what exists and is close
 */
export function resolveQuestion(world: World, input: QuestionInput): ResolvedQuestions {
  const view = clusterOf(world);
  const { sources, workload, notes } = resolveSource(view, input);
  const entryNode = entryNodeOf(view, input);
  const resolve = resolutions(input);
  const questions = sources.map((source): Question => {
    const target = resolveTarget(view, input, source);
    const { request, note } = requestOf(input, target);
    const { host, port, service, servicePort, pod, text } = target;
    return {
      fromText: input.from,
      source,
      target: { host, port, service, servicePort, pod, text },
      protocol: request.protocol,
      request,
      uid: input.uid,
      sourcePort: input.sourcePort,
      entryNode,
      resolve,
      notes: [...notes, ...target.notes, ...(note === null ? [] : [note])],
    };
  });
  return { questions, workload };
}

function clusterOf(world: World): ClusterView {
  const [view] = world.clusters;
  if (view === undefined) {
    throw new QuestionError('nothing was read: no cluster is in the snapshot', ['Give a snapshot: --snapshot PATH']);
  }
  return view;
}

function entryNodeOf(view: ClusterView, input: QuestionInput): string | null {
  if (input.node === null || view.nodes.includes(input.node)) return input.node;
  throw new QuestionError(`there is no node ${input.node}`, [`Nodes: ${view.nodes.join(', ')}.`]);
}

function resolutions(input: QuestionInput): ReadonlyMap<string, string> {
  return new Map(
    input.resolve.map((entry) => {
      const colon = entry.indexOf(':');
      const address = colon < 0 ? undefined : parseAddress(entry.slice(colon + 1));
      if (address === undefined) throw new QuestionError(`--resolve wants HOST:IP, not ${entry}`);
      return [entry.slice(0, colon), address.text];
    }),
  );
}

/** What is sent: HTTP when the question says so or the port is declared to speak it, else raw bytes. */
function requestOf(input: QuestionInput, target: ResolvedTarget): { request: ApplicationRequest; note: string | null } {
  const scheme = target.scheme;
  const transport =
    scheme === 'udp' || scheme === 'sctp' ? scheme : (input.protocol ?? transportOf(target.servicePort));
  const http = asksHttp(input, scheme);
  if (transport !== 'tcp') {
    if (http)
      throw new QuestionError(`HTTP cannot be asked over ${transport}`, [
        'Leave out --protocol, or the scheme, method and headers.',
      ]);
    return { request: { protocol: transport, http: null, tls: null }, note: null };
  }
  if (scheme === 'tcp') return { request: { protocol: 'tcp', http: null, tls: null }, note: null };
  if (http) return { request: httpRequest(input, target), note: null };
  if (speaksHttp(target.servicePort)) {
    const request = httpRequest(input, target);
    return {
      request,
      note: 'The port is declared to speak HTTP, so GET / was asked; write a URL to ask for another path.',
    };
  }
  return { request: { protocol: 'tcp', http: null, tls: null }, note: null };
}

function asksHttp(input: QuestionInput, scheme: string | null): boolean {
  return (
    scheme === 'http' || scheme === 'https' || scheme === 'grpc' || input.method !== null || input.headers.length > 0
  );
}

function transportOf(port: ServicePort | null): 'tcp' | 'udp' | 'sctp' {
  if (port?.protocol === 'UDP') return 'udp';
  return port?.protocol === 'SCTP' ? 'sctp' : 'tcp';
}

function speaksHttp(port: ServicePort | null): boolean {
  return /^(http|http2|grpc|grpc-web|kubernetes\.io\/h2c|kubernetes\.io\/ws)$/i.test(declaredProtocol(port));
}

/** Istio's and the Gateway API's convention: appProtocol, or the part of the port's name before the first dash. */
function declaredProtocol(port: ServicePort | null): string {
  const name = port?.name ?? '';
  return port?.appProtocol ?? (name.startsWith('grpc-web') ? 'grpc-web' : (name.split('-')[0] ?? ''));
}

/** A URL of HTTP is asked as it says, whatever its port is declared to speak. */
function asksGrpc({ scheme, servicePort }: ResolvedTarget): boolean {
  return scheme === 'grpc' || (scheme === null && declaredProtocol(servicePort).toLowerCase() === 'grpc');
}

function httpRequest(input: QuestionInput, target: ResolvedTarget): ApplicationRequest {
  const headers = input.headers.map(parseHeader);
  const host = headers.find(([name]) => name === 'host' || name === ':authority')?.[1];
  const grpc = asksGrpc(target);
  const http: HttpRequest = {
    method: (input.method ?? (grpc ? 'POST' : 'GET')).toUpperCase(),
    path: target.path ?? '/',
    authority: host ?? authorityOf(target),
    headers: headers.filter(([name]) => name !== 'host' && name !== ':authority'),
    scheme: target.scheme === 'https' ? 'https' : 'http',
    version: grpc ? 'h2' : 'http/1.1',
  };
  const sni = parseAddress(target.host) === undefined ? target.host : null;
  const tls = target.scheme === 'https' ? { sni, alpn: ['h2', 'http/1.1'], clientIdentity: null } : null;
  return { protocol: 'tcp', http, tls };
}

/** As curl writes it: the host of the URL, with the port unless it is the scheme's own. */
function authorityOf(target: ResolvedTarget): string {
  const own = target.scheme === 'https' ? 443 : 80;
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  return target.port === own ? host : `${host}:${target.port}`;
}

function parseHeader(text: string): readonly [string, string] {
  const colon = text.indexOf(':');
  const name = colon < 0 ? '' : text.slice(0, colon === 0 ? text.indexOf(':', 1) : colon).trim();
  if (!TOKEN.test(name.replace(/^:/, ''))) throw new QuestionError(`-H wants "Name: value", not "${text}"`);
  return [name.toLowerCase(), text.slice(name.startsWith(':') ? text.indexOf(':', 1) + 1 : colon + 1).trim()];
}
