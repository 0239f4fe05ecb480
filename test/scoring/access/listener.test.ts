import { once } from 'events';
import { AddressInfo, connect, Socket } from 'net';
import { Call } from '../../../src/scoring/http/call';
import { Listener, ListenerOptions } from '../../../src/scoring/http/listener';
import { CallerGoneError } from '../../../src/scoring/http/request-body';
import { keptLog } from './support/guarded-server';

const SHORT = { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 };
const answer = (call: Call, text: string): void =>
  call.send(200, ['content-length', String(text.length)], [Buffer.from(text)], true);
const hello = (call: Call): void => answer(call, 'hello');

describe('the listener', () => {
  let listener: Listener;
  const sockets: Socket[] = [];

  const start = async (handle: (call: Call) => void, options: ListenerOptions): Promise<void> => {
    listener = new Listener(undefined, handle, options);
    await listener.listen('127.0.0.1', 0);
  };
  const open = async (allowHalfOpen = false): Promise<Socket> => {
    const { port } = listener.server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen }).on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    void listener.close();
    listener.closeAllConnections();
  });

  test('a body that trickles does not hold its place for ever, even if its sender never closes', async () => {
    let ended: (error: unknown) => void;
    const readEnd = new Promise<unknown>(resolve => (ended = resolve));
    await start(call => void Promise.resolve(call.readBody(1_000_000, () => true)).catch(ended), { limits: SHORT });
    const socket = await open(true);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n');
    const trickle = setInterval(() => socket.write('x'), 20);

    expect(await readEnd).toBeInstanceOf(CallerGoneError);
    clearInterval(trickle);
    expect(text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(text).toContain('{"message":"the request did not arrive in time"}');
  });

  test('nor does a head that trickles', async () => {
    await start(hello, { limits: SHORT });
    const socket = await open();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const trickle = setInterval(() => socket.write('x'), 20);
    const text = await received(socket);
    clearInterval(trickle);

    expect(text).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('nor does a connection on which nothing comes', async () => {
    await start(hello, { limits: SHORT });

    expect(await received(await open())).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  test('an answer that takes longer than a request may is still given', async () => {
    await start(call => void setTimeout(() => answer(call, 'late'), 800), { limits: SHORT });
    const response = await fetch(`http://127.0.0.1:${(listener.server.address() as AddressInfo).port}/`);

    expect(await response.text()).toBe('late');
  });

  test('connections beyond the limit are closed at once, which is logged once, and the others are served', async () => {
    const { log, events } = keptLog();
    await start(hello, { log, maxConnections: 3 });
    const [first] = [await open(), await open(), await open()];
    const surplus = [await open(), await open()];

    expect(await Promise.all(surplus.map(received))).toEqual(['', '']);
    expect(events()).toEqual(['connections-dropped']);
    first.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await received(first)).toMatch(/^HTTP\/1\.1 200 OK[^]*hello$/);
  });

  test('two thousand idle connections do not keep a request from its answer', async () => {
    await start(hello, {});
    await Promise.all(Array.from({ length: 2_000 }, () => open()));
    const response = await fetch(`http://127.0.0.1:${(listener.server.address() as AddressInfo).port}/`);

    expect(await response.text()).toBe('hello');
  });
});

/** All that comes until the server closes. */
async function received(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (!socket.closed) await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}
