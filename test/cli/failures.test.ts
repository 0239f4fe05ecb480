import * as fs from 'fs';
import { createServer, RequestListener } from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { explain } from '../../src/cli/explain';
import { temporaryFile, temporaryFolder } from '../support/files';
import { bundlePrograms, copyProgram, DIGITS, removePrograms, run, Run, runProgram, SAMPLES, serve } from './cli';

beforeAll(bundlePrograms);
afterAll(removePrograms);

/** What a program reads of a failure. */
function failureOf({ stdout }: Run): { code: string; problem: string; fix: string } {
  const { error } = JSON.parse(stdout) as { error: { code: string; problem: string; fix: string } };
  expect(error.fix).not.toBe('');
  return error;
}

const failure = async (...args: string[]) => failureOf(await run([...args, '--json']));

/** Runs `use` with the address of a server that answers as told. */
async function withServer<T>(answer: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/score`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('with --json a failure has a code and a fix', () => {
  test('USAGE for an option that there is not', async () => {
    expect(await failure('serve', DIGITS, '--colour', 'red')).toMatchObject({
      code: 'USAGE',
      problem: expect.stringContaining('--colour'),
    });
  });

  test('MODEL_UNREADABLE for an .onnx file that ONNX Runtime refuses', async () => {
    const lockFile = path.join(temporaryFolder(), 'models.lock.json');
    const broken = temporaryFile('broken.onnx', 'not a model');
    const { code, fix } = await failure('register', broken, '--name', 'broken', '--lock-file', lockFile);
    expect(code).toBe('MODEL_UNREADABLE');
    expect(fix).toContain('--no-signature');
    expect(fs.existsSync(lockFile)).toBe(false);
  });

  test('UNAUTHORIZED for a missing and for a wrong key, which it does not repeat', async () => {
    const refuse: RequestListener = (_, response) => response.writeHead(401).end('{"message":"no"}');
    await withServer(refuse, async url => {
      expect((await failure('score', url, '--input', SAMPLES)).code).toBe('UNAUTHORIZED');
      const wrong = await failure('score', url, '--input', SAMPLES, '--key', 'hunter2');
      expect(wrong.code).toBe('UNAUTHORIZED');
      expect(JSON.stringify(wrong)).not.toContain('hunter2');
    });
  });

  test('ANSWER_NOT_JSON for an address that is no scoring URI', async () => {
    await withServer(
      (_, response) => response.end('<html>'),
      async url => {
        expect((await failure('score', url, '--input', SAMPLES)).code).toBe('ANSWER_NOT_JSON');
      },
    );
  });

  test('TIMEOUT for a service that does not answer', async () => {
    await withServer(
      () => undefined,
      async url => {
        expect((await failure('score', url, '--input', SAMPLES, '--timeout', '50ms')).code).toBe('TIMEOUT');
      },
    );
  });

  test('SERVE_FAILED for a port that is taken', async () => {
    await withServer(
      () => undefined,
      async url => {
        expect(await failure('serve', DIGITS, '--port', new URL(url).port)).toMatchObject({
          code: 'SERVE_FAILED',
          fix: expect.stringContaining('--port 0'),
        });
      },
    );
  });
});

test('SERVER_ENDED tells that the server ended by itself', async () => {
  const serving = await serve(['--auth', 'none', '--json']);
  const { pid } = JSON.parse(serving.line) as { pid: number };
  process.kill(pid, 'SIGKILL');
  expect(await serving.ended).toBe(1);
  expect(JSON.parse(serving.stdout().split('\n')[1])).toMatchObject({ error: { code: 'SERVER_ENDED' } });
});

describe('an incomplete installation', () => {
  const serveWith = async (program: string) => failureOf(await runProgram(program, ['serve', DIGITS, '--port', '0', '--json']));

  test('is ONNX_RUNTIME_MISSING without ONNX Runtime', async () => {
    expect((await serveWith(copyProgram(temporaryFolder()))).code).toBe('ONNX_RUNTIME_MISSING');
  });

  test('is PROGRAM_NOT_FOUND without the server', async () => {
    const folder = temporaryFolder();
    fs.symlinkSync(path.join(__dirname, '../../node_modules'), path.join(folder, 'node_modules'));
    expect((await serveWith(copyProgram(folder))).code).toBe('PROGRAM_NOT_FOUND');
  });
});

test('UNEXPECTED is what nobody foresaw, with a way to learn more', () => {
  expect(explain(new TypeError('x is not a function'))).toMatchObject({
    code: 'UNEXPECTED',
    message: 'x is not a function',
    fix: expect.stringContaining('MODEL_SERVING_DEBUG'),
  });
  expect(explain('thrown text').message).toBe('thrown text');
});
