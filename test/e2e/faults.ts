import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { status, type Faults, type RequestFault, type StreamFault } from './faulty-proxy.ts';

/** Something that goes wrong, and how the program must end. */
export interface Fault {
  readonly about: string;
  /** Anew for each run: some count. */
  readonly make: () => Faults;
  readonly flags?: readonly string[];
  /** 0: it recovers, 1: nothing can be asked, 4: a partial answer. */
  readonly status: 0 | 1 | 4;
  /** What it must say, among other things. */
  readonly says: RegExp;
}

type Answer = (response: ServerResponse, request: IncomingMessage) => unknown;

/** Spoils requests whose URL holds a text. */
function of(text: string, answer: Answer): () => Faults {
  return () => ({ request: spoils(text, answer) });
}

function spoils(text: string, answer: Answer): RequestFault {
  return (request, response) => {
    if (request.url?.includes(text) !== true) return false;
    answer(response, request);
    return true;
  };
}

/** Spoils the first such request alone. */
function once(text: string, answer: Answer): () => Faults {
  return () => {
    const fault = spoils(text, answer);
    let spoiled = false;
    return {
      request: (request, response) => {
        if (spoiled) return false;
        spoiled = fault(request, response);
        return spoiled;
      },
    };
  };
}

const json = (body: string, headers: object = {}) => {
  return (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);
};
const html: Answer = (response) => {
  response
    .writeHead(200, { 'content-type': 'text/html' })
    .end('<html><body>Accept our terms to go online</body></html>');
};
const brokenOff: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100_000 });
  response.write('{"kind":"ServiceList","apiVersion":"v1","items":[', () => response.destroy());
};
const silent: Answer = () => {};
const endless: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write('{"items":['.padEnd(1000)), 5);
  response.on('close', () => clearInterval(timer));
};
const list = (items: unknown, metadata: object = {}): string =>
  JSON.stringify({ kind: 'ServiceList', apiVersion: 'v1', metadata, items });

const SERVICES = '/api/v1/services';
const SLICES = '/endpointslices';
const NODES = '/api/v1/nodes';
const EVERYTHING = '/';

