import { spawn } from 'child_process';
import { once } from 'events';
import { connect, createServer, AddressInfo } from 'net';
import { ENV } from '../../src/core/server-contract';
import { isRunning } from '../support/processes';
import {
  at,
  begin,
  enginePids,
  events,
  eventually,
  fixture,
  post,
  removeFolders,
  request,
  serve,
  serverBundle,
  stopServers,
} from './support/server';

jest.setTimeout(60_000);

/** Far more rounds than a test waits for. */
const ENDLESS = { rounds: 1_000_000_000 };
const SHORT = { rounds: 200 };

afterAll(async () => {
  await stopServers();
  removeFolders();
});

describe('while a request runs', () => {
  test('health answers, and a request that takes too long ends with its engine, not with the service', async () => {
    const server = await serve(fixture('slow'), { [ENV.scoringTimeoutMs]: '500' });
    const running = await begin(server, ENDLESS);
    const ready = await request(at(server, '/health/ready'));
    const answer = await running.answer;

    expect(ready.status).toBe(200);
    expect(answer.status).toBe(504);
    expect(answer.json).toEqual({ message: 'Scoring timeout after 500 ms' });
    expect(answer.headers['x-ms-run-function-failed']).toBe('True');
    const again = await eventually(
      () => post(server.scoringUri, { rounds: 1 }),
      ({ status }) => status === 200,
    );
    expect(again.json).toEqual({ sum: expect.any(Number) });
    expect(isRunning(enginePids(server)[0])).toBe(false);
  });

  test('its engine may be killed: that request is told, the next is scored by a new one', async () => {
    const server = await serve(fixture('slow'), { [ENV.maxQueueWaitMs]: '60000' });
    const lost = await begin(server, ENDLESS);
    process.kill(enginePids(server)[0], 'SIGKILL');
    const answer = await lost.answer;
    const next = await post(server.scoringUri, SHORT);

    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(next.status).toBe(200);
    expect(enginePids(server)).toHaveLength(2);
  });

  test('others wait, no longer than they may, and no more than may wait; those are told before they send a body', async () => {
    const server = await serve(fixture('slow'), {
      [ENV.maxQueueWaitMs]: '1000',
      [ENV.maxQueuedRequests]: '1',
      [ENV.scoringTimeoutMs]: '4000',
    });
    const running = await begin(server, ENDLESS);
    const waiting = await begin(server, SHORT);
    const refused = await headOnly(server.port);
    const late = await waiting.answer;

    expect(refused).toMatch(/^HTTP\/1\.1 429 /);
    expect(refused).toMatch(/retry-after: 1/i);
    expect(late.status).toBe(503);
    expect(late.headers['retry-after']).toBe('1');
    running.leave();
  });

  test('a second engine scores another', async () => {
    const server = await serve(fixture('slow'), { [ENV.maxConcurrentRequests]: '2', [ENV.maxQueuedRequests]: '0' });
    const running = await begin(server, ENDLESS);

    expect((await post(server.scoringUri, { rounds: 1 })).status).toBe(200);
    running.leave();
  });

  test('a caller that leaves the queue gives its place to the next', async () => {
    const server = await serve(fixture('slow'), {
      [ENV.maxQueueWaitMs]: '60000',
      [ENV.maxQueuedRequests]: '1',
      [ENV.scoringTimeoutMs]: '1000',
    });
    await begin(server, ENDLESS);
    const leaving = await begin(server, SHORT);
    leaving.leave();
    const next = await eventually(
      () => post(server.scoringUri, SHORT),
      ({ status }) => status !== 429,
    );

    expect(next.status).toBe(200);
    await expect(leaving.answer).rejects.toThrow();
  });
});

describe('stopping', () => {
  test('answers what has begun, says that it is not ready, and exits with 0', async () => {
    const server = await serve(fixture('slow'), { [ENV.drainDelayMs]: '1000' });
    const engines = enginePids(server);
    const running = await begin(server, { rounds: 1500 });
    process.kill(server.pid, 'SIGTERM');
    const ready = await eventually(
      () => request(at(server, '/health/ready')),
      ({ status }) => status === 503,
    );
    const answer = await running.answer;

    expect(ready.json.message).toBe('stopping');
    expect(answer.status).toBe(200);
    expect(answer.headers.connection).toBe('close');
    expect(await server.exited).toBe(0);
    expect(engines.filter(isRunning)).toEqual([]);
    await expect(request(at(server, '/'))).rejects.toThrow();
  });

  test('twice ends at once, in the middle of a request', async () => {
    const server = await serve(fixture('slow'));
    const [engine] = enginePids(server);
    const running = await begin(server, ENDLESS);
    process.kill(server.pid, 'SIGINT');
    await eventually(
      () => events(server, 'stopping').length,
      count => count === 1,
    );
    process.kill(server.pid, 'SIGINT');

    expect(await server.exited).toBe(130);
    await expect(running.answer).rejects.toThrow();
    await eventually(
      () => isRunning(engine),
      still => !still,
    );
  });

  test('an engine does not outlive a front that was killed', async () => {
    const server = await serve(fixture('dense'), { [ENV.inline]: 'off' });
    const [engine] = enginePids(server);
    process.kill(server.pid, 'SIGKILL');

    expect(await server.exited).toBeNull();
    await eventually(
      () => isRunning(engine),
      still => !still,
    );
  });

  test('is possible while idle connections stay open', async () => {
    const server = await serve(fixture('dense'));
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');

    expect(await server.stop()).toBe(0);
  });
});

describe('a bad start', () => {
  const start = async (env: Record<string, string>) => {
    const child = spawn(process.execPath, [serverBundle()], { env: { ...process.env, ...env } });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stderr };
  };

  test('is one sentence per fault and exit code 3', async () => {
    const { code, stderr } = await start({ [ENV.modelDir]: '/no/such/model', [ENV.port]: 'x', [ENV.host]: '0.0.0.0' });

    expect(code).toBe(3);
    expect(stderr.trim().split('\n')).toEqual([
      "AZUREML_MODEL_DIR is '/no/such/model', which does not exist; it must name the model's folder or .onnx file.",
      "MODEL_SERVING_PORT is 'x'; it must be an integer from 0 to 65535.",
      expect.stringMatching(/^MODEL_SERVING_HOST is '0\.0\.0\.0'.*set MODEL_SERVING_AUTH=none/),
    ]);
  });

  test('names a port that is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;

    await expect(serve(fixture('dense'), { [ENV.port]: String(port) })).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
    taken.close();
  });
});

/** Announces a body, sends none, and returns what comes back. */
function headOnly(port: number): Promise<string> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n'),
    );
    socket.once('data', chunk => {
      resolve(chunk.toString());
      socket.destroy();
    });
  });
}
