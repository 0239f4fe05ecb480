import { once } from 'events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { AddressInfo } from 'net';
import { tmpdir } from 'os';
import * as path from 'path';
import { connect, ConnectionOptions, TLSSocket } from 'tls';
import { Call } from '../../../src/scoring/http/call';
import { Listener, ListenError } from '../../../src/scoring/http/listener';
import { eventually } from '../support/server';
import { hasOpenssl, makeCertificate } from './support/certificates';
import { keptLog } from './support/guarded-server';
import { holdPolls, letPollsRun, nextPoll, wholePoll } from './support/poll-clock';

const suite = hasOpenssl ? describe : describe.skip;

suite('TLS', () => {
  const { log, lines, events } = keptLog();
  const folders = new Map<string, string>();
  let served: string;
  let listener: Listener;

  const folder = (name: string): string => {
    const known = folders.get(name) ?? mkdtempSync(path.join(tmpdir(), `tls-${name}-`));
    folders.set(name, known);
    return known;
  };
  const put = (from: string, ...files: string[]): void => {
    for (const file of files) copyFileSync(path.join(folder(from), file), path.join(served, file));
  };
  const handshake = async (options: ConnectionOptions = {}): Promise<TLSSocket> => {
    const { port } = listener.server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
    await once(socket, 'secureConnect');
    return socket;
  };
  const start = async (directory: string): Promise<void> => {
    const hello = async (call: Call): Promise<void> => {
      await call.readBody(1_000, () => true);
      call.send(200, ['content-length', '5'], [Buffer.from('hello')], true);
    };
    listener = new Listener(directory, call => void hello(call), { log });
    await listener.listen('127.0.0.1', 0);
  };
  const stop = (): void => {
    void listener.close();
    listener.closeAllConnections();
  };
  const commonName = async (): Promise<string | string[] | undefined> => {
    const socket = await handshake();
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return subject.CN;
  };

  beforeAll(() => ['first', 'second'].forEach(name => makeCertificate(folder(name), name)));

  beforeEach(async () => {
    lines.length = 0;
    served = folder('served');
    put('first', 'tls.crt', 'tls.key');
    holdPolls();
    await start(served);
  });

  afterEach(() => {
    stop();
    letPollsRun();
  });

  afterAll(() => {
    for (const path of folders.values()) rmSync(path, { recursive: true, force: true });
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s is spoken', async version => {
    const socket = await handshake({ minVersion: version, maxVersion: version });

    expect(socket.getProtocol()).toBe(version);
    socket.destroy();
  });

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is not, neither before nor after a change of certificates', async version => {
    const old: ConnectionOptions = { minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' };
    await expect(handshake(old)).rejects.toThrow(/protocol version|ECONNRESET|EPROTO/);

    put('second', 'tls.crt', 'tls.key');
    nextPoll();
    await eventually(commonName, name => name === 'second');

    await expect(handshake(old)).rejects.toThrow(/protocol version|ECONNRESET|EPROTO/);
  });

  test('requests of all kinds are answered on one connection', async () => {
    const socket = await handshake();
    let answers = '';
    socket.on('data', (piece: Buffer) => (answers += piece.toString()));
    const plain = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    const chunked = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    for (const [index, request] of [plain, plain, chunked, plain].entries()) {
      socket.write(request);
      await eventually(
        () => answers.split('hello').length - 1,
        count => count === index + 1,
      );
    }
    socket.destroy();

    expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(4);
  });

  test('a new certificate is served to new connections, and those that there are go on', async () => {
    stop();
    letPollsRun();
    await start(served);
    const early = await handshake();
    put('second', 'tls.crt', 'tls.key');
    await eventually(commonName, name => name === 'second');

    early.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = (await once(early, 'data')) as [Buffer];
    early.destroy();

    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(events().filter(event => event === 'certificate-reread')).toHaveLength(1);
  });

  test.each([
    ['of which only the certificate is there yet', () => put('second', 'tls.crt')],
    ['of which only the key is there yet', () => put('second', 'tls.key')],
    ['that is half-written', () => writeFileSync(path.join(served, 'tls.crt'), half(path.join(folder('second'), 'tls.crt')))],
    ['that is empty', () => writeFileSync(path.join(served, 'tls.key'), '')],
    ['that is taken away', () => rmSync(path.join(served, 'tls.crt'))],
  ])('one %s leaves the old one in place, is logged once, and does not keep the next from coming', async (_, spoil) => {
    spoil();
    nextPoll();
    await eventually(events, seen => seen.includes('certificate-unusable'));
    await wholePoll();

    expect(await commonName()).toBe('first');
    expect(events()).toEqual(['certificate-unusable']);
    expect(lines.join('')).not.toContain('PRIVATE KEY');

    put('second', 'tls.crt', 'tls.key');
    nextPoll();
    expect(await eventually(commonName, name => name === 'second')).toBe('second');
  });

  test('a swap of links, as Kubernetes mounts secrets, is noticed', async () => {
    const mounted = folder('mounted');
    const link = (target: string): void => {
      rmSync(path.join(mounted, '..data'), { force: true });
      symlinkSync(folder(target), path.join(mounted, '..data'));
    };
    link('first');
    for (const file of ['tls.crt', 'tls.key']) symlinkSync(path.join('..data', file), path.join(mounted, file));
    stop();
    await start(mounted);
    expect(await commonName()).toBe('first');

    link('second');
    nextPoll();

    expect(await eventually(commonName, name => name === 'second')).toBe('second');
  });

  test('a key that is not the certificate’s is an error at the start', () => {
    put('second', 'tls.key');

    expect(() => new Listener(served, () => undefined)).toThrow(ListenError);
    expect(() => new Listener(served, () => undefined)).toThrow(/tls.crt, tls.key\) cannot be used: .*key values mismatch/);
  });
});

function half(file: string): Buffer {
  const content = readFileSync(file);
  return content.subarray(0, content.length / 2);
}