export const REQUEST_FAULTS: readonly Fault[] = [
  {
    about: '403 for one resource',
    make: of(NODES, (response) => status(response, 403, 'Forbidden')),
    status: 4,
    says: /does not let this identity list nodes .+\(allow it to list nodes/,
  },
  {
    about: '403 for the pods of the node',
    make: of('k8s-app', (response) => status(response, 403, 'Forbidden')),
    status: 4,
    says: /does not let this identity list pods .+\(allow it to list pods in namespace kube-system/,
  },
  {
    about: '401',
    make: of(EVERYTHING, (response) => status(response, 401, 'Unauthorized')),
    status: 1,
    says: /kubeconfig \(401.+Log in again/,
  },
  {
    about: '404, an API group is gone',
    make: of(SLICES, (response) => status(response, 404, 'NotFound')),
    status: 4,
    says: /endpointslices\.json: .+404/,
  },
  {
    about: '410 in the middle of paging, each time',
    make: of(SERVICES, (response, { url }) =>
      url?.includes('continue=') === true
        ? status(response, 410, 'Expired')
        : json(list([], { resourceVersion: '1', continue: 'next', remainingItemCount: 9 }))(response),
    ),
    status: 4,
    says: /services\.json: .+410/,
  },
  {
    about: '429 with Retry-After, once',
    make: once(SERVICES, (response) => status(response, 429, 'TooManyRequests', { 'retry-after': '1' })),
    status: 0,
    says: /delivered to shop\/host-a/,
  },
  {
    about: '429 that asks for an hour',
    make: of(SERVICES, (response) => status(response, 429, 'TooManyRequests', { 'retry-after': '3600' })),
    status: 4,
    says: /services\.json: .+429/,
  },
  {
    about: '500 once',
    make: once(SERVICES, (response) => status(response, 500, 'InternalError')),
    status: 0,
    says: /delivered to shop\/host-a/,
  },
  {
    about: '503 always',
    make: of(SERVICES, (response) => status(response, 503, 'ServiceUnavailable')),
    status: 4,
    says: /services\.json: .+503/,
  },
  {
    about: 'the connection drops in the middle of a body, once',
    make: once(SERVICES, brokenOff),
    status: 0,
    says: /delivered to shop\/host-a/,
  },
  {
    about: 'the connection drops in the middle of a body, always',
    make: of(SERVICES, brokenOff),
    status: 4,
    says: /the connection to the API server .+ was lost/,
  },
  {
    about: 'no answer within --request-timeout',
    make: of(SERVICES, silent),
    flags: ['--request-timeout', '2s'],
    status: 4,
    says: /gave no whole answer within 2 s \(give it more time with --request-timeout/,
  },
  {
    about: 'an answer that never ends',
    make: of(SERVICES, endless),
    flags: ['--request-timeout', '2s'],
    status: 4,
    says: /gave no whole answer within 2 s/,
  },
  {
    about: 'garbage for JSON',
    make: of(SERVICES, json('{"kind":"ServiceList","items":[}}}')),
    status: 4,
    says: /services\.json: .+ is no List of them \(run it again/,
  },
  { about: 'an empty body', make: of(SERVICES, json('')), status: 4, says: /services\.json: .+ is no List/ },
  { about: 'a captive portal', make: of(EVERYTHING, html), status: 1, says: /text\/html: it is no Kubernetes API/ },
  { about: 'a login page for one resource', make: of(SERVICES, html), status: 4, says: /it is no Kubernetes API/ },
  {
    about: 'a redirect',
    make: of(EVERYTHING, (response) => response.writeHead(302, { location: 'https://login.example.com/?t=1' }).end()),
    status: 1,
    says: /leads to https:\/\/login\.example\.com/,
  },
  {
    about: 'gzip that is cut off',
    make: of(SERVICES, json('', { 'content-encoding': 'gzip' })),
    status: 4,
    says: /services\.json: /,
  },
  {
    about: 'gzip that is cut off in its middle',
    make: of(SERVICES, (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync(list([])).subarray(0, 30));
    }),
    status: 4,
    says: /the packed answer is damaged/,
  },
  {
    about: 'a List of another kind',
    make: of(SERVICES, json('{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]}')),
    status: 4,
    says: /services\.json: /,
  },
  {
    about: 'a failure with status 200',
    make: of(SERVICES, json('{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","code":500}')),
    status: 4,
    says: /services\.json: /,
  },
  { about: 'items that are no list', make: of(SERVICES, json(list({ one: 1 }))), status: 4, says: /services\.json: / },
  {
    about: 'items that are no objects',
    make: of(SERVICES, json(list([null, 7, 'x', { metadata: 'none', spec: [] }]))),
    status: 4,
    says: /services\.json\/items\/3\/metadata: metadata has no name/,
  },
  {
    about: 'what the rules prove stands without the EndpointSlices, whose gap is named',
    make: of(SLICES, (response) => status(response, 403, 'Forbidden')),
    status: 0,
    says: /not known: .+endpointslices\.json: .+\(allow it to list endpointslices/,
  },
];

/** Spoils streams whose URL holds a text. */
function stream(text: string, fault: StreamFault): () => Faults {
  return () => ({
    stream: (request, socket, pass) => request.url?.includes(text) === true && fault(request, socket, pass),
  });
}

/** Answers an upgrade with a status. */
const refused = (code: number, body: string): StreamFault => {
  return (_request, socket) => {
    socket.end(`HTTP/1.1 ${code} x\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    return true;
  };
};

/** Lets so many bytes of the other side through, then closes or falls silent. */
const passing = (bytes: number, then: 'close' | 'silence'): StreamFault => {
  return (_request, socket, pass) => {
    let left = bytes;
    pass().on('data', (chunk: Buffer) => {
      if (left <= 0) return;
      socket.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0 && then === 'close') socket.end();
    });
    return true;
  };
};

export const STREAM_FAULTS: readonly Fault[] = [
  {
    about: 'exec is forbidden',
    make: stream('/exec', refused(403, '{"kind":"Status","message":"pods is forbidden"}')),
    status: 4,
    says: /\(allow get and create of pods\/exec in namespace kube-system/,
  },
  {
    about: 'the pod of exec is gone',
    make: stream('/exec', refused(404, '{"kind":"Status","message":"pods not found"}')),
    status: 4,
    says: /pods not found \(HTTP status 404\) \(check its name and namespace, or run it again: the pod was replaced in between/,
  },
  {
    about: 'the kubelet of exec cannot be reached',
    make: stream('/exec', refused(500, 'error dialing backend: dial tcp 10.10.0.11:10250: connect: refused')),
    status: 4,
    says: /error dialing backend/,
  },
  {
    about: 'a proxy in between does not upgrade',
    make: stream('/exec', refused(200, '<html></html>')),
    status: 4,
    says: /\(check what stands between here and the API server: it must let WebSocket upgrades pass/,
  },
  {
    about: 'the WebSocket of exec closes half-way',
    make: stream('/exec', passing(900, 'close')),
    status: 4,
    says: /the connection (?:closed|broke)/,
  },
  {
    about: 'the dumps of rules alone close half-way',
    make: stream('tables-', passing(20_000, 'close')),
    status: 4,
    says: /iptables-save\.txt: .*the connection (?:closed|broke)/,
  },
  {
    about: 'the WebSocket of exec closes before it opens',
    make: stream('/exec', (_request, socket) => {
      socket.destroy();
      return true;
    }),
    status: 4,
    says: /there is no connection to the API server|the connection/,
  },
  {
    about: 'exec answers with what is no WebSocket',
    make: stream('/exec', (_request, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      return true;
    }),
    status: 4,
    says: /WebSocket/,
  },
  {
    about: 'exec opens and falls silent',
    make: stream('/exec', passing(600, 'silence')),
    status: 4,
    says: /nothing was heard for \d+ s/,
  },
  {
    about: 'port-forward is refused: kube-proxy is asked in its container instead',
    make: stream('/portforward', refused(403, '{"kind":"Status","message":"pods is forbidden"}')),
    status: 0,
    says: /delivered to shop\/host-a/,
  },
];
