import { connect } from 'node:net';
import type { FakeApiServer } from '../collect/live/fake-api-server.ts';
import type { Fault } from './faults.ts';
import { headOf, type Faults, type StreamFault } from './faulty-proxy.ts';

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

/** Silence is not waited out as long as usual. */
const IMPATIENT = ['--request-timeout', '5s'];

export const EXEC_FAULTS: readonly Fault[] = [
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
    flags: IMPATIENT,
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

/** Streams to a port of a pod end at a server of the test instead. */
function answeredBy({ access }: FakeApiServer): StreamFault {
  return (request, socket) => {
    const passed = connect(Number(new URL(access.server).port), '127.0.0.1');
    passed.on('error', () => {});
    passed.write(headOf(request));
    socket.pipe(passed).pipe(socket);
    return true;
  };
}

const ADMIN = '/pods/details-v1/portforward?ports=15000';

/** Faults between here and the admin interface of a proxy. @param other answers with text in place of JSON */
export function proxyFaults(other: () => FakeApiServer): readonly Fault[] {
  return [
    {
      about: 'port-forward is forbidden',
      make: stream(ADMIN, refused(403, '{"kind":"Status","message":"pods is forbidden"}')),
      status: 4,
      says: /details-v1\/envoy\/config_dump\.json.*: .+\(allow get and create of pods\/portforward in namespace bookinfo/,
    },
    {
      about: 'the pod is gone',
      make: stream(ADMIN, refused(404, '{"kind":"Status","message":"pods not found"}')),
      status: 4,
      says: /details-v1\/envoy\/config_dump\.json.*: .+pods not found .+\(check its name and namespace, or run it again: the pod was replaced/,
    },
    {
      about: 'the kubelet cannot be reached',
      make: stream(ADMIN, refused(502, 'error dialing backend: dial tcp 10.10.0.12:10250: i/o timeout')),
      status: 4,
      says: /details-v1\/envoy\/config_dump\.json.*: .+error dialing backend/,
    },
    {
      about: 'a proxy in between does not upgrade',
      make: stream(ADMIN, refused(200, '<html></html>')),
      status: 4,
      says: /details-v1\/envoy\/config_dump\.json.*: .+it must let WebSocket upgrades pass/,
    },
    {
      about: 'the connection closes before the answer',
      make: stream(ADMIN, passing(300, 'close')),
      status: 4,
      says: /details-v1\/envoy\/config_dump\.json.*: .+the connection (?:closed|broke)/,
    },
    {
      about: 'the connection closes half-way',
      make: stream(ADMIN, passing(20_000, 'close')),
      status: 4,
      says: /details-v1\/envoy\/config_dump\.json.*: .+the connection (?:closed|broke)/,
    },
    {
      about: 'the answer stops half-way',
      make: stream(ADMIN, passing(20_000, 'silence')),
      flags: IMPATIENT,
      status: 4,
      says: /details-v1\/envoy\/config_dump\.json.*: .+nothing was heard for \d+ s/,
    },
    {
      about: 'text in place of JSON',
      make: stream(ADMIN, (...words) => answeredBy(other())(...words)),
      status: 4,
      says: /details-v1\/envoy\/config_dump\.json.*: .+answers \/config_dump with text in place of JSON: upstream connect error/,
    },
    {
      about: 'another port of the pod',
      make: () => ({}),
      flags: ['--proxy-admin-port', '15020'],
      status: 4,
      says: /cli-b\/envoy\/config_dump\.json.*: .+answers \/config_dump with status 404: .+check that it is the port of an Envoy/,
    },
    {
      about: 'a port of the pod where nobody listens',
      make: () => ({}),
      flags: ['--proxy-admin-port', '15012'],
      status: 4,
      says: /cli-b\/envoy\/config_dump\.json.*: nobody listens on port 15012/,
    },
  ];
}

const MONITORING = 'portforward?ports=15014';
const ANY_OF_ISTIOD = 'portforward?ports=150';

/** Faults between here and istiod: a snapshot is taken without what it says, and names what is not in it. */
export const ISTIOD_FAULTS: readonly (Fault & { readonly has: boolean })[] = [
  {
    about: 'port-forward is forbidden',
    make: stream(ANY_OF_ISTIOD, refused(403, '{"kind":"Status","message":"pods is forbidden"}')),
    status: 4,
    has: false,
    says: /2 times mesh\.json, syncz\.json, as \S+\/mesh\.json: port-forward to pod istio-system\/istiod-\S+: pods is forbidden/,
  },
  {
    about: 'the kubelet cannot be reached',
    make: stream(ANY_OF_ISTIOD, refused(500, 'error dialing backend: dial tcp 10.10.0.11:10250: connect: refused')),
    status: 4,
    has: false,
    says: /syncz\.json: istiod istiod-\S+ does not answer syncz: .*error dialing backend/,
  },
  {
    about: 'every connection closes half-way',
    make: stream(ANY_OF_ISTIOD, passing(400, 'close')),
    status: 4,
    has: false,
    says: /syncz\.json: istiod istiod-\S+ does not answer syncz: .*the connection (?:closed|broke)/,
  },
  {
    about: 'its monitoring port alone closes: it is asked over its discovery service',
    make: stream(MONITORING, passing(400, 'close')),
    status: 0,
    has: true,
    says: /^/,
  },
  {
    about: 'its monitoring port falls silent: it is asked over its discovery service',
    make: stream(MONITORING, passing(400, 'silence')),
    flags: IMPATIENT,
    status: 0,
    has: true,
    says: /^/,
  },
];
