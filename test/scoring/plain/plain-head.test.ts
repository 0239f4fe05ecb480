import * as fc from 'fast-check';
import { createServer, IncomingMessage } from 'http';
import { Duplex } from 'stream';
import { readPlainHead } from '../../../src/scoring/http/plain/plain-head';

const POST = ['POST /score HTTP/1.1', 'Host: x', 'Content-Length: 2'];
const read = (lines: readonly string[], body = '[]'): ReturnType<typeof readPlainHead> =>
  readPlainHead(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1'));

describe('a plain head', () => {
  test('is read with its names in lower case, its values trimmed, and the lengths of head and body', () => {
    const head = read(['POST /score?a=b HTTP/1.1', 'HOST:\t x:1 ', 'Content-Length: 2', 'X-Empty:', 'Connection: Keep-Alive']);

    expect(head).toMatchObject({ method: 'POST', url: '/score?a=b', headBytes: 94, bodyBytes: 2 });
    expect({ ...head?.headers }).toEqual({ host: 'x:1', 'content-length': '2', 'x-empty': '', connection: 'Keep-Alive' });
  });

  test('of a request without a body has none', () => {
    expect(read(['GET / HTTP/1.1', 'Host: x'], '')?.bodyBytes).toBe(0);
    expect(read(['POST / HTTP/1.1', 'Host: x'], '')?.bodyBytes).toBe(0);
  });

  test('may name a header like something that all objects have', () => {
    const head = read([...POST, '__proto__: a', 'constructor: b']);

    expect(Object.entries(head?.headers ?? {})).toContainEqual(['__proto__', 'a']);
    expect(head?.headers.constructor).toBe('b');
  });
});

describe('a head is left to Node.js', () => {
  test.each<[why: string, lines: readonly string[]]>([
    ['of another method', ['PUT / HTTP/1.1', 'Host: x']],
    ['of another version', ['POST /score HTTP/1.0', 'Host: x', 'Content-Length: 2']],
    ['that asks a proxy', ['GET http://x/ HTTP/1.1', 'Host: x']],
    ['with a space in its path', ['GET /a b HTTP/1.1', 'Host: x']],
    ['without a host', ['GET / HTTP/1.1', 'Accept: */*']],
    ['without headers', ['GET / HTTP/1.1']],
    ['of a chunked body', [...POST, 'Transfer-Encoding: chunked']],
    ['of a compressed body', [...POST, 'Content-Encoding: gzip']],
    ['that expects', [...POST, 'Expect: 100-continue']],
    ['that upgrades', [...POST, 'Upgrade: h2c']],
    ['that takes trailers', [...POST, 'TE: trailers']],
    ['that closes', [...POST, 'Connection: close']],
    ['whose connection does more than stay', [...POST, 'Connection: keep-alive, x-hop']],
    ['with a header twice', [...POST, 'X-A: 1', 'x-a: 2']],
    ['with two lengths', [...POST, 'Content-Length: 2']],
    ['with a length that is no number', ['POST / HTTP/1.1', 'Host: x', 'Content-Length: +2']],
    ['with a length in hexadecimal', ['POST / HTTP/1.1', 'Host: x', 'Content-Length: 0x2']],
    ['with an empty length', ['POST / HTTP/1.1', 'Host: x', 'Content-Length: ']],
    ['of a GET with a body', ['GET / HTTP/1.1', 'Host: x', 'Content-Length: 2']],
    ['with a space before a colon', [...POST, 'X-A : 1']],
    ['with a folded line', [...POST, 'X-A: 1', ' 2']],
    ['with a line feed alone', [...POST, 'X-A: 1\nX-B: 2']],
    ['with a carriage return alone', [...POST, 'X-A: 1\rX-B: 2']],
    ['with a NUL', [...POST, 'X-A: \0']],
    ['with characters beyond ASCII', [...POST, 'X-A: \u00e4']],
    ['with a nameless header', [...POST, ': 1']],
    ['with more headers than are counted', [...POST, ...Array.from({ length: 99 }, (_, i) => `X-${i}: 1`)]],
    ['that is too long', [...POST, `X-A: ${'a'.repeat(17_000)}`]],
  ])('%s', (_, lines) => {
    expect(read(lines)).toBeUndefined();
  });

  test('that has not come whole', () => {
    expect(readPlainHead(Buffer.from('POST /score HTTP/1.1\r\nHost: x\r\n'))).toBeUndefined();
    expect(readPlainHead(Buffer.alloc(0))).toBeUndefined();
  });
});

test('a head is refused in time that grows with its length, whatever it repeats', () => {
  for (const filler of [' ', '\t', 'a', ':', 'a:', '\r', '\r\n', 'a:\r\n', '/']) {
    const piece = Buffer.from(`POST / HTTP/1.1\r\n${filler.repeat(16_000 / filler.length)}\u0001\r\n\r\n`);
    // in square time each of these would take a quarter of a second, and the test minutes
    for (let i = 0; i < 100; i++) expect(readPlainHead(piece)).toBeUndefined();
  }
});

describe('what is read plainly, Node.js reads the same', () => {
  const names = ['Accept', 'X-A', 'x-a', 'Content-Type', 'Content-Length', 'content-length', 'Connection', 'Keep-Alive', 'host'];
  const odd = ['X A', 'X-A ', '', 'Transfer-Encoding', 'Upgrade', 'Expect', '\u00e4', 'x_y', "!#$%&'*+-.^_`|~"];
  const values = ['x', '', 'a b', 'a\tb', '"', '\u00ff', 'close', 'keep-alive', 'Keep-Alive, x', 'chunked'];
  const lengths = ['0', '2', '3', ' 2', '2 ', '02', '+2', '2,2', '2 2', '0x2', '-0', '1e1'];
  const mostly = <T>(usual: readonly T[], unusual: readonly T[]): fc.Arbitrary<T> =>
    fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: fc.constantFrom(...unusual) });
  const line = fc.tuple(mostly(names, odd), mostly([':', ': ', ':  '], [' : ', '::']), fc.constantFrom(...values, ...lengths));
  const length = fc.tuple(fc.constant('Content-Length'), fc.constant(': '), mostly(['0', '2', '12'], lengths));
  const head = fc
    .tuple(
      mostly(['POST', 'GET'], ['get', 'PUT', ' POST']),
      mostly(['/', '/score', '/score?a=%20', '/a#b', '//x', '/"<>`{}|\\^'], ['*', 'http://x/', '/\u00e4', '/a b']),
      mostly(['HTTP/1.1'], ['HTTP/1.0', 'HTTP/2.0', 'http/1.1']),
      fc.array(fc.oneof(line, length), { maxLength: 3 }),
      mostly(['\r\n'], ['\n']),
    )
    .map(([method, url, version, lines, end]) =>
      [`${method} ${url} ${version}`, 'Host: a', ...lines.map(parts => parts.join('')), '', ''].join(end),
    );

  test('its method, path and headers, and where its body ends', async () => {
    let plain = 0;
    await fc.assert(
      fc.asyncProperty(head, async text => {
        const own = readPlainHead(Buffer.from(text, 'latin1'));
        if (own === undefined) return;
        plain++;
        const body = 'x'.repeat(own.bodyBytes);
        const theirs = await readByNode(Buffer.from(`${text}${body}`, 'latin1'));

        expect([own.method, own.url, { ...own.headers }]).toEqual([theirs.method, theirs.url, theirs.headers]);
        expect([own.headBytes, theirs.body]).toEqual([text.length, body]);
      }),
      { numRuns: 3_000 },
    );
    expect(plain).toBeGreaterThan(300);
  });
});

interface Read extends Pick<IncomingMessage, 'method' | 'url' | 'headers'> {
  readonly body: string;
}

/** Rejects where it is no request. */
function readByNode(bytes: Buffer): Promise<Read> {
  return new Promise((resolve, reject) => {
    const server = createServer(request => {
      let body = '';
      request.on('data', (piece: Buffer) => (body += piece.toString('latin1')));
      request.on('end', () => resolve({ method: request.method, url: request.url, headers: request.headers, body }));
    });
    server.on('clientError', reject).on('connect', () => reject(new Error('CONNECT')));
    const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    server.emit('connection', socket);
    socket.push(bytes);
  });
}
