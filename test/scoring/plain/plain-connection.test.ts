import { once } from 'events';
import { AddressInfo, connect, Socket } from 'net';
import { Readable } from 'stream';
import { Call } from '../../../src/scoring/http/call';
import { Listener, ListenerOptions } from '../../../src/scoring/http/listener';
import { PlainCall } from '../../../src/scoring/http/plain/plain-call';
import { CallerGoneError, RequestBody } from '../../../src/scoring/http/request-body';
import { eventually } from '../support/server';

const HEAD = 'POST /score HTTP/1.1\r\nHost: x\r\n';
const post = (body: string, headers = ''): string => `${HEAD}${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`;

const text = ({ chunks }: RequestBody): string => Buffer.concat(chunks).toString();
const readBody = async (call: Call): Promise<string> => text(await call.readBody(10_000_000, () => true));
const send = (call: Call, body: string, keepAlive = true): void =>
  call.send(200, ['content-length', String(body.length)], [Buffer.from(body)], keepAlive);
/** Who read the request, and its body. */
const echo = async (call: Call): Promise<void> =>
  send(call, `${call instanceof PlainCall ? 'plain' : 'node'}:${call.method}:${await readBody(call)};`);

describe('a plain connection', () => {
  let listener: Listener;
  const clients: Socket[] = [];

  const start = async (handle: (call: Call) => void, options: ListenerOptions = {}): Promise<void> => {
    listener = new Listener(undefined, handle, options);
    await listener.listen('127.0.0.1', 0);
  };
  /** A client, and all that has come to it. */
  const open = async (): Promise<{ socket: Socket; received: () => string; closed: Promise<unknown> }> => {
    const { port } = listener.server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }).on('error', () => undefined);
    clients.push(socket);
    let received = '';
    socket.on('data', (piece: Buffer) => (received += piece.toString('latin1')));
    const closed = once(socket, 'close');
    await once(socket, 'connect');
    return { socket, received: () => received, closed };
  };
  const bodies = (received: string): string[] => received.match(/(plain|node):[^;]*;/g) ?? [];
  const answers = async (requests: readonly string[], count: number, pause = 20): Promise<string[]> => {
    const { socket, received } = await open();
    for (const piece of requests) {
      socket.write(piece, 'latin1');
      await new Promise(resolve => setTimeout(resolve, pause));
    }
    return bodies(await eventually(received, all => bodies(all).length >= count));
  };
  afterEach(() => {
    for (const socket of clients.splice(0)) socket.destroy();
    void listener.close();
    listener.closeAllConnections();
  });

  test('serves one request after the other', async () => {
    await start(call => void echo(call));

    expect(await answers([post('a'), GET, post(''), post('b')], 4)).toEqual([
      ...['plain:POST:a;', 'plain:GET:;', 'plain:POST:;', 'plain:POST:b;'],
    ]);
  });

  test('reads a body that comes in pieces', async () => {
    await start(call => void echo(call));
    const whole = post('abcdef');

    expect(await answers([whole.slice(0, -6), 'ab', 'cd', 'ef', post('g')], 2)).toEqual(['plain:POST:abcdef;', 'plain:POST:g;']);
  });

  test('reads a body of megabytes', async () => {
    const count = async (call: Call): Promise<void> => send(call, `plain:${(await readBody(call)).length};`);
    await start(call => void count(call));

    expect(await answers([post('x'.repeat(5_000_000)), post('y')], 2)).toEqual(['plain:5000000;', 'plain:1;']);
  });

  test('hands over at the first request that is not plain, and that is answered like those after it', async () => {
    await start(call => void echo(call));

    expect(await answers([post('a'), CHUNKED, post('b')], 3)).toEqual(['plain:POST:a;', 'node:POST:ab;', 'node:POST:b;']);
  });

  test('hands over where a head comes in pieces', async () => {
    await start(call => void echo(call));

    expect(await answers([post('abc').slice(0, 30), post('abc').slice(30)], 1)).toEqual(['node:POST:abc;']);
  });

  test('hands over requests that are sent without waiting for answers, which come in order', async () => {
    await start(call => void echo(call));

    expect(await answers([post('a') + post('b') + GET], 3)).toEqual(['node:POST:a;', 'node:POST:b;', 'node:GET:;']);
  });

  test('so it does where they come while another is answered', async () => {
    await start(call => void setTimeout(() => void echo(call), 100));

    expect(await answers([post('a'), post('b'), post('c') + GET], 4, 10)).toEqual([
      ...['plain:POST:a;', 'node:POST:b;', 'node:POST:c;', 'node:GET:;'],
    ]);
  });

  test('and where one begins in the piece in which a body ends', async () => {
    await start(call => void echo(call));
    const whole = post('abcdef');

    expect(await answers([whole.slice(0, -3), whole.slice(-3) + post('g').slice(0, 25), post('g').slice(25)], 2)).toEqual([
      ...['plain:POST:abcdef;', 'node:POST:g;'],
    ]);
  });

  test('refuses what is no HTTP as Node.js does', async () => {
    await start(call => void echo(call));
    const { socket, received, closed } = await open();
    socket.write('\u0016\u0003\u0001 hello\r\n\r\n');
    await closed;

    expect(received()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*"the request is not valid HTTP"/);
  });

  test('says that it stays, and for how long, or that it does not', async () => {
    await start(call => send(call, 'hi', call.url === '/stay'));
    const { socket, received, closed } = await open();
    socket.write(GET.replace('/', '/stay'));
    await eventually(received, all => all.endsWith('hi'));

    expect(received()).toMatch(
      /\r\nDate: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n\r\nhi$/,
    );
    socket.write(GET);
    await closed;
    expect(received()).toMatch(/\r\nConnection: close\r\n\r\nhi$/);
  });

  test('sends answers of many pieces whole', async () => {
    const pieces = ['a', 'b', 'c'].map(letter => Buffer.alloc(1_000_000, letter));
    await start(call => call.send(200, ['content-length', '3000000'], pieces, false));
    const { socket, received, closed } = await open();
    socket.write(GET);
    await closed;

    expect(received().endsWith(Buffer.concat(pieces).toString())).toBe(true);
  });

  test('keeps every byte of an answer', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await start(call => call.send(200, ['content-length', '256'], [bytes], false));
    const { socket, received, closed } = await open();
    socket.write(GET);
    await closed;

    expect(Buffer.from(received(), 'latin1').subarray(-256)).toEqual(bytes);
  });

  test.each([204, 304])('sends no body with %i', async status => {
    await start(call => call.send(status, [], [Buffer.from('never')], call.url !== '/last'));
    const { socket, received, closed } = await open();
    socket.write(GET);
    await eventually(received, all => all.endsWith('\r\n\r\n'));
    socket.write(GET.replace('/', '/last'));
    await closed;

    expect(received()).not.toContain('never');
    expect(received().match(/HTTP\/1\.1/g)).toHaveLength(2);
  });

  test('sends no header that would be two', async () => {
    const said: unknown[] = [];
    await start(call => {
      try {
        call.send(200, ['x-a', 'b\r\nx-c: d'], [], false);
      } catch (error) {
        said.push((error as NodeJS.ErrnoException).code);
        call.socket.destroy();
      }
    });
    const { socket, received, closed } = await open();
    socket.write(GET);
    await closed;

    expect(said).toEqual(['ERR_INVALID_CHAR']);
    expect(received()).toBe('');
  });

  test('stays where an answer comes before a small body, and closes before a large one', async () => {
    await start(call => send(call, 'plain:refused;'));
    const small = await open();
    small.socket.write(post('a'.repeat(1_000)).slice(0, -900));
    await eventually(small.received, all => all.includes('refused'));
    small.socket.write('a'.repeat(900));
    small.socket.write(post(''));
    expect(bodies(await eventually(small.received, all => bodies(all).length === 2))).toHaveLength(2);

    const large = await open();
    large.socket.write(post('a'.repeat(1_000_000)).slice(0, 1_000));
    await large.closed;
    expect(large.received()).toMatch(/\r\nConnection: close\r\n\r\nplain:refused;$/);
  });

  test('lets a refused caller send on for a while, so that it reads the answer', async () => {
    await start(call => send(call, 'refused'));
    const { socket, received, closed } = await open();
    socket.write(post('a'.repeat(1_000_000)));
    await closed;

    expect(received()).toContain('refused');
  });

  test('refuses more of a body than may be held', async () => {
    const refusals: unknown[] = [];
    await start(call => {
      let held = 0;
      Promise.resolve()
        .then(() => call.readBody(10_000_000, bytes => (held += bytes) < 100_000))
        .catch((error: Error) => {
          refusals.push(error.message);
          send(call, 'refused');
        });
    });
    const { socket, received, closed } = await open();
    socket.write(post('a'.repeat(1_000_000)));
    await closed;

    expect(refusals).toEqual(['too many bytes of requests are being held']);
    expect(received()).toContain('refused');
  });

  test('tells of a caller that leaves before its body is complete, and before it is answered', async () => {
    const ends: unknown[] = [];
    await start(call => {
      call.observer = { callEnded: () => void ends.push('done') };
      call.caller.once('close', () => ends.push('close'));
      void readBody(call).catch((error: Error) => ends.push(error.constructor));
    });
    const early = await open();
    early.socket.end(post('abc').slice(0, -1));
    await eventually(
      () => ends.length,
      count => count === 3,
    );
    expect(new Set(ends)).toEqual(new Set(['done', 'close', CallerGoneError]));

    ends.length = 0;
    const late = await open();
    late.socket.end(post('abc'));
    await eventually(
      () => ends.length,
      count => count === 2,
    );
    expect(new Set(ends)).toEqual(new Set(['done', 'close']));
  });

  test('streams an answer, and takes the next request after it', async () => {
    await start(call => {
      if (call.method === 'GET') call.stream(200, [], Readable.from([Buffer.from('ab'), Buffer.from('c')]), true);
      else void echo(call);
    });
    const { socket, received } = await open();
    socket.write(GET);
    await eventually(received, all => all.endsWith('0\r\n\r\n'));
    expect(received()).toMatch(/\r\ntransfer-encoding: chunked\r\n[^]*\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n$/);

    socket.write(post('d'));
    expect(await eventually(received, all => bodies(all).length === 1)).toMatch(/plain:POST:d;$/);
  });

  test('leaves nothing behind on its socket, however many answers are long or streamed', async () => {
    const listeners: number[] = [];
    await start(call => {
      listeners.push(call.socket.eventNames().reduce((sum, name) => sum + call.socket.listenerCount(name), 0));
      if (call.url === '/stream') call.stream(200, [], Readable.from([Buffer.from('plain:end;')]), true);
      else call.send(200, ['content-length', '5000010'], [Buffer.alloc(5_000_000), Buffer.from('plain:end;')], true);
    });
    const { socket, received } = await open();
    for (let i = 0; i < 14; i++) {
      socket.write(GET.replace('/', i % 2 === 0 ? '/stream' : '/long'));
      await eventually(received, all => bodies(all).length > i && (i % 2 === 1 || all.endsWith('0\r\n\r\n')));
    }

    expect(new Set(listeners).size).toBe(1);
  });

  test.each([
    ['plain', 'x-plain: 1'],
    ['node', 'TE: trailers'],
  ])('breaks off at once where a stream had ended before, read by %s', async (_, header) => {
    await start(call => call.stream(200, [], new Readable({ read: () => undefined }).destroy(), true));
    const { socket, received, closed } = await open();
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`);
    await closed;

    expect(received()).not.toMatch(/0\r\n\r\n$/);
  });

  test('breaks off where a stream does, and ends a stream whose caller leaves', async () => {
    const streams: Readable[] = [];
    await start(call => {
      const stream = new Readable({ read: () => undefined });
      stream.on('error', () => undefined).push('begun');
      streams.push(stream);
      call.stream(200, [], stream, true);
    });
    const broken = await open();
    broken.socket.write(GET);
    await eventually(broken.received, all => all.includes('begun'));
    streams[0].destroy(new Error('broken'));
    await broken.closed;
    expect(broken.received()).not.toMatch(/0\r\n\r\n$/);

    const left = await open();
    left.socket.write(GET);
    await eventually(left.received, all => all.includes('begun'));
    left.socket.destroy();
    expect(
      await eventually(
        () => streams[1].destroyed,
        destroyed => destroyed,
      ),
    ).toBe(true);
  });

  test.each([
    ['plain', 'x-plain: 1'],
    ['node', 'TE: trailers'],
  ])('cuts off a caller that reads none of its answer, read by %s', async (_, header) => {
    let done = false;
    await start(
      call => {
        call.observer = { callEnded: () => void (done = true) };
        call.send(200, ['content-length', '50000000'], [Buffer.alloc(50_000_000)], true);
      },
      { limits: { unreadAnswerTimeout: 200 } },
    );
    const { socket } = await open();
    socket.pause();
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`);

    expect(
      await eventually(
        () => done,
        over => over,
      ),
    ).toBe(true);
  });

  test('is closed when it has been idle for long', async () => {
    await start(call => void echo(call), { limits: { keepAliveTimeout: 300, connectionsCheckingInterval: 50 } });
    const { socket, received, closed } = await open();
    socket.write(post('a'));
    await closed;

    expect(bodies(received())).toEqual(['plain:POST:a;']);
  });

  test('is closed at the end where it is idle, else when it has its answer', async () => {
    let answer: (() => void) | undefined;
    await start(call => {
      if (call.method === 'GET') send(call, 'plain:idle;');
      else answer = () => send(call, 'plain:late;', false);
    });
    const idle = await open();
    idle.socket.write(GET);
    await eventually(idle.received, all => bodies(all).length === 1);
    const busy = await open();
    busy.socket.write(post('a'));
    await eventually(
      () => answer,
      given => given !== undefined,
    );
    const ended = listener.close();
    await idle.closed;
    answer?.();
    await Promise.all([busy.closed, ended]);

    expect(bodies(busy.received())).toEqual(['plain:late;']);
  });
});
