// Runs inside one network namespace: answers on a few ports, and sends probes. One JSON object a line, in and out.
// A TCP answer is what the server saw of the connection; so is a UDP one.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 450;
const BIND_ATTEMPTS = 50;
const { name, ports, addresses } = JSON.parse(process.argv[2] ?? '{}');

/** @typedef {{ id: number, protocol: string, source: string, sourcePort: number, destination: string, destinationPort: number, patience?: number }} Probe */
/** @typedef {{ result: string, seen?: unknown }} Result */
/** @typedef {Error & { code?: string }} Failure */

/** @param {string | undefined} address an IPv4 address of a socket for both families */
const bare = (address) => (address ?? '').replace(/^::ffff:(?=\d+\.)/, '');

/**
 * @param {string | undefined} local
 * @param {number | undefined} localPort
 * @param {string | undefined} peer
 * @param {number | undefined} peerPort
 */
function seen(local, localPort, peer, peerPort) {
  return JSON.stringify({ name, local: bare(local), localPort, peer: bare(peer), peerPort });
}

/**
 * A socket for each address, so that answers come from the one that was asked. IPv6 addresses of a new link take a moment.
 * @param {string} address
 * @param {number} port
 */
async function answerUdp(address, port) {
  for (let attempt = 1; ; attempt += 1) {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    try {
      await new Promise((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(port, address, () => resolve(null));
      });
      socket.removeAllListeners('error').on('error', () => {});
      socket.on('message', (_, peer) => {
        socket.send(seen(address, port, peer.address, peer.port), peer.port, peer.address);
      });
      return;
    } catch (error) {
      socket.close();
      if (attempt === BIND_ATTEMPTS) throw error;
      await sleep(100);
    }
  }
}

async function listen() {
  /** @type {Promise<unknown>[]} */
  const ready = [];
  for (const port of ports) {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(seen(socket.localAddress, socket.localPort, socket.remoteAddress, socket.remotePort));
    });
    server.listen(port, '::');
    ready.push(once(server, 'listening'));
    for (const address of addresses) ready.push(answerUdp(address, port));
  }
  await Promise.all(ready);
}

/**
 * @param {Probe} probe
 * @returns {Promise<Result>}
 */
function probeTcp({ source, sourcePort, destination, destinationPort, patience = PATIENCE_MS }) {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host: destination, port: destinationPort, localAddress: source, localPort: sourcePort });
    /** @param {Result} result */
    const finish = (result) => {
      clearTimeout(timer);
      // One that is not connected yet would be destroyed once it is.
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
      resolve(result);
    };
    const timer = setTimeout(() => finish({ result: 'timeout' }), patience);
    socket.on('error', (/** @type {Failure} */ error) => finish({ result: error.code ?? 'error' }));
    socket.on('data', (chunk) => (text += chunk));
    socket.on('end', () => finish(text === '' ? { result: 'closed' } : { result: 'answered', seen: JSON.parse(text) }));
  });
}

/**
 * @param {Probe} probe
 * @returns {Promise<Result>}
 */
function probeUdp({ source, sourcePort, destination, destinationPort, patience = PATIENCE_MS }) {
  return new Promise((resolve) => {
    const socket = createSocket(destination.includes(':') ? 'udp6' : 'udp4');
    /** @param {Result} result */
    const finish = (result) => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(() => finish({ result: 'timeout' }), patience);
    socket.on('error', (/** @type {Failure} */ error) => finish({ result: error.code ?? 'error' }));
    socket.on('message', (chunk) => finish({ result: 'answered', seen: JSON.parse(chunk.toString()) }));
    socket.bind(sourcePort, source, () => {
      socket.once('connect', () => socket.send('?'));
      socket.connect(destinationPort, destination);
    });
  });
}

if (ports.length > 0) await listen();
process.stdout.write('{"ready":true}\n');
for await (const line of createInterface({ input: process.stdin })) {
  const probe = JSON.parse(line);
  const answer = probe.protocol === 'udp' ? probeUdp(probe) : probeTcp(probe);
  void answer.then((result) => process.stdout.write(`${JSON.stringify({ id: probe.id, ...result })}\n`));
}
// oxlint-disable-next-line unicorn/no-process-exit -- its servers would keep it alive
process.exit(0);
