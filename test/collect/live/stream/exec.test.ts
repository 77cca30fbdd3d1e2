import { afterEach, describe, expect, it } from 'vitest';
import { execInContainer, type ExecOutcome } from '../../../../src/collect/live/stream/exec.ts';
import type { StreamFailure } from '../../../../src/collect/live/stream/stream-error.ts';
import { startFakeApiServer, statusBody, type FakeApiServer, type FakeBehaviour } from '../fake-api-server.ts';
import { streamFailure } from '../stream-failure.ts';

const TIMES = { connect: 400, total: 1500, ping: 50, silence: 400 };
const TARGET = { namespace: 'kube-system', pod: 'kube-proxy-x1', container: 'kube-proxy' };

let server: FakeApiServer | undefined;
afterEach(async () => server?.close());

async function run(
  behaviour: FakeBehaviour,
  options: { argv?: readonly string[]; limit?: number; signal?: AbortSignal } = {},
): Promise<ExecOutcome> {
  server = await startFakeApiServer(behaviour);
  return await execInContainer(server.access, TARGET, options.argv ?? ['iptables-save', '-c'], {
    signal: options.signal ?? new AbortController().signal,
    times: TIMES,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  });
}

describe('a command that runs', () => {
  it('gives standard output, standard error and the exit status', async () => {
    const outcome = await run({
      exec: (stream) => {
        stream.stdout('*nat\n');
        stream.stderr('# Warning: iptables-legacy tables present\n');
        stream.stdout('COMMIT\n');
        stream.exit(0);
      },
    });
    expect(outcome).toEqual({
      kind: 'exited',
      exitCode: 0,
      stdout: Buffer.from('*nat\nCOMMIT\n'),
      stderr: '# Warning: iptables-legacy tables present\n',
    });
  });

  it('gives the words to the runtime as they are, and no standard input', async () => {
    const argv = ['nsenter', '-t', '1; rm -rf /', '$(id)', '&', ''];
    let seen: readonly string[] = [];
    await run({ exec: (stream) => ((seen = stream.argv), stream.exit(0)) }, { argv });
    expect(seen).toEqual(argv);
    expect(server?.requests[0]).toContain('GET /api/v1/namespaces/kube-system/pods/kube-proxy-x1/exec?');
    expect(server?.requests[0]).toContain('stdin=false&stdout=true&stderr=true&tty=false');
  });

  it('sends the credentials', async () => {
    let seen: string | undefined;
    await run({ exec: (stream) => ((seen = stream.request.headers.authorization), stream.exit(0)) });
    expect(seen).toBe('Bearer token-of-a-test');
  });

  it('keeps bytes that are no UTF-8', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a]);
    const outcome = await run({ exec: (stream) => (stream.stdout(bytes), stream.exit(0)) });
    expect(outcome).toMatchObject({ stdout: bytes });
  });

  it('takes many megabytes in many messages', async () => {
    const chunk = Buffer.alloc(32 * 1024, 'x');
    const outcome = await run({
      exec: (stream) => {
        for (let count = 0; count < 256; count++) stream.stdout(chunk);
        stream.exit(0);
      },
    });
    expect(outcome.kind === 'exited' ? outcome.stdout.length : 0).toBe(256 * chunk.length);
  });

  it.each([1, 3, 126, 137])('tells exit status %i', async (code) => {
    expect(await run({ exec: (stream) => stream.exit(code) })).toMatchObject({ kind: 'exited', exitCode: code });
  });

  it('speaks v4 to a server that has nothing newer', async () => {
    let protocol = '';
    await run({
      protocols: ['v4.channel.k8s.io'],
      exec: (stream) => ((protocol = stream.socket.protocol), stream.exit(0)),
    });
    expect(protocol).toBe('v4.channel.k8s.io');
  });

  it('takes what is printed after the status, as long as the connection stands', async () => {
    const outcome = await run({
      exec: (stream) => {
        stream.socket.send(Buffer.concat([Buffer.from([3]), Buffer.from('{"status":"Success"}')]));
        stream.stdout('late\n');
        stream.socket.close(1000);
      },
    });
    expect(outcome).toMatchObject({ stdout: Buffer.from('late\n') });
  });

  it('does not wait for a server that forgets to close after the status', async () => {
    const outcome = await run({
      exec: ({ socket }) => socket.send(Buffer.concat([Buffer.from([3]), Buffer.from('{"status":"Success"}')])),
    });
    expect(outcome).toMatchObject({ kind: 'exited', exitCode: 0 });
  });
});

describe('a tool that the container does not have', () => {
  it.each([
    [
      'runc',
      'error executing command in container: failed to exec in container: failed to start exec "6f": OCI runtime exec failed: exec failed: unable to start container process: exec: "nft": executable file not found in $PATH: unknown',
    ],
    [
      'crun',
      'executable file `nft` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found',
    ],
    [
      'runc, by path',
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "/usr/sbin/nft": stat /usr/sbin/nft: no such file or directory: unknown',
    ],
  ])('as %s says it', async (_runtime, message) => {
    const outcome = await run({ exec: (stream) => stream.failed(`Internal error occurred: ${message}`) });
    expect(outcome.kind).toBe('tool-missing');
  });

  it('as an exit status', async () => {
    const outcome = await run({ exec: (stream) => (stream.stderr('sh: nft: not found'), stream.exit(127)) });
    expect(outcome).toEqual({ kind: 'tool-missing', detail: 'sh: nft: not found' });
  });
});

describe('an exec that fails', () => {
  const forbidden =
    'pods "kube-proxy-x1" is forbidden: User "jane" cannot get resource "pods/exec" in API group "" in the namespace "kube-system"';
  const refused: readonly (readonly [
    name: string,
    status: number,
    body: string,
    failure: StreamFailure,
    said: RegExp,
  ])[] = [
    ['401', 401, statusBody(401, 'Unauthorized', 'Unauthorized'), 'forbidden', /Unauthorized/],
    ['403', 403, statusBody(403, 'Forbidden', forbidden), 'forbidden', /cannot get resource "pods\/exec"/],
    ['404', 404, statusBody(404, 'NotFound', 'pods "kube-proxy-x1" not found'), 'gone', /not found/],
    [
      'a container that is not of the pod',
      400,
      statusBody(400, 'BadRequest', 'container x is not valid for pod y'),
      'refused',
      /not valid for pod/,
    ],
    [
      'a container that does not run',
      500,
      'unable to upgrade connection: container not found ("kube-proxy")',
      'refused',
      /container not found/,
    ],
    [
      'a server that only speaks SPDY',
      400,
      'unable to upgrade: missing upgrade headers in request',
      'no-websocket',
      /WebSocket/,
    ],
    ['a proxy that does not upgrade', 200, '<html>hello</html>', 'no-websocket', /WebSocket/],
    ['a redirect', 302, '', 'refused', /302/],
    ['text in place of a status', 502, 'bad gateway\n', 'refused', /bad gateway \(HTTP status 502\)/],
  ];
  it.each(refused)('%s', async (_name, status, body, failure, said) => {
    const error = await streamFailure(run({ refuse: () => ({ status, body }) }));
    expect(error).toMatchObject({ failure, status });
    expect(error.message).toMatch(said);
  });

  it('429 says how long to wait', async () => {
    const body = statusBody(429, 'TooManyRequests', 'slow down');
    const error = await streamFailure(run({ refuse: () => ({ status: 429, body, headers: { 'retry-after': '7' } }) }));
    expect(error).toMatchObject({ failure: 'refused', status: 429, retryAfter: 7 });
  });

  it('a container that does not run, told after the upgrade', async () => {
    const error = await streamFailure(
      run({ exec: (stream) => stream.failed('unable to upgrade connection: container not found ("x")') }),
    );
    expect(error).toMatchObject({ failure: 'refused' });
    expect(error.message).toMatch(/container not found/);
  });

  it('the connection closes half-way', async () => {
    const error = await streamFailure(
      run({ exec: (stream) => (stream.stdout('*nat\n:PRE'), stream.socket.close(1011, 'lost')) }),
    );
    expect(error).toMatchObject({
      failure: 'cut-off',
      message: 'the connection closed before the command ended (status 1011: lost)',
    });
  });

  it('the connection breaks without a word', async () => {
    const error = await streamFailure(
      run({ exec: (stream) => (stream.stdout('*nat\n:PRE'), stream.socket.terminate()) }),
    );
    expect(error.failure).toBe('cut-off');
  });

  it('the command hangs, while the connection lives', async () => {
    const started = performance.now();
    const error = await streamFailure(run({ exec: (stream) => stream.stdout('*nat\n') }));
    expect(error).toMatchObject({ failure: 'timeout', message: 'there was no whole answer within 1.5 s' });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('nothing is heard any more, not even pongs', async () => {
    const error = await streamFailure(run({ answersPings: false, exec: (stream) => stream.stdout('*nat\n') }));
    expect(error).toMatchObject({ failure: 'timeout', message: 'nothing was heard for 0.4 s' });
  });

  it('the upgrade is never answered', async () => {
    const error = await streamFailure(run({ upgrade: () => {} }));
    expect(error.failure).toBe('timeout');
  });

  it('the answer to the upgrade is no HTTP', async () => {
    const error = await streamFailure(run({ upgrade: (socket) => void socket.end('220 mail.example.com ESMTP\r\n') }));
    expect(error.failure).toBe('unreachable');
  });

  it('the server speaks none of the protocols', async () => {
    const error = await streamFailure(run({ protocols: ['other.example.com'], exec: (stream) => stream.exit(0) }));
    expect(error.failure).toBe('no-websocket');
  });

  it('more is printed than the limit', async () => {
    const error = await streamFailure(
      run({ exec: (stream) => (stream.stdout('x'.repeat(2000)), stream.exit(0)) }, { limit: 1000 }),
    );
    expect(error).toMatchObject({ failure: 'too-large', message: 'the command printed more than 1000 bytes' });
  });

  it('a status that is no JSON', async () => {
    const error = await streamFailure(
      run({ exec: ({ socket }) => (socket.send(Buffer.from('\u0003Success')), socket.close()) }),
    );
    expect(error.failure).toBe('protocol');
  });

  it('a channel that exec does not have', async () => {
    const error = await streamFailure(run({ exec: ({ socket }) => socket.send(Buffer.from([7, 1])) }));
    expect(error.failure).toBe('protocol');
  });

  it('nobody is there', async () => {
    const gone = await startFakeApiServer();
    await gone.close();
    const error = await streamFailure(
      execInContainer(gone.access, TARGET, ['ss'], { signal: AbortSignal.timeout(5000), times: TIMES }),
    );
    expect(error.failure).toBe('unreachable');
  });

  it('the caller gives up', async () => {
    const controller = new AbortController();
    const error = await streamFailure(
      run({ exec: () => void setTimeout(() => controller.abort(), 20) }, { signal: controller.signal }),
    );
    expect(error.failure).toBe('aborted');
  });

  it('the caller had given up before', async () => {
    const error = await streamFailure(run({}, { signal: AbortSignal.abort() }));
    expect(error.failure).toBe('aborted');
    expect(server?.requests).toEqual([]);
  });
});
